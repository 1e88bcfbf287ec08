"""Which arm of a run is meant where nobody says so: the one place that decides."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from fjsim.errors import ConfigError, StorageError, nearest
from fjsim.foreign_text import shown

if TYPE_CHECKING:
    from fjsim.contracts import Arm

ARMS: tuple[Arm, ...] = ("attacked", "clean")
MAIN_HELP = "attacked or clean; default the attacked arm, where there is one."
"""What ``--help`` says of `main_arm`."""
UNDISTURBED_HELP = "clean or attacked, of a run; default the clean arm, where there is one."
"""What ``--help`` says of `undisturbed_arm`."""


def main_arm(arms: Collection[Arm]) -> Arm:
    """Return the arm that a run is about: the attacked one, or the clean one where nobody attacks.

    Parameters
    ----------
    arms : collection of {'attacked', 'clean'}
        The arms there are, at least one.
    """
    return "attacked" if "attacked" in arms else "clean"


def undisturbed_arm(arms: Collection[Arm]) -> Arm:
    """Return the arm that is fitted: the clean one, or the attacked one where it stands alone.

    A fit asks how an agent mixes what it hears. An adversary follows its own script, and may forge
    what others are heard to say, which no fit can see.

    Parameters
    ----------
    arms : collection of {'attacked', 'clean'}
        The arms there are, at least one.
    """
    return "clean" if "clean" in arms else "attacked"


def chosen_arm(
    arms: Collection[Arm], asked: str | None, folder: Path | None, undisturbed: bool = False
) -> Arm:
    """Return the arm that is asked for, or the default one.

    Parameters
    ----------
    arms : collection of {'attacked', 'clean'}
        The arms of which something is finished.
    asked : str or None
        None for the default.
    folder : Path or None
        For messages.
    undisturbed : bool
        Whether the default is that of a fit.

    Raises
    ------
    ConfigError
        If there is no arm of that name.
    StorageError
        If the run does not have it.
    """
    place = "this run" if folder is None else str(folder)
    if asked is not None and asked not in ARMS:
        raise ConfigError(f"arm is {shown(asked)}; give attacked or clean{nearest(asked, ARMS)}")
    if not arms:
        raise StorageError(f"{place}: no question of this run is finished; run it further first")
    if asked is None:
        return undisturbed_arm(arms) if undisturbed else main_arm(arms)
    for arm in arms:
        if arm == asked:
            return arm
    raise StorageError(f"{place}: this run has no {asked} arm; it has {', '.join(arms)}")
