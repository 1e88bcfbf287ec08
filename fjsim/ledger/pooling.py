"""Ways to pool the round-0 beliefs of a team, each learned on other questions than it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.beliefs import confidence as belief_confidence
from fjsim.errors import ParameterError
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import predicted_beliefs
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

N_FOLDS = 5
SHARPNESS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Candidates of the confidence softmax; chosen on the training folds."""

Flags = NDArray[np.bool_]
GateRule = Callable[[Flags, Flags], Array]
"""``(training items, items to judge) -> gates`` of shape (n_judged, n_agents)."""


@dataclass(frozen=True)
class JudgedItems:
    """Items with a key on which everybody holds a round-0 belief.

    Parameters
    ----------
    transcript : Transcript
        Transcript of these items.
    beliefs : ndarray of shape (n_items, n_agents, n_options)
        Innate; 0 where an item has no such option.
    truth : ndarray of shape (n_items, n_options)
        One-hot keys.
    keys : ndarray of int, shape (n_items,)
    risks : ndarray of shape (n_items, n_agents)
        Brier risk of each agent's innate belief.
    fold, question, domains : ndarray of int, shape (n_items,)
    """

    transcript: Transcript
    beliefs: Array
    truth: Array
    keys: NDArray[np.int64]
    risks: Array
    fold: NDArray[np.int64]
    question: NDArray[np.int64]
    domains: NDArray[np.int64]


def judged_team(
    transcript: Transcript, domains: tuple[str, ...] | None, seed: int
) -> tuple[JudgedItems, NDArray[np.intp]]:
    """Keep the items that can be judged.

    Parameters
    ----------
    transcript : Transcript
    domains : tuple of str, length n_items, or None
        Subject of each item.
    seed : int
        Seed of the folds.

    Returns
    -------
    team : JudgedItems
    kept : ndarray of int
        Which items of the transcript these are.

    Raises
    ------
    ParameterError
        If there are fewer than two.
    """
    whole = transcript.valid[:, 0].all(axis=1) & (transcript.keys >= 0)
    if transcript.control is not None:
        whole &= ~transcript.control
    kept = np.flatnonzero(whole)
    if len(kept) < 2:
        raise ParameterError(
            "the ledger needs two items or more with a key and a round-0 belief of every agent"
        )
    part = transcript.select(kept)
    beliefs = np.nan_to_num(part.innate)
    truth = (np.arange(part.n_options) == part.keys[:, None]).astype(float)
    question = question_index(part.question_ids)
    order = stream(seed, "ledger-folds").permutation(int(question.max()) + 1)
    named = np.zeros(len(kept), dtype=np.int64)
    if domains is not None:
        named = np.unique(np.array(domains)[kept], return_inverse=True)[1].astype(np.int64)
    risks = ((beliefs - truth[:, None]) ** 2).sum(-1)
    return JudgedItems(
        part, beliefs, truth, part.keys, risks, (order % N_FOLDS)[question], question, named
    ), kept


def brier_risk(belief: Array, truth: Array) -> Array:
    """Return the summed squared gap to the truth, shape (...)."""
    return np.asarray(((belief - truth) ** 2).sum(axis=-1))


def mix(gates: Array, beliefs: Array) -> Array:
    """Weigh beliefs (n_items, n_agents, n_options) by gates (n_items, n_agents)."""
    return np.asarray((gates[..., None] * beliefs).sum(axis=1))


