"""The tiny model, the scenario, and a way to find processes that were left behind."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

collect_ignore = ["tiny_model.py"]
"""A script for the environment of vLLM."""

MARK = "FJSIM_VLLM_TEST"
# On a CPU vLLM 0.32 dies of a seeded prompt that it prefills in chunks ("CPU Generator does not use
# offset"), so that every prompt has to fit one step.
SERVE = (
    *("--dtype", "float32", "--max-model-len", "16384", "--max-num-seqs", "32"),
    *("--no-enable-chunked-prefill", "--max-num-batched-tokens", "16384", "--enforce-eager"),
)
ENGINE = {
    "dtype": "float32",
    "max_model_len": 16384,
    "max_num_seqs": 32,
    "enable_chunked_prefill": False,
    "max_num_batched_tokens": 16384,
    "enforce_eager": True,
}
SHARED_QUESTIONS = Path(__file__).parents[2] / ".." / "shared" / "data" / "csqa_100.jsonl"


@pytest.fixture(scope="session")
def model() -> str:
    """Folder of the tiny random-weight model."""
    folder = os.environ.get("FJSIM_TINY_MODEL")
    if folder is None:
        pytest.fail("no tiny model; these tests are run by `make test-vllm`")
    return folder


@pytest.fixture(scope="session")
def questions() -> str:
    """Real questions where they are, else our own."""
    return str(SHARED_QUESTIONS) if SHARED_QUESTIONS.exists() else "builtin"


def left_behind(mark: str) -> list[int]:
    """Process ids whose environment carries the mark; zombies are none."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                marked = f"{MARK}={mark}".encode() in (folder / "environ").read_bytes()
            except OSError:
                continue
            if marked:
                found.append(int(folder.name))
    return found


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """Set in our environment, so that everything started from here carries it."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(MARK, value)
    return value


@pytest.fixture
def leftovers(mark: str) -> Callable[[], list[int]]:
    return lambda: left_behind(mark)


@pytest.fixture
def server_block(model: str, tmp_path: Path) -> dict[str, Any]:
    """A backend block that starts its own server."""
    return {
        "kind": "vllm",
        "model": model,
        "serve": list(SERVE),
        "log": str(tmp_path / "vllm.log"),
        "max_concurrency": 32,
    }


@pytest.fixture
def offline_block(model: str) -> dict[str, Any]:
    return {"kind": "vllm-offline", "model": model, "engine": dict(ENGINE)}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def fits() -> Callable[[str, Any], None]:
    """Raises unless a text is JSON that fits a schema."""
    # Comes with vLLM; the other tests' environment need not have it.
    import jsonschema

    return lambda text, schema: jsonschema.validate(json.loads(text, strict=False), schema)
