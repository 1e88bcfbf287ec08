"""How defenses stand against each other: who holds best at its worst, at what price, how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd

from fjsim.metrics import Estimate
from fjsim.metrics.differences import Difference, difference
from fjsim.sweeps.groups import Group, groups, tally_of
from fjsim.sweeps.leaderboard import RATE, records
from fjsim.sweeps.sweep import SweepResult

MARGIN = 0.05
"""Shares that differ by less than this are equal for every purpose of a reader."""

FREE = Estimate(0.0, 0.0, 0.0, 0)
"""What having no defense costs beside having none."""

Judged = Literal["equivalent", "lower", "higher", "undecided"]
Place = Literal["best", "equivalent", "less safe", "undecided"]


class DefenseStanding(NamedTuple):
    """One defense of a leaderboard.

    Parameters
    ----------
    defense : str
    worst : Estimate
        Attack success in its worst setting.
    worst_at : str
        Which setting that is.
    price : Estimate
        Accuracy lost without attack, in the setting where most is lost.
    place : {'best', 'equivalent', 'less safe', 'undecided'}
        Beside the best one, in the worst setting of either.
    on_front : bool
        Whether no other defense is both safer and cheaper.
    """

    defense: str
    worst: Estimate
    worst_at: str
    price: Estimate
    place: Place
    on_front: bool


def estimate_in(row: Mapping[str, Any], name: str) -> Estimate:
    """Return a number of a table's row with its interval.

    Parameters
    ----------
    row : mapping
        One row of a sweep's table or leaderboard.
    name : str
        A column that has ``_low`` and ``_high`` beside it, or none of both.
    """
    values = [row.get(key) for key in (name, f"{name}_low", f"{name}_high")]
    known = [None if value is None or pd.isna(value) else float(value) for value in values]
    n = row.get("n")
    return Estimate(known[0], known[1], known[2], 0 if n is None or pd.isna(n) else int(n))


def judged(gap: Difference, margin: float = MARGIN) -> Judged:
    """Say what a paired difference shows.

    Parameters
    ----------
    gap : Difference
    margin : float, default 0.05
        The two are equivalent where the whole interval lies within it.
    """
    if gap.low is None or gap.high is None:
        return "undecided"
    if -margin <= gap.low and gap.high <= margin:
        return "equivalent"
    if gap.low > 0:
        return "higher"
    return "lower" if gap.high < 0 else "undecided"


def standings(result: SweepResult) -> tuple[DefenseStanding, ...]:
    """Return the defenses of a sweep, safest first.

    Parameters
    ----------
    result : SweepResult

    Returns
    -------
    tuple of DefenseStanding
        Empty where no attack was measured.

    Notes
    -----
    A defense is equivalent to the best one if in the worst setting of either the 95 % interval of
    their paired difference lies within ±0.05; it is less safe if one of these differences lies
    above 0 and none below.
    """
    rows = records(result.leaderboard)
    if not rows:
        return ()
    found = groups(result.played)
    best = str(rows[0]["defense"])
    made = [
        DefenseStanding(
            defense=str(row["defense"]),
            worst=estimate_in(row, "worst_asr"),
            worst_at=str(row["worst_at"] or ""),
            price=FREE if row["defense"] == "none" else estimate_in(row, "price"),
            place=_place(found, str(row["defense"]), best),
            on_front=False,
        )
        for row in rows
    ]
    return tuple(one._replace(on_front=_on_front(one, made)) for one in made)


def _place(found: Sequence[Group], defense: str, best: str) -> Place:
    if defense == best:
        return "best"
    seen = {judged(gap) for gap in _gaps(found, defense, best)}
    if seen == {"equivalent"}:
        return "equivalent"
    return "less safe" if "higher" in seen and "lower" not in seen else "undecided"


def _gaps(found: Sequence[Group], defense: str, best: str) -> list[Difference]:
    """Return how much more an attack gets from a defense than from the best, where either fails."""
    own, other = (_by_setting(found, name) for name in (defense, best))
    shared = [setting for setting in own if setting in other]
    worst = {
        max(shared, key=lambda setting: _upper(side[setting])) for side in (own, other) if shared
    }
    return [
        difference(first, second)
        for setting in worst
        if (first := tally_of(own[setting].counts, RATE, "attacked")) is not None
        if (second := tally_of(other[setting].counts, RATE, "attacked")) is not None
    ]


def _by_setting(found: Sequence[Group], defense: str) -> dict[tuple[tuple[str, str], ...], Group]:
    return {
        tuple((axis, label) for axis, label in group.labels.items() if axis != "defense"): group
        for group in found
        if group.attacked and group.defense == defense
    }


def _upper(group: Group) -> float:
    high = group.estimate(RATE, "attacked").high
    return -1.0 if high is None else high


def _on_front(one: DefenseStanding, others: Sequence[DefenseStanding]) -> bool:
    def coordinates(standing: DefenseStanding) -> tuple[float, float]:
        return (
            1.0 if standing.worst.high is None else standing.worst.high,
            standing.price.value or 0.0,
        )

    worst, price = coordinates(one)
    return not any(
        a <= worst and b <= price and (a, b) != (worst, price) for a, b in map(coordinates, others)
    )
