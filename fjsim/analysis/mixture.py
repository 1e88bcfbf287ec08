"""The mixture-of-experts ledger: what deliberation gains over simpler ways to pool beliefs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.analysis.calibration import calibration
from fjsim.analysis.influencers import Influencers, influencers, item_shares
from fjsim.beliefs import Array, top_option
from fjsim.beliefs import confidence as belief_confidence
from fjsim.errors import ParameterError
from fjsim.fitting.bootstrap import question_index
from fjsim.fitting.prediction import predicted_beliefs
from fjsim.fitting.result import FJFit
from fjsim.fitting.simplex import solve_rows
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

N_FOLDS = 5
N_RESAMPLES = 2000
SHARPNESS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Candidates of the confidence softmax; chosen on the training folds."""

ORACLES = ("label oracle", "domain oracle")


@dataclass(frozen=True)
class MixtureReport:
    """Everything about a team as a mixture of experts, as frames.

    Parameters
    ----------
    ledger : pandas.DataFrame
        One row per pooling rule: ``rule``, ``risk`` (Brier, lower is better), ``low``, ``high``
        (95 %, questions resampled), ``accuracy``, ``gain`` (best single agent's risk minus the
        rule's), ``gain_low``, ``gain_high``, ``oracle``, ``n``.
    terms : pandas.DataFrame
        Specialisation gain, local diversity and routing regret of the fitted gate against three
        experts: the one that features point to (out of sample), the domain's and the label's.
    signs : pandas.DataFrame
        Theorems of *Influencers* by name: ``theorem``, ``claim``, ``value``, ``low``, ``high``,
        ``sign``.
    ranking : pandas.DataFrame
        ``auc``: whether right agents carry more influence than wrong ones, item by item.
    calibration, reliability : pandas.DataFrame
        Of each agent's round-0 belief.
    influence, classification, gates : pandas.DataFrame
        Regression of influence on observable proxies, classification of the top influencer, and
        the gate of every item.
    """

    ledger: pd.DataFrame
    terms: pd.DataFrame
    signs: pd.DataFrame
    ranking: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
    influence: pd.DataFrame
    classification: pd.DataFrame
    gates: pd.DataFrame


@dataclass(frozen=True)
class _Team:
    """Items with a key on which everybody holds a round-0 belief."""

    transcript: Transcript
    beliefs: Array
    truth: Array
    keys: NDArray[np.int64]
    risks: Array
    fold: NDArray[np.int64]
    question: NDArray[np.int64]
    domains: NDArray[np.int64]


def mixture_ledger(
    transcript: Transcript,
    fit: FJFit | None = None,
    *,
    domains: tuple[str, ...] | None = None,
    seed: int = 0,
) -> MixtureReport:
    r"""Set deliberation beside other ways to pool the same round-0 beliefs.

    Parameters
    ----------
    transcript : Transcript
        With keys.
    fit : FJFit, optional
        Gives the gates; default a pooled fit.
    domains : tuple of str, length n_items, optional
        Subject of each item, for the domain oracle; default the question's identity cannot tell,
        so all items share one domain.
    seed : int, default 0
        Of folds and resampling.

    Returns
    -------
    MixtureReport

    Raises
    ------
    ParameterError
        If no item has a key and a round-0 belief of every agent.

    Notes
    -----
    Everything that is learned (best agent, sharpness, static weights) is learned on the other
    folds of questions. Brier risk :math:`\|p - e_y\|^2`. For any gate :math:`g`,
    :math:`r_{best} - r_{mix} = SG + D - RR` with :math:`D = \sum g_j\|b_j - \bar b\|^2`; on
    realised losses this is an identity, which is why the expert is chosen out of sample. The
    label oracle looks the answer up and overstates what routing can gain.

    References
    ----------
    .. [1] F. Bause, J. Niederle, M. Pawelczyk, R. Burkholz, "Multi-Agent Systems are Mixtures of
       Experts: Who Becomes an Influencer?", 2026, arXiv:2605.25929.
    """
    from fjsim.fitting import fit as fit_transcript

    team, kept = _team(transcript, domains, seed)
    used = fit or fit_transcript(transcript, "pooled", resamples=0)
    gates = item_shares(used, team.transcript)
    pooled = _pooled(team, gates, used)
    losses = {name: _risk(belief, team.truth) for name, belief in pooled.items()}
    first = losses["best single agent"]
    draws = _draws(team.question, seed)
    ledger = pd.DataFrame(
        [_ledger_row(name, losses[name], first, pooled[name], team, draws) for name in pooled]
    ).sort_values("risk", ignore_index=True)
    proxies: Influencers = influencers(team.transcript, gates, team.fold, seed)
    measured = calibration(team.beliefs, team.keys, _names(transcript))
    return MixtureReport(
        ledger=ledger,
        terms=_terms(team, gates, pooled, draws, seed),
        signs=_signs(losses, draws, team),
        ranking=_ranking(team, gates, draws),
        calibration=measured.table,
        reliability=measured.reliability,
        influence=proxies.regression,
        classification=proxies.classification,
        gates=_gate_frame(team, gates, kept),
    )


