"""How much of the influence anything could explain: gates fitted twice, to halves of the rounds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import Flags
from fjsim.ledger.gates import ItemGates
from fjsim.ledger.resampling import ends, within
from fjsim.seeds import stream

MOST_SPLITS = 10
FEWEST_ROUNDS = 4

MISSES = 0.08
"""By how much the ceiling misses the truth on average, at most: `studies.influencer_truths` prints
it for 4 to 12 rounds. It is too low with few rounds and little noise, since halves of the rounds
are noisier than half as long a deliberation would be, and too high with many rounds and much."""


@dataclass(frozen=True)
class Ceiling:
    """What the gates reproduce of themselves.

    Parameters
    ----------
    r2, low, high : float
        Share of the variance of the gates within items that is no noise, with its 95 % interval;
        NaN where gates are not estimated item by item, or there are fewer than four rounds.
    top1 : float
        How often two halves name the same top seat.
    """

    r2: float
    low: float
    high: float
    top1: float


def noise_ceiling(gates: ItemGates, known: Flags, n_rounds: int, draws: Array) -> Ceiling:
    """Return the reliability of the gates.

    Parameters
    ----------
    gates : ItemGates
    known : ndarray of bool, shape (n_items, n_agents)
        Entries that are explained.
    n_rounds : int
    draws : ndarray of shape (n_resamples, n_items)

    Returns
    -------
    Ceiling

    Notes
    -----
    The same estimator is fitted to halves of the rounds, in up to ten splits. Item and seat means
    are taken out, as they are of what is explained. Two halves that correlate by ``r`` leave the
    whole a reliability of ``2 r / (1 + r)`` (Spearman-Brown). The interval is over questions; that
    the ceiling misses the truth by up to `MISSES` is not in it.
    """
    if gates.halves is None or n_rounds < FEWEST_ROUNDS or not gates.by_item:
        return Ceiling(*[float("nan")] * 4)
    pairs = [_pair(gates, known, split, n_rounds) for split in _splits(n_rounds)]
    cross = np.stack([(one * other).sum(axis=1) for one, other, _ in pairs])
    first = np.stack([(one**2).sum(axis=1) for one, _, _ in pairs])
    second = np.stack([(other**2).sum(axis=1) for _, other, _ in pairs])
    even = np.ones((1, len(known)))
    drawn = _reliability(cross, first, second, draws)
    low, high = ends(drawn)
    top1 = float(np.mean([same for _, _, same in pairs]))
    return Ceiling(float(_reliability(cross, first, second, even)[0]), low, high, top1)


def _reliability(cross: Array, first: Array, second: Array, draws: Array) -> Array:
    scale = np.sqrt((draws @ first.T) * (draws @ second.T))
    agreement = np.divide(draws @ cross.T, scale, out=np.zeros_like(scale), where=scale > 1e-18)
    alike = np.clip(agreement.mean(axis=1), 0.0, 1.0)
    return np.asarray(2 * alike / (1 + alike))


def _splits(n_rounds: int) -> list[tuple[int, ...]]:
    """Return the rounds of one half, split by split; round numbers are 0-based."""
    half = (n_rounds + 1) // 2
    if n_rounds <= 6:
        return list(combinations(range(n_rounds), half))[:MOST_SPLITS]
    rng = stream(0, "ledger-splits", str(n_rounds))
    return [tuple(rng.permutation(n_rounds)[:half].tolist()) for _ in range(MOST_SPLITS)]


def _pair(
    gates: ItemGates, known: Flags, split: tuple[int, ...], n_rounds: int
) -> tuple[Array, Array, float]:
    assert gates.halves is not None, "there is an estimator to fit again"
    rest = tuple(at for at in range(n_rounds) if at not in split)
    one, other = gates.halves(split), gates.halves(rest)
    whole = known.all(axis=1)
    same = (one.argmax(axis=1) == other.argmax(axis=1))[whole]
    agree = float(same.mean()) if len(same) else float("nan")
    return within(one, known), within(other, known), agree
