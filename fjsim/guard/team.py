"""The members of a team by name, and who hears whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.errors import UnknownNameError, UsageError, nearest
from fjsim.foreign_text import shown


class NamedTeam:
    """Names of a team, each with its seat.

    Parameters
    ----------
    names : sequence of str

    Raises
    ------
    UsageError
        If there are fewer than two, or one name stands twice.
    """

    def __init__(self, names: Sequence[str]) -> None:
        if isinstance(names, str) or len(names) < 2:
            raise UsageError(f"team {shown(names)}; give the names of two or more members")
        self.names = tuple(str(name) for name in names)
        self._seats = {name: seat for seat, name in enumerate(self.names)}
        if len(self._seats) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise UsageError(f"{shown(twice)} stands twice in the team; give each its own name")

    def __len__(self) -> int:
        return len(self.names)

    def seat(self, name: str) -> int:
        """Return a member's seat.

        Raises
        ------
        UnknownNameError
            If nobody has that name.
        """
        if name not in self._seats:
            raise UnknownNameError(
                f"nobody in the team is called {shown(name)}; there are "
                f"{', '.join(self.names)}{nearest(str(name), self.names)}"
            )
        return self._seats[name]


def influence_of(given: ArrayLike | Mapping[str, Sequence[str]] | None, team: NamedTeam) -> Array:
    """Return who hears whom as shares, ``[listener, speaker]``, each row summing to 1 or 0.

    Raises
    ------
    UsageError
        If it has another shape, or a negative or infinite share.
    """
    n_agents = len(team)
    if given is None:
        shares = 1.0 - np.eye(n_agents)
    elif isinstance(given, Mapping):
        shares = np.zeros((n_agents, n_agents))
        for listener, speakers in given.items():
            for speaker in speakers:
                shares[team.seat(listener), team.seat(speaker)] = 1.0
    else:
        shares = np.array(given, dtype=float)
    if shares.shape != (n_agents, n_agents):
        raise UsageError(
            f"influence has the shape {shares.shape}; a team of {n_agents} needs one row a "
            f"listener and one column a speaker, {(n_agents, n_agents)}"
        )
    if not (np.isfinite(shares).all() and (shares >= 0).all()):
        raise UsageError("influence holds a negative or infinite share; give numbers >= 0")
    np.fill_diagonal(shares, 0.0)
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.where(total > 0, total, 1.0), 0.0)
