"""Keeps one server process and stops it when its owner is gone, however the owner died.

Run as a script: ``python vllm_supervisor.py LOG COMMAND...``. Standard input is the lifeline: it
closes when the owner closes it or is killed. The server runs in its own process group, of which
nothing is left when this ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import IO

POLL_SECONDS = 0.2
GRACE_SECONDS = 10.0
SUBREAPER = 36
"""``PR_SET_CHILD_SUBREAPER``: orphans of the server come to us to be waited for."""


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the lifeline closes.

    Parameters
    ----------
    arguments : list of str
        Log file, then the command.

    Returns
    -------
    int
        The command's exit status; 128 + n where signal n ended it.
    """
    log, *command = arguments
    _adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    with open(log, "ab") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(server, sys.stdin.buffer)
        except SystemExit:
            pass
        finally:
            status = _end(server)
    return status if status >= 0 else 128 - status


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def _wait(server: subprocess.Popen[bytes], lifeline: IO[bytes]) -> None:
    """Return when the server ended or nobody holds the other end of the lifeline."""
    while server.poll() is None:
        readable, _, _ = select.select([lifeline], [], [], POLL_SECONDS)
        if readable and not os.read(lifeline.fileno(), 1024):
            return


def _end(server: subprocess.Popen[bytes]) -> int:
    """End the whole process group: asked first, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline:
            if server.poll() is not None and not _group_left(server.pid):
                return server.returncode
            time.sleep(POLL_SECONDS / 4)
    return -signal.SIGKILL


def _group_left(group: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
