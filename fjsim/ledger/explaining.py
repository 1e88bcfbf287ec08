"""Which observable proxies go with influence, within a question and beyond the seat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import Flags
from fjsim.ledger.gates import ItemGates
from fjsim.ledger.proxies import Proxies
from fjsim.ledger.resampling import ends, exchanged, question_draws, within
from fjsim.seeds import stream

SAME_PROXY = 0.95
"""Correlation within items from which two proxies are one in a joint regression."""

SIGNIFICANT = 0.05

COLUMNS = (
    "proxy", "single", "low", "high", "p", "p_holm",
    "joint", "joint_low", "joint_high", "joint_p", "joint_p_holm", "verdict",
)  # fmt: skip


def explain(
    gates: ItemGates, proxies: Proxies, question: NDArray[np.int64], seed: int = 0
) -> pd.DataFrame:
    r"""Regress influence on each proxy alone, and on all of them.

    Parameters
    ----------
    gates : ItemGates
    proxies : Proxies
    question : ndarray of int, shape (n_items,)
    seed : int, default 0

    Returns
    -------
    pandas.DataFrame
        One row per proxy: ``single`` and ``joint`` are shares of influence per standard deviation
        of the proxy within an item, with 95 % intervals over questions; p-values from items
        exchanged, and adjusted over proxies after Holm. ``verdict`` is ``yes`` where the proxy
        holds alone and beside the others, ``shared`` where it holds alone only, ``as NAME`` where
        it is another one within items, else ``no``.

    Notes
    -----
    Influence and proxies are taken within an item and without seat means:
    :math:`y_{qj} - \bar y_q - \bar y_j + \bar y`. Under the null hypothesis the influence of an
    item has nothing to do with its proxies, so that items may be exchanged, seats kept.
    """
    laid = Layout.of(gates, proxies)
    order, draws = exchanged(question, seed), question_draws(question, seed)
    alone = _tested(laid, [[at] for at in range(laid.size)], order, draws)
    apart = _apart(laid)
    free = [at for at, same in enumerate(apart) if same < 0]
    together = _tested(laid, [free], order, draws)
    holm, joint_holm = holm_adjusted(alone.p), holm_adjusted(together.p)
    rows = []
    for at, name in enumerate(proxies.names):
        one = (alone.slope[at], alone.low[at], alone.high[at], alone.p[at], holm[at])
        if apart[at] >= 0:
            rows.append((name, *one, *[np.nan] * 5, f"as {proxies.names[apart[at]]}"))
            continue
        to = free.index(at)
        all_of = (together.slope[to], together.low[to], together.high[to], together.p[to])
        verdict = _verdict(holm[at], joint_holm[to])
        rows.append((name, *one, *all_of, joint_holm[to], verdict))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _verdict(alone: float, beside: float) -> str:
    if not alone < SIGNIFICANT:
        return "no"
    return "yes" if beside < SIGNIFICANT else "shared"


def holm_adjusted(p: Array) -> Array:
    """Return p-values adjusted for how many there are, after Holm.

    Parameters
    ----------
    p : ndarray of shape (n_tests,)
        NaN where there was no test.
    """
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    highest = 0.0
    for rank, at in enumerate(tested[np.argsort(p[tested], kind="stable")]):
        highest = max(highest, min(1.0, float(p[at]) * (len(tested) - rank)))
        adjusted[at] = highest
    return adjusted


@dataclass(frozen=True)
class Layout:
    """Influence and standardised proxies within items and beyond the seat.

    Parameters
    ----------
    target : ndarray of shape (n_items, n_agents)
    columns : ndarray of shape (n_items, n_agents, n_proxies)
        0 where a proxy does not vary.
    """

    target: Array
    columns: Array

    @property
    def size(self) -> int:
        """How many proxies there are."""
        return int(self.columns.shape[-1])

    @classmethod
    def of(cls, gates: ItemGates, proxies: Proxies) -> Layout:
        """Lay out what is compared."""
        known = compared(gates)
        filled = proxies.filled()
        columns = [within(filled[..., at], known) for at in range(len(proxies.names))]
        scales = [float(np.sqrt((column[known] ** 2).mean())) for column in columns]
        scaled = [
            c / s if s > 1e-12 else np.zeros_like(c) for c, s in zip(columns, scales, strict=True)
        ]
        return cls(within(gates.shares, known), np.stack(scaled, axis=-1))


def compared(gates: ItemGates) -> Flags:
    """Return the entries that can be compared: items that determine two agents or more."""
    enough = gates.known.sum(axis=1, keepdims=True) > 1
    return np.asarray(gates.known & enough)


@dataclass(frozen=True)
class _Tested:
    slope: Array
    low: Array
    high: Array
    p: Array


def _tested(
    laid: Layout, groups: list[list[int]], order: NDArray[np.int64], draws: Array
) -> _Tested:
    """Regress on each group of columns, with intervals and permutation p-values."""
    parts = [_regressed(laid, group, order, draws) for group in groups if group]
    if not parts:
        none = np.zeros(0)
        return _Tested(none, none, none, none)
    return _Tested(*(np.concatenate([getattr(part, name) for part in parts])
                     for name in ("slope", "low", "high", "p")))  # fmt: skip


def _regressed(laid: Layout, group: list[int], order: NDArray[np.int64], draws: Array) -> _Tested:
    columns = laid.columns[..., group]
    size = len(group)
    products = np.einsum("qjp,qjr->qpr", columns, columns)
    targets = np.einsum("qjp,qj->qp", columns, laid.target)
    if not np.abs(products).sum() or not np.abs(laid.target).sum():
        blank = np.full(size, np.nan)
        return _Tested(blank, blank, blank, blank)
    inverse = np.linalg.pinv(products.sum(axis=0))
    slope = inverse @ targets.sum(axis=0)
    drawn = (draws @ products.reshape(len(products), -1)).reshape(-1, size, size)
    resampled = (np.linalg.pinv(drawn) @ (draws @ targets)[..., None])[..., 0]
    moved = np.stack([np.einsum("qjp,qj->p", columns, laid.target[places]) for places in order])
    null = moved @ inverse
    beaten = (np.abs(null) >= np.abs(slope) - 1e-12).sum(axis=0)
    found = [ends(resampled[:, at]) for at in range(size)]
    return _Tested(
        slope,
        np.array([low for low, _ in found]),
        np.array([high for _, high in found]),
        (1 + beaten) / (len(order) + 1),
    )


def _apart(laid: Layout) -> list[int]:
    """Return for each proxy the earlier one that it is within items, or -1."""
    flat = laid.columns.reshape(-1, laid.size)
    size = np.sqrt((flat**2).sum(axis=0))
    scale = np.maximum(np.outer(size, size), 1e-300)
    alike = np.abs(flat.T @ flat) / scale
    same: list[int] = []
    for at in range(laid.size):
        earlier = [one for one in range(at) if same[one] < 0 and alike[one, at] > SAME_PROXY]
        same.append(earlier[0] if earlier else -1)
    return same


@dataclass(frozen=True)
class SeatEffect:
    """How much of the influence within items a seat has in all of them.

    Parameters
    ----------
    share : float
        Share of the variance within items, in [0, 1]; NaN where it does not vary.
    p : float
        From seats relabelled at random in every item.
    """

    share: float
    p: float


def seat_effect(gates: ItemGates, seed: int = 0, n_permutations: int = 999) -> SeatEffect:
    """Say how much of the influence goes with the seat, and with the persona in it.

    Parameters
    ----------
    gates : ItemGates
    seed : int, default 0
    n_permutations : int, default 999

    Returns
    -------
    SeatEffect
    """
    values = gates.shares[gates.whole]
    left = values - values.mean(axis=1, keepdims=True)
    total = float((left**2).sum())
    if not total > 1e-20:
        return SeatEffect(float("nan"), float("nan"))
    seen = _by_seat(left)
    rng = stream(seed, "ledger-seats")
    drawn = [_by_seat(rng.permuted(left, axis=1)) for _ in range(n_permutations)]
    beaten = sum(one >= seen - 1e-15 for one in drawn)
    return SeatEffect(seen / total, (1 + beaten) / (n_permutations + 1))


def _by_seat(left: Array) -> float:
    return float(len(left) * (left.mean(axis=0) ** 2).sum())
