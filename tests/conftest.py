"""What all tests share: no test touches the user's cache, and quick scenarios."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fjsim.metrics
from fjsim import registry
from fjsim.scenario import Scenario

# Many tests start a process of their own: each would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SAMPLE = Path(__file__).parent / "sample_plugin" / "src" / "fjsim_sample"
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def _ours_come_first() -> None:
    """Load our plug-ins before a test works on a registry of its own and puts back the old one."""
    for kind in registry.KINDS:
        registry.entries(kind)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def strangers_metric(monkeypatch: pytest.MonkeyPatch) -> registry.Entry:
    """The sample package's metric, registered for one test as its installation would."""
    assert fjsim.metrics.registered(), "ours come first"
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    path = SAMPLE / "steadfast.py"
    spec = importlib.util.spec_from_file_location("fjsim_sample.steadfast", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fjsim_sample.steadfast", module)
    spec.loader.exec_module(module)
    return registry.find("metric", "steadfast")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real question sets and logs, where it is there."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here: real question sets and logs are not shipped")
    return folder


@pytest.fixture
def small() -> Callable[..., Scenario]:
    """A quick scenario with some fields replaced."""

    def make(**values: Any) -> Scenario:
        defaults: dict[str, Any] = {
            "topology": "star",
            "attack": "stubborn",
            "questions": {"limit": 4},
            "agents": 4,
            "rounds": 3,
        }
        return Scenario(**{**defaults, **values})

    return make
