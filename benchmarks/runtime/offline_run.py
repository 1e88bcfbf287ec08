"""Runs a scenario in vLLM and its very prompts through raw ``LLM.chat``; prints pairs of times.

python benchmarks/runtime/offline_run.py MODEL QUESTIONS REPEATS    (in an environment with vLLM)
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fjsim import Scenario
from fjsim.backends.vllm.offline import VLLMOffline
from fjsim.contracts import ChatMessage, Reply, Request, SampleIndex, Sampling
from fjsim.runs import run

ENGINE = {
    "dtype": "float32",
    "max_model_len": 16384,
    "max_num_seqs": 32,
    "enable_chunked_prefill": False,
    "max_num_batched_tokens": 16384,
    "enforce_eager": True,
}


class Recording:
    """Gives all backends one engine, and keeps their batches."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Request]] = []
        self.llm: Any = None
        self._make_engine = VLLMOffline._engine
        self._chat = VLLMOffline._chat

    def install(self) -> None:
        """Put itself between the backend and the engine."""

        def engine(backend: VLLMOffline) -> Any:
            if self.llm is None:
                self.llm = self._make_engine(backend)
            return self.llm

        def chat(backend: VLLMOffline, requests: Sequence[Request]) -> list[Reply]:
            self.batches.append(requests)
            return self._chat(backend, requests)

        VLLMOffline._engine = engine  # type: ignore[assignment, method-assign]
        VLLMOffline._chat = chat  # type: ignore[assignment, method-assign]


def main(model: str, questions: str, repeats: str) -> None:
    """Warm up, then run and repeat the run's batches raw, in turn."""
    recording = Recording()
    recording.install()
    backend = VLLMOffline(model=model, engine=ENGINE)
    warm = (ChatMessage("user", "warm up"),)
    backend._chat([Request(warm, None, Sampling(max_tokens=8), SampleIndex(0, 0, 0))])
    # Plug-ins and the fit's compiled kernels are imported by the first run of a process.
    run(Scenario(questions={"limit": 1}, rounds=1))
    described = Scenario(
        topology="star",
        agents=3,
        rounds=3,
        questions={"source": "builtin", "limit": int(questions)},
        sampling={"temperature": 1.0, "max_tokens": 256},
        backend={"kind": "vllm-offline", "model": model, "engine": ENGINE},
    )
    pairs = []
    for number in range(int(repeats)):
        # Whichever comes first meets the quieter machine as often as the other.
        first = None if number % 2 == 0 else _timed(recording, lambda: _raw(recording, backend))
        recording.batches.clear()
        ours = _timed(recording, lambda: _run(described))
        pairs.append((ours, first or _timed(recording, lambda: _raw(recording, backend))))
    print(
        json.dumps(
            {
                "pairs": pairs,
                "calls": sum(len(requests) for requests in recording.batches),
                "batches": len(recording.batches),
            }
        )
    )


def _timed(recording: Recording, work: Callable[[], None]) -> float:
    """Return the seconds of some work that finds an empty prefix cache."""
    recording.llm.reset_prefix_cache()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _run(described: Scenario) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(described, out=Path(folder) / "run", cache=Path(folder) / "cache.sqlite3")


def _raw(recording: Recording, backend: VLLMOffline) -> None:
    for requests in recording.batches:
        recording.llm.chat(
            [[{"role": m.role, "content": m.content} for m in r.messages] for r in requests],
            [backend._parameters(request) for request in requests],
            use_tqdm=False,
        )


if __name__ == "__main__":
    main(*sys.argv[1:4])
