import asyncio
import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fjsim.contracts import SIMULATED_MODEL, Heard, Validity
from fjsim.errors import PluginError, RunFolderBusyError, StorageError
from fjsim.records import (
    EVENTS,
    Cost,
    EventLog,
    ItemEnd,
    LogContents,
    RunHeader,
    Turn,
    TurnKey,
    read_log,
)
from fjsim.runs import run
from fjsim.scenario import Scenario

HEADER = {
    "rounds": 2000,
    "agents": ["a", "b"],
    "seats": [],
    "influence": [[0.0, 1.0], [1.0, 0.0]],
    "questions": ["q"],
    "residual": "self",
    "peers_read": "belief",
}


def turn(number: int = 0, agent: int = 0, **changes: object) -> Turn:
    values: dict[str, object] = {
        "validity": Validity.OK,
        "answer": 0,
        "belief": (0.5, 0.5),
        "stated_belief": (0.5, 0.5),
        "confidence": 0.0,
        "text": "näive \u2028 \ud7ff",
        "heard": (Heard(1, 0, 0.5, 0.25, True),),
        "cost": Cost("m", 1, 2, 3, 1, 0, 1, 0.25, "stop"),
        "at": 12.5,
    }
    return Turn("clean", "q", 0, number, agent, **{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"answer": None, "belief": None, "stated_belief": None, "validity": Validity.MISSING},
        {"validity": Validity.ABSTAINED, "answer": None, "confidence": None, "shared": True},
        {"heard": (Heard(1, 0, 0.5, 0.25, acting=1.0), Heard(2, 0, 0.1, 0.25, acting=0.0))},
        {"heard": (Heard(1, 0, 0.5, option_gates=(0.0, 1.0)),), "kept": (0.25, 1.0)},
        {"kept": (0.5,)},
    ],
)
def test_a_turn_comes_back_from_its_line_as_it_was(changes: dict[str, Any]) -> None:
    original = turn(**changes)
    assert Turn.from_dict(json.loads(json.dumps(original.as_dict()))) == original


@pytest.mark.parametrize(
    ("models", "imported", "simulated"),
    [
        ((), False, True),
        ((Cost(),), False, True),
        ((Cost(SIMULATED_MODEL, attempts=1), Cost()), False, True),
        ((Cost(SIMULATED_MODEL, attempts=1), Cost("m", attempts=1)), False, False),
        ((Cost("m", cached_calls=1),), False, False),
        ((Cost(attempts=8),), False, False),
        ((Cost(),), True, False),
    ],
)
def test_a_log_is_simulated_where_no_language_model_was_asked(
    models: tuple[Cost, ...], imported: bool, simulated: bool
) -> None:
    turns = [turn(number, cost=cost) for number, cost in enumerate(models)]
    header = RunHeader(1, ("a",), (), ((0.0,),), ("q",), "self", "belief", imported=imported)
    contents = LogContents(header=header, turns={one.key: one for one in turns})
    assert contents.simulated is simulated


