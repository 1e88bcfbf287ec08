"""What all tests share: no test touches the user's cache, and quick scenarios."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fjsim.scenario import Scenario

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


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
