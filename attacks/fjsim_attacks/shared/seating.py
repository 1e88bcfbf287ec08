"""Which seats an adversary takes: shared by all attacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics import FJParameters, hub_seat, optimal_seats
from fjsim.errors import ConfigError
from fjsim_attacks.shared.law import Assumed

SeatChoice = Literal["hub", "leaf", "random", "optimal"] | int | list[int]


def choose_seats(
    choice: SeatChoice,
    n_seats: int,
    influence: Array,
    rng: np.random.Generator,
    assumed: Assumed,
) -> tuple[int, ...]:
    """Return the seats that a choice means on one graph.

    Parameters
    ----------
    choice : {'hub', 'leaf', 'random', 'optimal'}, int or list of int
        The seats with most listeners, those with fewest (the hub left out), drawn, found by the
        greedy seat search, or given.
    n_seats : int
        How many seats a word stands for; given ones speak for themselves.
    influence : ndarray of shape (n_agents, n_agents)
        W of the graph.
    rng : numpy.random.Generator
        For ``'random'``.
    assumed : Assumed
        For ``'optimal'``.

    Returns
    -------
    tuple of int
        Sorted; at least one agent is left benign.

    Raises
    ------
    ConfigError
        If a seat is not there, or nobody benign would be left.

    Examples
    --------
    >>> ring = (np.roll(np.eye(4), 1, axis=1) + np.roll(np.eye(4), -1, axis=1)) / 2
    >>> choose_seats("hub", 2, ring, np.random.default_rng(0), Assumed())
    (0, 1)
    """
    n_agents = len(influence)
    named = isinstance(choice, str)
    seats = [choice] if isinstance(choice, int) else choice
    for seat in () if named else seats:
        if not 0 <= int(seat) < n_agents:
            raise ConfigError(
                f"attack.seat is {seat}; seats run from 0 to {n_agents - 1}, or give hub, leaf, "
                "random, optimal or a list"
            )
    wanted = n_seats if named else len({int(seat) for seat in seats})
    if not 0 < wanted < n_agents:
        raise ConfigError(
            f"attack takes {wanted} of {n_agents} seats; leave at least one benign agent and take "
            "at least one seat"
        )
    found = _named(str(choice), n_seats, influence, rng, assumed) if named else seats
    return tuple(sorted({int(seat) for seat in found}))


def _named(
    choice: str, n_seats: int, influence: Array, rng: np.random.Generator, assumed: Assumed
) -> Sequence[int]:
    if choice == "random":
        return [int(seat) for seat in rng.choice(len(influence), size=n_seats, replace=False)]
    if choice == "optimal":
        parameters = FJParameters(assumed.stubbornness, assumed.self_weight, influence=influence)
        return optimal_seats(parameters, n_seats).seats
    listeners = (influence > 0).sum(axis=0) - (np.diagonal(influence) > 0)
    if choice == "hub":
        return [int(seat) for seat in np.argsort(-listeners, kind="stable")[:n_seats]]
    hub = hub_seat(influence)
    fewest = [int(seat) for seat in np.argsort(listeners, kind="stable") if seat != hub]
    return fewest[:n_seats]
