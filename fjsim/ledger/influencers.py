"""Who becomes an influencer: influence against what can be observed in round 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.beliefs import Array, confidence, total_variation
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import law_rows
from fjsim.fitting.rows.columns import routed_rows
from fjsim.fitting.rows.grams import Grams, grams
from fjsim.fitting.rows.hearing import router_mix
from fjsim.fitting.rows.solving import finite_influence
from fjsim.records.transcript import Transcript

PROXIES = ("self-assessed confidence", "perceived confidence", "initial alignment")
"""Observable proxies, the columns of the regression."""

FOREST = {"n_estimators": 40, "min_samples_leaf": 20, "n_jobs": 1}


@dataclass(frozen=True)
class Influencers:
    """How well observable proxies explain influence.

    Parameters
    ----------
    regression : pandas.DataFrame
        Per model (``ridge``, ``forest``) and for the ceiling: ``model``, ``r2`` out of sample,
        ``rmse``, ``n``; ridge rows carry standardised coefficients, one column per proxy.
    classification : pandas.DataFrame
        Per model and for the ceiling: ``model``, ``top1`` out of sample, ``chance``, ``n``.
    """

    regression: pd.DataFrame
    classification: pd.DataFrame


def item_shares(fit: FJFit, transcript: Transcript) -> Array:
    r"""Return every item's influence shares under a fit.

    Parameters
    ----------
    fit : FJFit
    transcript : Transcript

    Returns
    -------
    ndarray of shape (n_items, n_agents)
        Column means of :math:`\Phi_T`, a router's blend included; rows that vary over rounds are
        averaged first.
    """
    rows = law_rows(transcript, fit).mean(axis=1)
    router = router_mix(transcript)
    if router is not None:
        rows = np.broadcast_to(rows, (transcript.n_items, *rows.shape[1:]))
        rows = routed_rows(rows, router, by_item=True)
    shares = finite_influence(rows, transcript.n_rounds).mean(axis=-2)
    return np.asarray(np.broadcast_to(shares, (transcript.n_items, transcript.n_agents)))


def observable_proxies(transcript: Transcript) -> Array:
    """Return what a bystander could see of each agent in round 0.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    ndarray of shape (n_items, n_agents, 3)
        Columns by `PROXIES`: ``1 - H/log K`` of the own belief; how sure listeners found it when
        asked in the probe, on average, else its stated confidence, else the largest entry of its
        belief; mean alignment ``1 - TV`` with the others.
    """
    innate = transcript.innate
    sure = np.nan_to_num(confidence(innate))
    shown = np.nan_to_num(innate).max(axis=-1)
    if transcript.confidence is not None:
        stated = transcript.confidence[:, 0]
        shown = np.where(np.isnan(stated), shown, stated)
    if transcript.perceived is not None:
        asked = (~np.isnan(transcript.perceived)).sum(axis=1)
        seemed = np.nansum(transcript.perceived, axis=1) / np.maximum(asked, 1)
        shown = np.where(asked > 0, seemed, shown)
    alike = np.nan_to_num(1 - total_variation(innate[:, :, None], innate[:, None, :]))
    others = max(transcript.n_agents - 1, 1)
    own = np.einsum("qii->qi", alike)
    return np.stack([sure, shown, (alike.sum(-1) - own) / others], axis=-1)


def influencers(
    transcript: Transcript, gates: Array, fold: NDArray[np.int64], seed: int = 0
) -> Influencers:
    """Explain influence, and the top influencer, by observable proxies.

    Parameters
    ----------
    transcript : Transcript
    gates : ndarray of shape (n_items, n_agents)
        Influence shares.
    fold : ndarray of int, shape (n_items,)
        Cross-validation folds; a question never stands in two.
    seed : int, default 0
        Seed of the forest.

    Returns
    -------
    Influencers

    Notes
    -----
    The ceiling is what the gates themselves reproduce: gates fitted item by item on odd rounds,
    held against those of even rounds. No proxy can explain more of a noisy target. It is NaN with
    fewer than four rounds.
    """
    features = observable_proxies(transcript)
    n_items, n_agents, n_proxies = features.shape
    flat = features.reshape(-1, n_proxies)
    target, group = gates.ravel(), np.repeat(fold, n_agents)
    centre, scale = flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-12)
    flat = (flat - centre) / scale
    rows, classes = [], []
    for name, make in _models(seed).items():
        guess = _crossed(make, flat, target, group)
        left = target - guess
        spread = float(((target - target.mean()) ** 2).sum())
        row: dict[str, Any] = {
            "model": name,
            "r2": 1 - float((left**2).sum()) / spread if spread > 1e-15 else np.nan,
            "rmse": float(np.sqrt((left**2).mean())),
            "n": len(target),
        }
        weights = np.full(n_proxies, np.nan)
        if name == "ridge":
            weights = make().fit(flat, target).coef_
        rows.append({**row, **dict(zip(PROXIES, map(float, weights), strict=True))})
        hit = guess.reshape(n_items, n_agents).argmax(1) == gates.argmax(1)
        classes.append((name, float(hit.mean()), 1 / n_agents, n_items))
    ceiling = _ceiling(transcript)
    rows.append({"model": "noise ceiling", "r2": ceiling.r2, "rmse": np.nan, "n": len(target)})
    classes.append(("noise ceiling", ceiling.top1, 1 / n_agents, n_items))
    return Influencers(
        pd.DataFrame(rows),
        pd.DataFrame(classes, columns=["model", "top1", "chance", "n"]),
    )


def predicted_risks(
    transcript: Transcript, risks: Array, fold: NDArray[np.int64], seed: int = 0
) -> Array:
    """Predict every agent's risk from round-0 features, on folds it was not fitted to.

    Parameters
    ----------
    transcript : Transcript
    risks : ndarray of shape (n_items, n_agents)
        Realised Brier losses.
    fold : ndarray of int, shape (n_items,)
    seed : int, default 0

    Returns
    -------
    ndarray of shape (n_items, n_agents)
    """
    features = observable_proxies(transcript)
    n_items, n_agents, _ = features.shape
    who = np.broadcast_to(np.eye(n_agents), (n_items, n_agents, n_agents))
    flat = np.concatenate([features, who], axis=-1).reshape(n_items * n_agents, -1)
    guess = _crossed(_models(seed)["forest"], flat, risks.ravel(), np.repeat(fold, n_agents))
    return guess.reshape(n_items, n_agents)


def _models(seed: int) -> dict[str, Any]:
    """Return makers of the two regressions."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Ridge

    return {
        "ridge": lambda: Ridge(alpha=1.0),
        "forest": lambda: RandomForestRegressor(random_state=seed, **FOREST),
    }


