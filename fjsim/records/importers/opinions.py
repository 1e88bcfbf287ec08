"""Opinions of a log as shares in [0, 1]: on a scale with ends, or item by item without."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ConfigError, LogFormatError
from fjsim.records.importers.columns import Integers, LogColumns, Places
from fjsim.records.units import WIDEST, OpinionKind, OpinionUnit

LARGEST_OPINION = 1e100
"""Beyond it, differences are no numbers any more."""
LARGEST_BOUNDED = 100.0
"""Opinions within ±100 are taken to lie on a scale with ends, unless they are said not to."""
RATIO_SPAN = 100.0
"""Largest over smallest, from which on opinions above 0 are taken to be ratios."""
FEW = 0.01
"""Share of opinions at or below 0 that a ratio scale puts up with."""
CHANCE = 0.9
"""Variance of the logarithm of a spread from n estimates, times n."""

RULE = (
    "taken on 0..1 where all lie there, on the nearest power of ten where all lie within ±100; "
    "else by their logarithms where they are above 0 and the largest is 100 times the smallest or "
    "more; else as they stand"
)
"""How the unit of opinions is chosen where nobody says it."""


@dataclass(frozen=True)
class Opinions:
    """In which unit opinions are to be taken.

    Parameters
    ----------
    kind : {'bounded', 'log', 'standardised'}
    low, high : float
        Ends of the scale, for ``bounded``.
    """

    kind: OpinionKind
    low: float = 0.0
    high: float = 1.0


def parse_opinions(text: str, option: str = "--opinions") -> Opinions:
    """Read ``bounded:LOW:HIGH``, ``log`` or ``standardised``.

    Parameters
    ----------
    text : str
    option : str
        What it was given for, for messages.

    Raises
    ------
    ConfigError
        If it is none of them.
    """
    if text in ("log", "standardised"):
        return Opinions("log" if text == "log" else "standardised")
    kind, _, ends = text.partition(":")
    low, _, high = ends.partition(":")
    try:
        given = Opinions("bounded", float(low), float(high))
    except ValueError:
        given = None
    if kind != "bounded" or given is None:
        raise ConfigError(
            f"{option} is '{text}'; give bounded:LOW:HIGH (for example bounded:0:100), log or "
            "standardised"
        )
    if not -LARGEST_OPINION <= given.low < given.high <= LARGEST_OPINION:
        raise ConfigError(f"{option} is '{text}'; LOW must be below HIGH")
    return given


@dataclass(frozen=True)
class MadeOpinions:
    """Opinions row by row.

    Parameters
    ----------
    unit : OpinionUnit
    shares : ndarray of shape (n_rows,)
        In [0, 1]; NaN where there is none.
    notes : tuple of str
    dropped : Counter of str
        How many opinions were changed or left out, by reason.
    wild : ndarray of bool, shape (n_rows,)
        Which were set to the limits.
    """

    unit: OpinionUnit
    shares: Array
    notes: tuple[str, ...]
    dropped: Counter[str]
    wild: NDArray[np.bool_]


def make_opinions(
    path: Path, columns: LogColumns, places: Places, asked: Opinions | None
) -> MadeOpinions:
    """Turn the opinions of a log into shares.

    Parameters
    ----------
    path : Path
        For messages.
    columns : LogColumns
        With an opinion at least.
    places : Places
    asked : Opinions or None
        None to choose by `RULE`.

    Raises
    ------
    LogFormatError
        For an opinion outside the scale, or none above 0 where logarithms are wanted.
    """
    given = np.array(columns.opinions)
    wild = np.flatnonzero(np.abs(given) > LARGEST_OPINION)
    if len(wild):
        raise LogFormatError(
            f"{path}, line {columns.lines[wild[0]]}: opinion {given[wild[0]]:g} is beyond "
            f"±{LARGEST_OPINION:g}; give it in a larger unit"
        )
    chosen = asked or _inferred(given)
    if chosen.kind == "bounded":
        return _bounded(path, columns, given, chosen, asked is None)
    return _unbounded(path, places, given, chosen, asked is None)


def _inferred(given: Array) -> Opinions:
    """Choose by the rule."""
    low, high = float(np.nanmin(given)), float(np.nanmax(given))
    if low >= 0 and high <= 1:
        return Opinions("bounded", 0.0, 1.0)
    if low >= -LARGEST_BOUNDED and high <= LARGEST_BOUNDED:
        top = float(10 ** np.ceil(np.log10(max(high, -low, 1.0)) - 1e-12))
        return Opinions("bounded", 0.0 if low >= 0 else -top, top)
    above = given[given > 0]
    few = 1 - len(above) / np.isfinite(given).sum() <= FEW
    if few and above.max() >= RATIO_SPAN * above.min():
        return Opinions("log")
    return Opinions("standardised")


def _bounded(
    path: Path, columns: LogColumns, given: Array, asked: Opinions, inferred: bool
) -> MadeOpinions:
    unit = OpinionUnit("bounded", asked.low, asked.high)
    shares = unit.shares(given, np.zeros(len(given), dtype=np.int64))
    outside = np.flatnonzero((shares < -1e-9) | (shares > 1 + 1e-9))
    if len(outside):
        row = int(outside[0])
        raise LogFormatError(
            f"{path}, line {columns.lines[row]}: opinion {given[row]:g} is outside the scale "
            f"{unit.low:g}..{unit.high:g}; give --opinions bounded:LOW:HIGH, log or standardised"
        )
    notes: tuple[str, ...] = ()
    if inferred and (unit.low, unit.high) != (0.0, 1.0):
        notes = (
            f"scale inferred: opinions lie in {np.nanmin(given):g}..{np.nanmax(given):g}, taken as "
            f"{unit.low:g}..{unit.high:g} (give --opinions bounded:LOW:HIGH to say otherwise)",
        )
    none = np.zeros(len(given), dtype=bool)
    return MadeOpinions(unit, np.clip(shares, 0.0, 1.0), notes, Counter(), none)


def _unbounded(
    path: Path, places: Places, given: Array, asked: Opinions, inferred: bool
) -> MadeOpinions:
    """Measure each item from its own first estimates."""
    there = np.isfinite(given)
    fits = there & (given > 0) if asked.kind == "log" else there
    if not fits.any():
        raise LogFormatError(f"{path}: no opinion is above 0, so none has a logarithm")
    values = np.where(fits, given, np.nan)
    measured = np.log(values) if asked.kind == "log" else values
    first = fits & (places.round == 0)
    location, spread = _measures(measured[first], places.item[first], places.n_items)
    unit = OpinionUnit(asked.kind, -WIDEST, WIDEST, location, spread)
    shares = unit.shares(values, places.item)
    beyond = (shares < 0) | (shares > 1)
    dropped = Counter(
        {
            "opinions that are not above 0, masked": int((there & ~fits).sum()),
            f"opinions beyond {WIDEST:g} spreads from their item's median, set there": int(
                beyond.sum()
            ),
        }
    )
    why = " (inferred; --opinions says otherwise)" if inferred else ""
    note = (
        f"opinions lie in {np.nanmin(given):g}..{np.nanmax(given):g}: taken item by item, "
        f"{'by their logarithms, ' if asked.kind == 'log' else ''}"
        "from the median of the first estimates in units of their spread" + why
    )
    return MadeOpinions(unit, np.clip(shares, 0.0, 1.0), (note,), +dropped, beyond)


def _measures(values: Array, items: Integers, n_items: int) -> tuple[Array, Array]:
    """Return the median and the spread of each item's first estimates.

    Few estimates tell little of their spread, so each is drawn to the typical one as far as the
    spreads differ by no more than chance. An item without two different estimates has the typical
    one; one without first estimates takes no part in a fit, and gets neutral numbers.
    """
    location, spread = np.zeros(n_items), np.zeros(n_items)
    order = np.argsort(items, kind="stable")
    starts = np.searchsorted(items[order], np.arange(n_items + 1))
    for item in range(n_items):
        mine = values[order[starts[item] : starts[item + 1]]]
        if len(mine):
            location[item] = np.median(mine)
            spread[item] = robust_spread(mine)
    known = spread > 0
    if not known.any():
        return location, np.ones(n_items)
    logs = np.log(spread[known])
    typical = float(np.median(logs))
    chance = CHANCE / np.diff(starts)[known]
    varies = max(float(np.mean((logs - typical) ** 2)), 1e-12)
    drawn = np.minimum(chance / varies, 1.0)
    settled = np.full(n_items, np.exp(typical))
    settled[known] = np.exp(drawn * typical + (1 - drawn) * logs)
    return location, settled


def robust_spread(values: Array) -> float:
    """Return a spread that equals the standard deviation under a normal law.

    Parameters
    ----------
    values : ndarray of shape (n,)
        At least one.

    Returns
    -------
    float
        From the mean distance to the median without the farthest fifth of the values, at least
        one of four or more; 0 where all others are equal.
    """
    n = len(values)
    left_out = max(1, n // 5) if n > 3 else 0
    gaps = np.sort(np.abs(values - np.median(values)))[: n - left_out]
    kept = (n - left_out) / n
    if left_out:
        normal = NormalDist()
        inside = 2 * (normal.pdf(0) - normal.pdf(normal.inv_cdf((1 + kept) / 2))) / kept
    else:
        inside = float(np.sqrt(2 / np.pi))
    # The median lies closer to few values than their law's centre does: found by simulation.
    return float(gaps.mean()) / inside / (1 - 1.25 / n if n > 2 else 1.0)