def _names(transcript: Transcript) -> tuple[str, ...]:
    return transcript.agents or tuple(map(str, range(transcript.n_agents)))


def _team(
    transcript: Transcript, domains: tuple[str, ...] | None, seed: int
) -> tuple[_Team, NDArray[np.intp]]:
    """Keep the items that can be judged."""
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
    return _Team(
        part, beliefs, truth, part.keys, risks, (order % N_FOLDS)[question], question, named
    ), kept


def _risk(belief: Array, truth: Array) -> Array:
    return np.asarray(((belief - truth) ** 2).sum(axis=-1))


def _mix(gates: Array, beliefs: Array) -> Array:
    return np.asarray((gates[..., None] * beliefs).sum(axis=1))


def _pooled(team: _Team, gates: Array, fit: FJFit) -> dict[str, Array]:
    """Return the belief that each rule ends with, item by item."""
    n_agents = team.beliefs.shape[1]
    even = np.full((len(team.beliefs), n_agents), 1 / n_agents)
    sure = belief_confidence(team.transcript.innate)
    law = np.nan_to_num(predicted_beliefs(team.transcript, fit)[:, -1])
    reached = _last(team.transcript)
    static = np.broadcast_to(fit_shares(fit, gates), even.shape)
    rules = {
        "uniform soft vote": _mix(even, team.beliefs),
        "majority vote": _vote(team.transcript.innate),
        "most confident": _mix(_chosen(np.nan_to_num(sure, nan=-1.0)), team.beliefs),
        "confidence softmax": _learned(team, _softmax_rule(team, sure)),
        "best single agent": _learned(team, _single_rule(team)),
        "best static weights": _learned(team, _static_rule(team)),
        "pooled FJ ensemble": _mix(static, team.beliefs),
        "FJ gate per item": _mix(gates, team.beliefs),
        "actual deliberation": reached,
        "FJ-predicted deliberation": law.mean(axis=1),
        "domain oracle": _mix(_chosen(-_domain_risk(team)), team.beliefs),
        "label oracle": _mix(_chosen(-team.risks), team.beliefs),
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


def _chosen(values: Array) -> Array:
    """Return gates that put everything on the largest value; ties are shared."""
    best = values >= values.max(axis=-1, keepdims=True) - 1e-12
    return np.asarray(best / best.sum(axis=-1, keepdims=True))


def _learned(team: _Team, rule: object) -> Array:
    """Apply a rule that is learned on the other folds."""
    pooled = np.zeros_like(team.truth)
    for fold in np.unique(team.fold):
        inside = team.fold == fold
        train = ~inside if (~inside).any() else inside
        pooled[inside] = _mix(rule(train, inside), team.beliefs[inside])  # type: ignore[operator]
    return pooled


def _single_rule(team: _Team) -> object:
    def rule(train: NDArray[np.bool_], test: NDArray[np.bool_]) -> Array:
        best = int(team.risks[train].mean(axis=0).argmin())
        gates = np.zeros((int(test.sum()), team.risks.shape[1]))
        gates[:, best] = 1.0
        return gates

    return rule


def _static_rule(team: _Team) -> object:
    def rule(train: NDArray[np.bool_], test: NDArray[np.bool_]) -> Array:
        gaps = team.beliefs[train] - team.truth[train][:, None]
        products = np.einsum("qjk,qlk->jl", gaps, gaps)
        weights = solve_rows(products, np.zeros(len(products))).rows
        return np.broadcast_to(weights, (int(test.sum()), len(weights)))

    return rule


def _softmax(values: Array) -> Array:
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _softmax_rule(team: _Team, sure: Array) -> object:
    known = np.nan_to_num(sure)

    def rule(train: NDArray[np.bool_], test: NDArray[np.bool_]) -> Array:
        risks = [
            _risk(
                _mix(_softmax(beta * known[train]), team.beliefs[train]), team.truth[train]
            ).mean()
            for beta in SHARPNESS
        ]
        return _softmax(SHARPNESS[int(np.argmin(risks))] * known[test])

    return rule


def _domain_risk(team: _Team) -> Array:
    """Return each agent's mean risk in the item's domain."""
    risks = np.zeros_like(team.risks)
    for domain in np.unique(team.domains):
        inside = team.domains == domain
        risks[inside] = team.risks[inside].mean(axis=0)
    return risks


def _draws(question: NDArray[np.int64], seed: int) -> Array:
    """Draw questions; returns how often each item counts, shape (n_resamples, n_items)."""
    n_questions = int(question.max()) + 1
    drawn = stream(seed, "ledger-bootstrap").multinomial(
        n_questions, np.full(n_questions, 1 / n_questions), size=N_RESAMPLES
    )
    return drawn[:, question].astype(float)


def _ends(values: Array, draws: Array) -> tuple[float, float]:
    means = (draws @ values) / np.maximum(draws.sum(axis=1), 1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _ledger_row(
    name: str, loss: Array, best: Array, belief: Array, team: _Team, draws: Array
) -> dict[str, object]:
    low, high = _ends(loss, draws)
    gain_low, gain_high = _ends(best - loss, draws)
    return {
        "rule": name,
        "risk": float(loss.mean()),
        "low": low,
        "high": high,
        "accuracy": float((top_option(belief) == team.keys).mean()),
        "gain": float((best - loss).mean()),
        "gain_low": gain_low,
        "gain_high": gain_high,
        "oracle": name in ORACLES,
        "n": len(loss),
    }


def _terms(
    team: _Team, gates: Array, pooled: dict[str, Array], draws: Array, seed: int
) -> pd.DataFrame:
    """Return specialisation gain, diversity and regret against three experts."""
    from fjsim.analysis.influencers import predicted_risks

    mixed = _mix(gates, team.beliefs)
    diversity = (gates * ((team.beliefs - mixed[:, None]) ** 2).sum(-1)).sum(-1)
    average = (gates * team.risks).sum(-1)
    single = _risk(pooled["best single agent"], team.truth)
    learned = _chosen(-predicted_risks(team.transcript, team.risks, team.fold, seed))
    experts = {
        "learned": (learned * team.risks).sum(-1),
        "domain": (_chosen(-_domain_risk(team)) * team.risks).sum(-1),
        "label": team.risks.min(axis=-1),
    }
    rows = []
    for name, expert in experts.items():
        values = {
            "specialisation_gain": single - expert,
            "local_diversity": diversity,
            "routing_regret": average - expert,
        }
        for term, value in values.items():
            low, high = _ends(value, draws)
            rows.append((name, term, float(value.mean()), low, high))
    return pd.DataFrame(rows, columns=["expert", "term", "value", "low", "high"])


def _signs(losses: dict[str, Array], draws: Array, team: _Team) -> pd.DataFrame:
    """Return the signs that the theorems are about."""
    gate = losses["FJ gate per item"]
    claims = (
        ("Theorem 2.4", "the gate beats the best single agent", losses["best single agent"]),
        ("Theorem 2.5", "the gate beats the best static weights", losses["best static weights"]),
    )
    rows = []
    for theorem, claim, other in claims:
        gain = other - gate
        low, high = _ends(gain, draws)
        sign = 1 if low > 0 else -1 if high < 0 else 0
        rows.append((theorem, claim, float(gain.mean()), low, high, sign))
    return pd.DataFrame(rows, columns=["theorem", "claim", "value", "low", "high", "sign"])


def _ranking(team: _Team, gates: Array, draws: Array) -> pd.DataFrame:
    """Return the probability that a right agent has more influence than a wrong one."""
    right = top_option(team.transcript.innate) == team.keys[:, None]
    pairs = right[:, :, None] & ~right[:, None, :]
    ahead = gates[:, :, None] > gates[:, None, :]
    equal = gates[:, :, None] == gates[:, None, :]
    won = (pairs * (ahead + 0.5 * equal)).sum(axis=(1, 2))
    count = pairs.sum(axis=(1, 2)).astype(float)
    if not count.sum():
        return pd.DataFrame([(np.nan, np.nan, np.nan, 0)], columns=["auc", "low", "high", "n"])
    means = (draws @ won) / np.maximum(draws @ count, 1)
    low, high = np.quantile(means, [0.025, 0.975])
    return pd.DataFrame(
        [(float(won.sum() / count.sum()), float(low), float(high), int((count > 0).sum()))],
        columns=["auc", "low", "high", "n"],
    )


def _gate_frame(team: _Team, gates: Array, kept: NDArray[np.intp]) -> pd.DataFrame:
    """Return the gate of every item."""
    n_items, n_agents = gates.shape
    return pd.DataFrame(
        {
            "item": np.repeat(kept, n_agents),
            "question": np.repeat(team.transcript.question_ids, n_agents),
            "agent": np.tile(_names(team.transcript), n_items),
            "influence": gates.ravel(),
            "risk": team.risks.ravel(),
        }
    )
