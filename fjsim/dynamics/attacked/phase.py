"""Takeover over resistance and number of agents: the map that a phase diagram draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.dynamics.attacked.adversaries import (
    absorbed,
    attacked_parameters,
    influence_of,
    resolve_seats,
)
from fjsim.dynamics.attacked.closed_forms import flip_threshold
from fjsim.errors import ParameterError


@dataclass(frozen=True, slots=True, eq=False)
class PhaseDiagram:
    """Mean takeover and share of flipped decisions on a grid.

    Parameters
    ----------
    topology : str
        Registered name.
    n_agents : ndarray of int, shape (n_sizes,)
        Group sizes, adversaries included.
    resistance : ndarray of shape (n_resistances,)
        Resistance of every benign agent.
    takeover : ndarray of shape (n_sizes, n_resistances)
        Mean over the benign agents, at equilibrium or after `n_rounds`.
    flipped : ndarray of shape (n_sizes, n_resistances)
        Share of benign agents whose decision flips.
    margin : float
        Innate P(correct) - P(target).
    n_rounds : int or None
    """

    topology: str
    n_agents: NDArray[np.int64]
    resistance: Array
    takeover: Array
    flipped: Array
    margin: float
    n_rounds: int | None


def phase_diagram(
    topology: str,
    n_agents: ArrayLike,
    resistance: ArrayLike,
    seats: Sequence[int | str] = ("hub",),
    *,
    self_weight: float = 0.0,
    margin: float = 0.5,
    n_rounds: int | None = None,
    seed: int = 0,
) -> PhaseDiagram:
    """Work out takeover on a grid of resistances and group sizes.

    Parameters
    ----------
    topology : str
        Registered name.
    n_agents : array-like of int, shape (n_sizes,)
        Group sizes.
    resistance : array-like of shape (n_resistances,)
        > 0 and finite.
    seats : sequence of int or {"hub", "leaf"}, default ("hub",)
    self_weight : float, default 0.0
        In [0, 1); matters after finitely many rounds only.
    margin : float, default 0.5
        Innate P(correct) - P(target), in (0, 1].
    n_rounds : int, optional
        After how many rounds; default at equilibrium.
    seed : int, default 0
        For random topologies.

    Returns
    -------
    PhaseDiagram

    Raises
    ------
    ParameterError
        If a resistance or the margin is out of range, or a topology cannot have such a size.
    """
    sizes = np.atleast_1d(np.asarray(n_agents, dtype=np.int64))
    odds = np.atleast_1d(np.asarray(resistance, dtype=float))
    if not (np.isfinite(odds) & (odds > 0)).all():
        raise ParameterError("every resistance must be a finite number > 0")
    threshold = flip_threshold(margin)
    moved = np.empty((sizes.size, odds.size))
    flipped = np.empty_like(moved)
    yielded = odds * (1 - self_weight)
    for row, size in enumerate(sizes):
        influence = influence_of(topology, int(size), seed)
        chosen = resolve_seats(influence, seats)
        for column, held in enumerate(yielded / (1 + yielded)):
            group = attacked_parameters(influence, chosen, held, self_weight)
            reached = absorbed(group, chosen, n_rounds)
            moved[row, column] = np.nanmean(reached)
            flipped[row, column] = np.nanmean(reached[~np.isnan(reached)] > threshold)
    return PhaseDiagram(topology, sizes, odds, moved, flipped, margin, n_rounds)
