"""The command line in this process: what it printed and what it exited with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fjsim.cli import main


@dataclass(frozen=True)
class Printed:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error, without its label."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("error: ")


Call = Callable[..., Printed]


@pytest.fixture
def fjsim(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Run a command inside an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Printed:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Printed(int(exit_.value.code or 0), printed.out, printed.err)

    return call