def pooled_beliefs(team: JudgedItems, gates: Array, fit: FJFit) -> dict[str, Array]:
    """Return the belief that each rule ends with, item by item.

    Parameters
    ----------
    team : JudgedItems
    gates : ndarray of shape (n_items, n_agents)
        Influence shares of every item.
    fit : FJFit
        Gives the law's own prediction.

    Returns
    -------
    dict of str to ndarray of shape (n_items, n_options)
    """
    n_agents = team.beliefs.shape[1]
    even = np.full((len(team.beliefs), n_agents), 1 / n_agents)
    sure = belief_confidence(team.transcript.innate)
    law = np.nan_to_num(predicted_beliefs(team.transcript, fit)[:, -1])
    reached = _last(team.transcript)
    static = np.broadcast_to(fit_shares(fit, gates), even.shape)
    rules = {
        "uniform soft vote": mix(even, team.beliefs),
        "majority vote": _vote(team.transcript.innate),
        "most confident": mix(sharpest(np.nan_to_num(sure, nan=-1.0)), team.beliefs),
        "confidence softmax": _learned(team, _softmax_rule(team, sure)),
        "best single agent": _learned(team, _single_rule(team)),
        "best static weights": _learned(team, _static_rule(team)),
        "pooled FJ ensemble": mix(static, team.beliefs),
        "FJ gate per item": mix(gates, team.beliefs),
        "actual deliberation": reached,
        "FJ-predicted deliberation": law.mean(axis=1),
        "domain oracle": mix(sharpest(-domain_risks(team)), team.beliefs),
        "label oracle": mix(sharpest(-team.risks), team.beliefs),
    }
    return {name: np.nan_to_num(belief) for name, belief in rules.items()}


def fit_shares(fit: FJFit, gates: Array) -> Array:
    """Return the influence shares that hold for all items.

    Parameters
    ----------
    fit : FJFit
    gates : ndarray of shape (n_items, n_agents)
        Per item, averaged where the fit has no shares of its own.
    """
    if np.isnan(fit.influence_shares).any():
        return np.asarray(gates.mean(axis=0))
    return fit.influence_shares


def _last(transcript: Transcript) -> Array:
    """Return the group's mean last belief, each agent's last valid one."""
    last = transcript.beliefs[:, 0].copy()
    for at in range(1, transcript.n_rounds + 1):
        there = transcript.valid[:, at]
        last = np.where(there[..., None], transcript.beliefs[:, at], last)
    return np.asarray(np.nan_to_num(last).mean(axis=1))


def _vote(innate: Array) -> Array:
    """Return one-hot majority answers; a tie is shared."""
    top = top_option(innate)
    votes = (top[..., None] == np.arange(innate.shape[-1])).sum(axis=1).astype(float)
    won = votes == votes.max(axis=-1, keepdims=True)
    return np.asarray(won / won.sum(axis=-1, keepdims=True))


def sharpest(values: Array) -> Array:
    """Return gates (n_items, n_agents) that put everything on the largest value; ties share."""
    best = values >= values.max(axis=-1, keepdims=True) - 1e-12
    return np.asarray(best / best.sum(axis=-1, keepdims=True))


def _learned(team: JudgedItems, rule: GateRule) -> Array:
    """Apply a rule that is learned on the other folds."""
    pooled = np.zeros_like(team.truth)
    for fold in np.unique(team.fold):
        inside = team.fold == fold
        train = ~inside if (~inside).any() else inside
        pooled[inside] = mix(rule(train, inside), team.beliefs[inside])
    return pooled


def _single_rule(team: JudgedItems) -> GateRule:
    def rule(train: Flags, test: Flags) -> Array:
        best = int(team.risks[train].mean(axis=0).argmin())
        gates = np.zeros((int(test.sum()), team.risks.shape[1]))
        gates[:, best] = 1.0
        return gates

    return rule


def _static_rule(team: JudgedItems) -> GateRule:
    def rule(train: Flags, test: Flags) -> Array:
        gaps = team.beliefs[train] - team.truth[train][:, None]
        products = np.einsum("qjk,qlk->jl", gaps, gaps)
        weights = solve_rows(products, np.zeros(len(products))).rows
        return np.broadcast_to(weights, (int(test.sum()), len(weights)))

    return rule


def _softmax(values: Array) -> Array:
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _softmax_rule(team: JudgedItems, sure: Array) -> GateRule:
    known = np.nan_to_num(sure)

    def rule(train: Flags, test: Flags) -> Array:
        risks = [
            brier_risk(
                mix(_softmax(beta * known[train]), team.beliefs[train]), team.truth[train]
            ).mean()
            for beta in SHARPNESS
        ]
        return _softmax(SHARPNESS[int(np.argmin(risks))] * known[test])

    return rule


def domain_risks(team: JudgedItems) -> Array:
    """Return each agent's mean risk in the item's domain, shape (n_items, n_agents)."""
    risks = np.zeros_like(team.risks)
    for domain in np.unique(team.domains):
        inside = team.domains == domain
        risks[inside] = team.risks[inside].mean(axis=0)
    return risks
