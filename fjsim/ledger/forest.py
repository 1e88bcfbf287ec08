"""A random forest from proxies to influence: how much it explains, and by which of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import Flags
from fjsim.ledger.proxies import Proxies
from fjsim.ledger.resampling import Interval, ends, exchanged, interval, within

FOREST = {"n_estimators": 25, "min_samples_leaf": 10, "n_jobs": 1}
"""More trees explain no more: r2 of 40 differs by less than .005 where the truth is planted."""

N_SHUFFLES = 3
"""How often a proxy is shuffled for its importance."""


@dataclass(frozen=True)
class Forest:
    """What a forest explains of influence within items, out of sample.

    Parameters
    ----------
    r2 : Interval
        Explained share of influence without item and seat means; NaN where it does not vary.
    top1 : Interval
        How often the agent with the largest prediction has the most influence.
    chance : float
        The same for a seat drawn at random.
    importances : pandas.DataFrame
        ``proxy``, ``importance``, ``low``, ``high``: by how much r2 falls when the proxy is
        exchanged between items.
    n_items : int
    """

    r2: Interval
    top1: Interval
    chance: float
    importances: pd.DataFrame
    n_items: int


def forest(
    shares: Array,
    known: Flags,
    proxies: Proxies,
    question: NDArray[np.int64],
    fold: NDArray[np.int64],
    draws: Array,
    seed: int = 0,
) -> Forest:
    """Learn influence from proxies by a random forest.

    Parameters
    ----------
    shares : ndarray of shape (n_items, n_agents)
    known : ndarray of bool, shape (n_items, n_agents)
        Entries that count.
    proxies : Proxies
    question, fold : ndarray of int, shape (n_items,)
        A question never stands in two folds.
    draws : ndarray of shape (n_resamples, n_items)
    seed : int, default 0

    Returns
    -------
    Forest

    Notes
    -----
    A proxy whose information another one carries as well has a small importance.
    """
    filled = proxies.filled()
    features = np.stack([within(filled[..., at], known) for at in range(filled.shape[-1])], axis=-1)
    target = within(shares, known)
    guess, shuffled = _predictions(features, target, known, question, fold, seed)
    left = ((target - guess) ** 2 * known).sum(axis=1)
    spread = (target**2).sum(axis=1)
    rows = []
    for at, name in enumerate(proxies.names):
        worse = ((target - shuffled[at]) ** 2 * known).mean(axis=0).sum(axis=-1) - left
        value, (low, high) = _ratio(worse, spread, draws)
        rows.append((name, value, low, high))
    value, (low, high) = _ratio(spread - left, spread, draws)
    whole = known.all(axis=1)
    hit = guess.argmax(axis=1) == target.argmax(axis=1)
    return Forest(
        Interval(value, low, high),
        interval(hit.astype(float), draws, whole.astype(float)),
        1 / shares.shape[1],
        pd.DataFrame(rows, columns=["proxy", "importance", "low", "high"]),
        int(known.any(axis=1).sum()),
    )


def _ratio(part: Array, whole: Array, draws: Array) -> tuple[float, tuple[float, float]]:
    if not whole.sum() > 1e-15:
        return float("nan"), (float("nan"), float("nan"))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (draws @ part) / (draws @ whole)
    return float(part.sum() / whole.sum()), ends(drawn)


def _predictions(
    features: Array,
    target: Array,
    known: Flags,
    question: NDArray[np.int64],
    fold: NDArray[np.int64],
    seed: int,
) -> tuple[Array, Array]:
    """Predict each fold from the others, and again with each proxy exchanged between items."""
    n_proxies = features.shape[-1]
    order = exchanged(question, seed, N_SHUFFLES)
    guess = np.zeros_like(target)
    shuffled = np.zeros((n_proxies, N_SHUFFLES, *target.shape))
    for at in np.unique(fold):
        inside = fold == at
        train = known & ~inside[:, None]
        if inside.all() or not train.any():
            continue
        learned = made_forest(seed).fit(features[train], target[train])
        guess[inside] = _guess(learned, features[inside])
        many = np.tile(features[inside], (n_proxies, N_SHUFFLES, 1, 1, 1))
        for proxy in range(n_proxies):
            many[proxy, ..., proxy] = features[order[:, inside], :, proxy]
        shuffled[:, :, inside] = _guess(learned, many)
    return guess, shuffled


def _guess(learned: Any, features: Array) -> Array:
    flat = learned.predict(features.reshape(-1, features.shape[-1]))
    return np.asarray(flat).reshape(features.shape[:-1])


def made_forest(seed: int) -> Any:
    """Return a forest that has learned nothing yet."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=seed, **FOREST)
