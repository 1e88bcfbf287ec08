import os
import signal
import subprocess
import sys

import pytest

from fjsim.contracts import Usage
from fjsim.errors import StorageError
from fjsim.records import SPENDING, Account, SpendingFile, SpendingLog

MOST = Usage(100, 50)


def opened(folder, before=dict):
    return SpendingFile(folder, before)


def test_all_sessions_are_added_up_and_what_was_in_flight_counts_with_its_most(tmp_path) -> None:
    log = opened(tmp_path)
    log.got(log.ask("m", MOST), Usage(80, 20, 5))
    log.failed(log.ask("m", MOST))
    log.lost(log.ask("other", MOST))
    log.ask("m", MOST)
    counted = log.accounts()
    log.close()
    again = opened(tmp_path)
    assert again.accounts() == counted
    again.got(again.ask("m", MOST), Usage(7, 3), estimated=True)
    again.close()
    third = opened(tmp_path)
    assert third.accounts() == {
        "m": Account(4, 2, 2, 80 + 100 + 7, 20 + 50 + 3, 5),
        "other": Account(1, 1, 1, 100, 50),
    }
    third.close()


def test_memory_and_file_count_alike(tmp_path) -> None:
    logs = [SpendingLog(), opened(tmp_path)]
    for log in logs:
        numbers = [log.ask(model, MOST) for model in ("a", "b", 'odd "\n name', "a")]
        log.got(numbers[2], Usage(1, 2, 1))
        log.lost(numbers[0])
        log.failed(numbers[1])
    assert logs[0].accounts() == logs[1].accounts()
    logs[1].close()
    again = opened(tmp_path)
    assert again.accounts() == logs[0].accounts()
    again.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from fjsim.contracts import Usage
from fjsim.records import SpendingFile
log = SpendingFile(Path(sys.argv[1]), dict)
for _ in range(7):
    log.ask("m", Usage(10, 10))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_all_that_it_asked(tmp_path) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert child.returncode == -signal.SIGKILL
    log = opened(tmp_path)
    assert log.accounts()["m"].calls == 7
    log.close()


def test_what_a_folder_spent_before_it_had_the_file_is_carried_over_once(tmp_path) -> None:
    before = {"m": Account(5, 1, 0, 500, 50)}
    for _ in range(2):
        log = opened(tmp_path, lambda: before)
        assert log.accounts() == before
        log.close()
    log = opened(tmp_path, lambda: {"m": Account(99)})
    assert log.accounts() == before
    log.close()


def test_a_torn_last_line_is_cut_off(tmp_path) -> None:
    log = opened(tmp_path)
    log.got(log.ask("m", MOST), Usage(1, 1))
    log.close()
    path = tmp_path / SPENDING
    path.write_bytes(path.read_bytes() + b'{"ask":1,"mod')
    log = opened(tmp_path)
    assert log.accounts()["m"].calls == 1
    assert path.read_bytes().endswith(b"}\n")
    log.close()


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\x00\x00",
        b"",
        b"[1]",
        b"7",
        b'"ask"',
        b'{"ask":0,"model":"m","in":1,"out":1}',
        b'{"ask":9,"model":"m","in":-1000000,"out":1}',
        b'{"ask":9,"model":["m"],"in":1,"out":1}',
        b'{"ask":9,"model":"m","in":1e3,"out":1}',
        b'{"ask":9,"model":"m","in":99999999999999999999,"out":1}',
        b'{"got":0,"in":1,"out":1,"cached":0}',
        b'{"got":77,"in":1,"out":1,"cached":0}',
        b'{"got":true,"in":1,"out":1,"cached":0}',
        b'{"nothing":0}',
    ],
)
def test_an_unreadable_line_is_left_out_and_said_so(tmp_path, line) -> None:
    log = opened(tmp_path)
    log.got(log.ask("m", MOST), Usage(1, 1))
    log.close()
    with (tmp_path / SPENDING).open("ab") as handle:
        handle.write(line + b"\n" + b'{"ask":20,"model":"m","in":2,"out":2}\n')
    with pytest.warns(UserWarning, match="1 unreadable"):
        log = opened(tmp_path)
    assert log.accounts() == {"m": Account(2, 1, 1, 3, 3)}
    log.close()


def test_a_newer_layout_is_refused(tmp_path) -> None:
    (tmp_path / SPENDING).write_text('{"v":2,"carried":{}}\n')
    with pytest.raises(StorageError, match="layout 2"):
        opened(tmp_path)


def test_a_link_or_a_pipe_in_its_place_is_refused(tmp_path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    (tmp_path / SPENDING).symlink_to(target)
    with pytest.raises(StorageError, match="cannot be opened"):
        opened(tmp_path)
    assert target.read_text() == "mine"
    (tmp_path / SPENDING).unlink()
    os.mkfifo(tmp_path / SPENDING)
    with pytest.raises(StorageError, match="no plain file"):
        opened(tmp_path)


def test_a_full_disk_stops_the_next_request_and_loses_no_reply(tmp_path, monkeypatch) -> None:
    log = opened(tmp_path)
    number = log.ask("m", MOST)
    size = (tmp_path / SPENDING).stat().st_size
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:5]))
    log.got(number, Usage(1, 1))
    with pytest.raises(StorageError, match="disk is full"):
        log.ask("m", MOST)
    assert (tmp_path / SPENDING).stat().st_size == size
    monkeypatch.undo()
    log.got(log.ask("m", MOST), Usage(2, 2))
    log.close()
    again = opened(tmp_path)
    # The first has no second line on disk, so it counts with its most.
    assert again.accounts() == {"m": Account(2, 1, 1, 102, 52)}
    again.close()