def _crossed(make: Any, features: Array, target: Array, group: NDArray[np.int64]) -> Array:
    """Predict each fold from the others."""
    guess = np.zeros_like(target)
    for fold in np.unique(group):
        inside = group == fold
        if inside.all():
            guess[inside] = target.mean()
            continue
        guess[inside] = make().fit(features[~inside], target[~inside]).predict(features[inside])
    return guess


@dataclass(frozen=True)
class _Ceiling:
    r2: float
    top1: float


def _ceiling(transcript: Transcript) -> _Ceiling:
    """Fit every item twice, on halves of its rounds, and see how well the halves agree."""
    from fjsim.fitting.rows.simplex import solve_rows

    if transcript.n_rounds < 4 or transcript.exchangeable:
        return _Ceiling(float("nan"), float("nan"))
    upto = [grams(transcript.first_rounds(at)) for at in range(1, transcript.n_rounds + 1)]
    rounds = [upto[0], *(later - earlier for earlier, later in pairwise(upto))]
    common = upto[-1].pooled()
    prior = solve_rows(common.products, common.targets, common.allowed).rows
    halves = []
    for start in (0, 1):
        part = reduce(Grams.__add__, rounds[start::2])
        rows = solve_rows(part.products, part.targets, part.allowed, prior).rows
        halves.append(finite_influence(rows, transcript.n_rounds).mean(axis=-2))
    first, second = halves
    if first.std() < 1e-12 or second.std() < 1e-12:
        return _Ceiling(float("nan"), float("nan"))
    # Two noisy copies correlate by the reliable share of one copy's variance.
    agreement = float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    return _Ceiling(max(agreement, 0.0), float((first.argmax(1) == second.argmax(1)).mean()))
