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
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

N_FOLDS = 5
SHARPNESS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Candidates of the confidence softmax; chosen on the training folds."""

UNIFORM = "uniform soft vote"
MAJORITY = "majority vote"
MOST_CONFIDENT = "most confident"
SOFTMAX = "confidence softmax"
SINGLE = "best single agent"
STATIC = "best static weights"
DOMAIN_ORACLE = "domain oracle"
LABEL_ORACLE = "label oracle"
CONSISTENCY = "self-consistency (votes of all replicas)"

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
    fold, question : ndarray of int, shape (n_items,)
    domains : ndarray of int, shape (n_items,), or None
        None where the questions' subjects are not known.
    """

    transcript: Transcript
    beliefs: Array
    truth: Array
    keys: NDArray[np.int64]
    risks: Array
    fold: NDArray[np.int64]
    question: NDArray[np.int64]
    domains: NDArray[np.int64] | None


def judged_team(
    transcript: Transcript, domains: tuple[str, ...] | None, seed: int
) -> tuple[JudgedItems, NDArray[np.intp]]:
    """Keep the items that can be judged.

    Parameters
    ----------
    transcript : Transcript
    domains : tuple of str, length n_items, or None
        Subject of each item; default those of the transcript.
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
        If there are fewer than two, or ``domains`` has another length.
    """
    given = transcript.subjects if domains is None else domains
    if given and len(given) != transcript.n_items:
        raise ParameterError(
            f"domains has {len(given)} entries and the transcript {transcript.n_items} items; "
            "give the subject of each item"
        )
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
    named: NDArray[np.int64] | None = None
    if given:
        named = np.unique(np.array(given)[kept], return_inverse=True)[1].astype(np.int64)
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


@dataclass(frozen=True, eq=False)
class PooledBeliefs:
    """One way to pool, on every item.

    Parameters
    ----------
    name : str
    beliefs : ndarray of shape (n_items, n_options)
    gates : ndarray of shape (n_items, n_agents), or None
        Weights on the initial beliefs, where it is a mixture of them.
    calls : float
        Turns that it takes per item.
    oracle : bool
        Whether it looks at keys that nobody has while the team deliberates.
    """

    name: str
    beliefs: Array
    gates: Array | None = None
    calls: float = 0.0
    oracle: bool = False

    def risks(self, truth: Array) -> Array:
        """Return the Brier risk of every item."""
        return brier_risk(self.beliefs, truth)


def simple_rules(team: JudgedItems) -> tuple[PooledBeliefs, ...]:
    """Return the rules that need no deliberation, each learned on other folds.

    Parameters
    ----------
    team : JudgedItems
    """
    n_agents = team.beliefs.shape[1]
    sure = belief_confidence(team.transcript.innate)
    gates = {
        UNIFORM: np.full(team.risks.shape, 1 / n_agents),
        MOST_CONFIDENT: sharpest(np.nan_to_num(sure, nan=-1.0)),
        SOFTMAX: _learned(team, _softmax_rule(team, sure)),
        SINGLE: _learned(team, _single_rule(team)),
        STATIC: _learned(team, _static_rule(team)),
    }
    found = [
        PooledBeliefs(name, mix(gate, team.beliefs), gate, n_agents) for name, gate in gates.items()
    ]
    found.append(PooledBeliefs(MAJORITY, _vote(team.transcript.innate), None, n_agents))
    if team.domains is not None:
        gate = sharpest(-domain_risks(team, team.domains))
        found.append(PooledBeliefs(DOMAIN_ORACLE, mix(gate, team.beliefs), gate, n_agents, True))
    gate = sharpest(-team.risks)
    found.append(PooledBeliefs(LABEL_ORACLE, mix(gate, team.beliefs), gate, n_agents, True))
    votes = _all_votes(team)
    return (*found, votes) if votes is not None else tuple(found)


def _all_votes(team: JudgedItems) -> PooledBeliefs | None:
    """Return the vote of all initial answers to a question, those of its replicas included."""
    copies = np.bincount(team.question)
    if copies.max() < 2:
        return None
    top = top_option(team.transcript.innate)
    votes = (top[..., None] == np.arange(team.truth.shape[1])).sum(axis=1).astype(float)
    total = np.zeros((len(copies), votes.shape[1]))
    np.add.at(total, team.question, votes)
    won = total == total.max(axis=-1, keepdims=True)
    belief = (won / won.sum(axis=-1, keepdims=True))[team.question]
    calls = float(copies.mean() * team.beliefs.shape[1])
    return PooledBeliefs(CONSISTENCY, np.asarray(belief), None, calls)


def run_beside(name: str, other: Transcript, team: JudgedItems) -> PooledBeliefs:
    """Return what another run ends with on the same questions.

    Parameters
    ----------
    name : str
        What to call it, for example ``self-reflection``.
    other : Transcript
        Its replicas of a question are averaged.
    team : JudgedItems

    Raises
    ------
    ParameterError
        If it lacks a question, or has another number of options.
    """
    asked = team.transcript.question_ids
    lacking = sorted(set(asked) - set(other.question_ids))
    if lacking or other.n_options != team.truth.shape[1]:
        raise ParameterError(
            f"'{name}' cannot stand beside this run: it lacks {len(lacking)} of its "
            f"{len(set(asked))} questions, or its questions have other options; "
            "run it on the same questions"
        )
    reached = last_beliefs(other)
    index = question_index(other.question_ids)
    total = np.zeros((int(index.max()) + 1, reached.shape[1]))
    np.add.at(total, index, reached)
    place = {name: at for name, at in zip(other.question_ids, index.tolist(), strict=True)}
    belief = total[[place[question] for question in asked]]
    belief = belief / np.maximum(belief.sum(axis=-1, keepdims=True), 1e-12)
    copies = other.n_items / len(total)
    return PooledBeliefs(name, belief, None, float(other.n_agents * (other.n_rounds + 1) * copies))


def last_beliefs(transcript: Transcript) -> Array:
    """Return the group's mean last belief, each agent's last valid one.

    Returns
    -------
    ndarray of shape (n_items, n_options)
    """
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
    """Return the gates of a rule that is learned on the other folds."""
    gates = np.zeros_like(team.risks)
    for fold in np.unique(team.fold):
        inside = team.fold == fold
        train = ~inside if (~inside).any() else inside
        gates[inside] = rule(train, inside)
    return gates


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


def domain_risks(team: JudgedItems, domains: NDArray[np.int64]) -> Array:
    """Return each agent's mean risk in the item's domain, shape (n_items, n_agents)."""
    risks = np.zeros_like(team.risks)
    for domain in np.unique(domains):
        inside = domains == domain
        risks[inside] = team.risks[inside].mean(axis=0)
    return risks