def test_what_was_accepted_is_there_after_reopening(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.accept(turn())
    log.finish_item(ItemEnd("clean", "q", 0, 1, 2, target=0))
    asyncio.run(log.sync())
    log.close()
    again = EventLog(tmp_path)
    assert again.recorded(TurnKey("clean", "q", 0, 0, 0)) == turn()
    assert again.contents.items["clean", "q", 0].key == 1
    again.close()


def test_a_torn_last_line_is_cut_off_and_counted(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.accept(turn(0))
    log.accept(turn(1))
    log.close()
    path = tmp_path / EVENTS
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert read_log(path).torn > 0
    again = EventLog(tmp_path)
    assert len(again.contents.turns) == 1
    again.accept(turn(1))
    again.close()
    assert path.read_bytes() == whole


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / EVENTS).write_text('{"v": 99, "type": "run"}\n')
    with pytest.raises(StorageError, match="schema 99"):
        EventLog(tmp_path)


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    with pytest.raises(RunFolderBusyError, match="another process writes this run"):
        EventLog(tmp_path)
    log.accept(turn())
    log.close()
    EventLog(tmp_path).close()


def test_a_second_process_is_refused_too(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    code = (
        "import sys, pathlib\nfrom fjsim.records import EventLog\n"
        "from fjsim.errors import RunFolderBusyError\n"
        "try:\n    EventLog(pathlib.Path(sys.argv[1]))\n"
        "except RunFolderBusyError:\n    print('busy')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    log.close()
    assert done.stdout.strip() == "busy"


def test_a_full_disk_is_one_clear_error_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path)
    log.accept(turn(0))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StorageError, match="No space left on device"):
            log.accept(turn(1))
    log.close()
    assert len(read_log(tmp_path / EVENTS).turns) == 1


class FullDisk:
    """Takes one line by half, and every other one whole: the disk is full for a moment only."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at_line: int, marked: bytes = b"") -> None:
        self._write, self._left, self._marked = os.write, at_line, marked
        self.written = 0
        monkeypatch.setattr(os, "write", self)

    def __call__(self, descriptor: int, data: bytes) -> int:
        self.written += 1
        if self._marked in data:
            self._left -= 1
            if not self._left:
                return self._write(descriptor, data[: len(data) // 2])
        return self._write(descriptor, data)


def test_a_line_that_the_disk_takes_by_half_is_cut_off_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path)
    log.accept(turn(0))
    whole = (tmp_path / EVENTS).read_bytes()
    with monkeypatch.context() as patched:
        FullDisk(patched, 1)
        with pytest.raises(StorageError, match="disk is full"):
            log.accept(turn(1))
    assert (tmp_path / EVENTS).read_bytes() == whole
    log.close()
    again = EventLog(tmp_path)
    assert (again.contents.torn, list(again.contents.turns)) == (0, [turn(0).key])
    again.close()


async def accepted(log: EventLog, one: Turn) -> None:
    log.accept(one)
    await log.sync()


@pytest.mark.parametrize("failure", ["half", "refused", "fsync"])
def test_nothing_is_written_after_a_write_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    log = EventLog(tmp_path)
    log.accept(turn(0))
    whole = (tmp_path / EVENTS).read_bytes()

    def refused(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        if failure == "half":
            FullDisk(patched, 1)
        else:
            patched.setattr(os, "write" if failure == "refused" else "fsync", refused)
        with pytest.raises(StorageError):
            asyncio.run(accepted(log, turn(1)))
    length = len((tmp_path / EVENTS).read_bytes())
    for _ in range(2):
        with pytest.raises(StorageError, match="run the same command again"):
            log.accept(turn(2))
        with pytest.raises(StorageError):
            log.write("end", {"at": 1.0})
    log.close()
    assert len((tmp_path / EVENTS).read_bytes()) == length
    assert length == len(whole) or failure == "fsync"


def test_a_half_line_that_cannot_be_cut_off_is_cut_off_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log = EventLog(tmp_path)
    log.accept(turn(0))
    with monkeypatch.context() as patched:
        FullDisk(patched, 1)
        patched.setattr(os, "ftruncate", refused)
        with pytest.raises(StorageError, match="disk is full"):
            log.accept(turn(1))
    log.close()
    again = EventLog(tmp_path)
    assert again.contents.torn > 0
    assert list(again.contents.turns) == [turn(0).key]
    again.close()


def test_a_run_on_a_disk_that_is_full_for_a_moment_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Callable[..., Scenario]
) -> None:
    whole = run(small(), out=tmp_path / "whole")
    with monkeypatch.context() as patched:
        disk = FullDisk(patched, 20, b'"type":"turn"')
        with pytest.raises(StorageError, match="the disk is full; free some space"):
            run(small(), out=tmp_path / "cut")
    assert disk.written > 20
    log = (tmp_path / "cut" / EVENTS).read_bytes()
    assert log.endswith(b"}\n")
    assert log.count(b'"type":"turn"') == 19
    resumed = run(small(), out=tmp_path / "cut")
    assert {t.essence() for t in resumed.contents.turns.values()} == {
        t.essence() for t in whole.contents.turns.values()
    }
    again = (tmp_path / "cut" / EVENTS).read_bytes()
    assert again.startswith(log)
    assert again.count(b'"type":"turn"') == len(whole.contents.turns)


def test_a_log_that_is_a_link_is_refused_and_its_target_untouched(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    target = tmp_path / "diary"
    target.write_text("one line without its end")
    (tmp_path / "run" / EVENTS).symlink_to(target)
    with pytest.raises(StorageError, match="is a link, which is not followed"):
        EventLog(tmp_path / "run")
    assert target.read_text() == "one line without its end"


def test_a_link_to_nothing_makes_no_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / EVENTS).symlink_to(tmp_path / "new")
    with pytest.raises(StorageError, match="is a link"):
        EventLog(tmp_path / "run")
    assert not (tmp_path / "new").exists()


def test_a_pipe_in_place_of_a_log_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / EVENTS)
    with pytest.raises(StorageError, match="is no file"):
        EventLog(tmp_path)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EWOULDBLOCK, RunFolderBusyError, "another process writes this run"),
        (errno.ENOLCK, StorageError, "cannot be locked .No locks available."),
        (errno.EOPNOTSUPP, StorageError, "cannot be locked .Operation not supported."),
    ],
)
def test_a_lock_that_fails_says_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[StorageError],
    words: str,
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(kind, match=words) as raised:
        EventLog(tmp_path)
    assert ("another process" in str(raised.value)) == (kind is RunFolderBusyError)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"belief": (0.7, 0.7), "stated_belief": (0.7, 0.7)}, "no probability for each option"),
        ({"heard": (Heard(1, 0, 2.0),)}, "gate is 2.0, not a number in"),
        ({"heard": (Heard(7, 0),)}, "speaker is 7, outside 0..1"),
        ({"answer": 2}, "answer is 2, outside 0..1"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    log = EventLog(tmp_path)
    log.say_what_it_is(RunHeader.from_dict({**HEADER, "options": [2]}))
    with pytest.raises(PluginError, match=words):
        log.accept(turn(1, **changes))
    log.close()
    assert not read_log(tmp_path / EVENTS).turns


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        EventLog(tmp_path / "file" / "run")


def test_seconds_are_summed_over_sessions(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.say_what_it_is(RunHeader.from_dict(HEADER))
    for start, end in ((100.0, 107.0), (1000.0, 1003.0)):
        log.write("session", {"at": start})
        log.accept(turn(int(start), at=end))
    log.close()
    assert read_log(tmp_path / EVENTS).elapsed.seconds == 10.0
