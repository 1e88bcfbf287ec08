"""vLLM in this process: a whole run against raw ``LLM.chat`` on the very same prompts."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.runtime.processes import HERE
from benchmarks.runtime.row import Row

ROOT = HERE.parents[1]
GOAL = 1.1
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def rows(quick: bool) -> Iterator[Row]:
    environment = Path(os.environ.get("FJSIM_VLLM_VENV", ROOT / ".venv-vllm"))
    work = "vllm-offline: a whole run over raw LLM.chat, batch by batch"
    if not (environment / "tiny-model" / "model.safetensors").exists():
        yield Row(work, "not measured: no vLLM (make test-vllm builds it)", f"<= {GOAL}")
        return
    questions, repeats = ("4", "2") if quick else ("20", "8")
    done = subprocess.run(
        [
            str(environment / "bin" / "python"),
            str(HERE / "offline_run.py"),
            str(environment / "tiny-model"),
            questions,
            repeats,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
    )
    took = json.loads(done.stdout.splitlines()[-1])
    ours, raw = (statistics.median(side) for side in zip(*took["pairs"], strict=True))
    ratios = sorted(a / b for a, b in took["pairs"])
    yield Row(
        f"{work} ({took['calls']} calls in {took['batches']} batches), medians of {repeats} pairs",
        f"{ours / raw:.2f} ({ours:.1f} s over {raw:.1f} s; pairs {ratios[0]:.2f} to "
        f"{ratios[-1]:.2f})",
        f"<= {GOAL}",
        "1.0",
        ours / raw <= GOAL,
    )
