"""Backends are closed, whatever else goes wrong at the end of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fjsim.contracts import Backend, Reply, Request
from fjsim.errors import StorageError
from fjsim.records import EventLog
from fjsim.runs import run
from fjsim.runs.runtime import Runtime
from fjsim.scenario import Scenario


class Closable(Backend):
    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.closed = error, 0

    async def complete(self, request: Request) -> Reply:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


def test_one_backend_that_cannot_be_closed_leaves_no_other_open() -> None:
    backends = Closable(StorageError("full")), Closable(), Closable(StorageError("full"))
    runtime = Runtime(team=None, backends=backends)
    with pytest.raises(StorageError, match="full"):
        asyncio.run(runtime.close())
    assert [backend.closed for backend in backends] == [1, 1, 1]


def test_a_log_that_cannot_be_ended_leaves_no_backend_open(
    small: Callable[..., Scenario], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, closed = EventLog.write, []
    close = Runtime.close

    def failing(self: EventLog, kind: str, values: Any) -> None:
        if kind == "end":
            raise StorageError("the disk is full")
        write(self, kind, values)

    async def noted(self: Runtime) -> None:
        closed.append(self)
        await close(self)

    monkeypatch.setattr(EventLog, "write", failing)
    monkeypatch.setattr(Runtime, "close", noted)
    with pytest.raises(StorageError, match="disk is full"):
        run(small(), out=tmp_path / "run")
    assert len(closed) == 1


def test_a_finished_run_closes_its_backends_once(
    small: Callable[..., Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, close = [], Runtime.close

    async def noted(self: Runtime) -> None:
        closed.append(self)
        await close(self)

    monkeypatch.setattr(Runtime, "close", noted)
    run(small())
    assert len(closed) == 1
