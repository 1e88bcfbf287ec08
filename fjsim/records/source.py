"""What somebody gives where a recorded deliberation is wanted: a run, a transcript, a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from fjsim.arms import undisturbed_arm
from fjsim.contracts import Arm
from fjsim.errors import ConfigError, StorageError
from fjsim.foreign_text import shown
from fjsim.records.building import one_arm
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.reading import EVENTS
from fjsim.records.transcript import Transcript


@runtime_checkable
class HasArms(Protocol):
    """A run: its finished questions, arm by arm."""

    @property
    def arms(self) -> Mapping[Arm, Transcript]:
        """The arms there are."""


def recorded(
    source: Transcript | HasArms | ImportedLog | str | Path,
) -> tuple[Transcript, tuple[str, ...]]:
    """Return the one arm to be fitted or judged, and what was inferred in reading it.

    Parameters
    ----------
    source : Transcript, Run, ImportedLog, str or Path
        From a run, and from a run folder, the clean arm is taken where there is one.

    Raises
    ------
    ConfigError
        If it is none of these.
    StorageError
        If nothing of the run is finished, or its folder cannot be read.
    LogFormatError
        If a foreign log cannot be read.
    """
    if isinstance(source, Transcript):
        return source, ()
    if isinstance(source, ImportedLog):
        return source.transcript, source.warnings
    if isinstance(source, HasArms):
        if not source.arms:
            raise StorageError("no question of this run is finished; run it further first")
        return source.arms[undisturbed_arm(source.arms)], ()
    if isinstance(source, (str, Path)):
        return _read(Path(source))
    raise ConfigError(
        f"a recorded deliberation is wanted, and this is {type(source).__name__} {shown(source)}; "
        "give a run, a transcript, or the path of a run folder or of a log"
    )


def _read(path: Path) -> tuple[Transcript, tuple[str, ...]]:
    if (path / EVENTS).is_file():
        return one_arm(path, undisturbed=True), ()
    from fjsim.records.importers import read_log

    log = read_log(path)
    return log.transcript, log.warnings
