"""Robust centres side by side: what one liar moves, how honest listeners come together, failure.

    python -m studies.robust_centres

Drift: how far one certain liar among six moves the centre of the five honest beliefs, as a share of
how far it moves the mean; mean and largest over random clouds. Contraction: diameter of five honest
listeners' centres over that of their beliefs, where the liar tells each of them something else.
Attack success of numeric teams: one liar at the hub of a star, two colluders on a complete graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import numpy as np

from fjsim.beliefs import Array
from fjsim.registry import build
from fjsim_defenses.robust_aggregate import RobustAggregate, RobustCentre
from studies.defense_grid import estimate
from studies.numeric_teams import Setting, play

N_HONEST, N_OPTIONS = 5, 5


def clouds(n_clouds: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return honest beliefs and each listener's cloud with its own version of the liar's.

    Returns
    -------
    tuple of ndarray
        (n_clouds, n_honest, n_options), and (n_clouds, n_honest, n_honest + 1, n_options).
    """
    honest = rng.dirichlet(np.ones(N_OPTIONS), size=(n_clouds, N_HONEST))
    lies = np.eye(N_OPTIONS)[rng.integers(0, N_OPTIONS, (n_clouds, N_HONEST))]
    shared = np.broadcast_to(honest[:, None], (n_clouds, N_HONEST, N_HONEST, N_OPTIONS))
    return honest, np.concatenate([shared, lies[:, :, None]], axis=2)


def diameter(points: Array) -> Array:
    """Return the largest distance between two of some points, shape (n_clouds,)."""
    apart = points[:, :, None] - points[:, None]
    return np.asarray(np.sqrt((apart**2).sum(axis=-1)).max(axis=(-2, -1)))


def centres(defense: RobustAggregate, cloud: Array) -> Array:
    """Return normalised centres."""
    found = defense.centre(cloud)
    return np.asarray(found / np.maximum(found.sum(axis=-1, keepdims=True), 1e-12))


def drift(defense: RobustAggregate, honest: Array, cloud: Array) -> Array:
    """Return what the liar moves, as a share of what it moves the mean, flat over listeners."""
    alone = centres(defense, cloud[:, :, :N_HONEST])
    moved = np.sqrt(((centres(defense, cloud) - alone) ** 2).sum(axis=-1))
    of_mean = cloud.mean(axis=2) - honest.mean(axis=1)[:, None]
    return np.asarray(moved / np.sqrt((of_mean**2).sum(axis=-1))).ravel()


def row(rule: RobustCentre, n_clouds: int, n_teams: int, n_questions: int) -> str:
    """Return one rule's line."""
    defense: RobustAggregate = build("defense", {"kind": "robust-aggregate", "rule": rule})
    honest, cloud = clouds(n_clouds, np.random.default_rng(0))
    moved = drift(defense, honest, cloud)
    nearer = diameter(centres(defense, cloud)) / diameter(honest)
    cells = []
    for place, arm in (("star-hub", "stubborn"), ("complete", "collude-2")):
        counts = play(Setting(place, ("none", arm), n_teams, n_questions), defense)
        cells += [estimate(counts.success(arm)).value or 0.0, estimate(counts.accuracy()).value]
    return (
        f"{rule:<20}{moved.mean():>7.2f}{moved.max():>7.2f}{nearer.mean():>8.2f}"
        f"{nearer.max():>7.2f}{cells[0]:>9.3f}{cells[1]:>7.3f}{cells[2]:>9.3f}{cells[3]:>7.3f}"
    )


def table(n_clouds: int = 1000, n_teams: int = 10, n_questions: int = 50) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"{'':<20}{'drift':^14}{'contraction':^15}{'hub':^16}{'two, complete':^16}"
    yield f"{'rule':<20}{'mean':>7}{'max':>7}{'mean':>8}{'max':>7}" + (
        f"{'success':>9}{'acc.':>7}" * 2
    )
    for rule in get_args(RobustCentre):
        yield row(rule, n_clouds, n_teams, n_questions)


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
