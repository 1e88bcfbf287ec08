import asyncio
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fjsim.contracts import SIMULATED_MODEL, Heard, Validity
from fjsim.errors import RunFolderBusyError, StorageError
from fjsim.records import (
    EVENTS,
    Cost,
    EventLog,
    ItemEnd,
    LogContents,
    Turn,
    TurnKey,
    read_log,
)


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
def test_a_turn_comes_back_from_its_line_as_it_was(changes: dict[str, object]) -> None:
    original = turn(**changes)
    assert Turn.from_dict(json.loads(json.dumps(original.as_dict()))) == original


@pytest.mark.parametrize(
    ("models", "header", "simulated"),
    [
        ((), {}, True),
        ((Cost(),), {}, True),
        ((Cost(SIMULATED_MODEL, attempts=1), Cost()), {}, True),
        ((Cost(SIMULATED_MODEL, attempts=1), Cost("m", attempts=1)), {}, False),
        ((Cost("m", cached_calls=1),), {}, False),
        ((Cost(attempts=8),), {}, False),
        ((Cost(),), {"imported": True}, False),
    ],
)
def test_a_log_is_simulated_where_no_language_model_was_asked(
    models: tuple[Cost, ...], header: dict[str, object], simulated: bool
) -> None:
    turns = [turn(number, cost=cost) for number, cost in enumerate(models)]
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


@pytest.mark.parametrize(
    "line",
    [
        b"{broken",
        b"[1]",
        b"7",
        b'{"type":"turn"}',
        b'{"v":1}',
        b'{"v":1,"type":"turn","at":"noon"}',
        b'{"v":1,"type":"turn","arm":"clean"}',
        b'{"v":1,"type":"turn","arm":"clean","question":7,"validity":"valid"}',
        b'{"v":1,"type":"turn","arm":"clean","question":"q","validity":"odd"}',
        b'{"v":1,"type":"item","arm":"clean","colour":"red"}',
        b'{"v":1,"type":"probe","arm":"clean","question":"q","perceived":[1]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(
    tmp_path: Path, line: bytes
) -> None:
    log = EventLog(tmp_path)
    log.accept(turn(0))
    log.close()
    path = tmp_path / EVENTS
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(StorageError, match="line 2: damaged"):
        EventLog(tmp_path)


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


def test_a_half_written_line_on_a_full_disk_is_cut_off_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path)
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data: write(fd, data[:10]))
        with pytest.raises(StorageError, match="disk is full"):
            log.accept(turn(0))
    log.close()
    again = EventLog(tmp_path)
    assert again.contents.torn or not again.contents.turns
    again.close()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        EventLog(tmp_path / "file" / "run")


def test_seconds_are_summed_over_sessions(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for start, end in ((100.0, 107.0), (1000.0, 1003.0)):
        log.write("session", {"at": start})
        log.accept(turn(int(start), at=end))
    log.close()
    assert read_log(tmp_path / EVENTS).seconds == 10.0
