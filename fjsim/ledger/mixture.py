"""The mixture-of-experts ledger: what deliberation gains over simpler ways to pool beliefs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import predicted_beliefs
from fjsim.ledger.calibration import calibration
from fjsim.ledger.forest import made_forest
from fjsim.ledger.gates import ItemGates, acting_rows, item_gates, item_shares
from fjsim.ledger.pooling import (
    DOMAIN_ORACLE,
    LABEL_ORACLE,
    SINGLE,
    UNIFORM,
    JudgedItems,
    PooledBeliefs,
    domain_risks,
    judged_team,
    last_beliefs,
    mix,
    run_beside,
    sharpest,
    simple_rules,
)
from fjsim.ledger.proxies import observable_proxies
from fjsim.ledger.reading import read_mixture
from fjsim.ledger.resampling import interval, question_draws
from fjsim.ledger.theorems import (
    ACTUAL,
    ENSEMBLE,
    GATE,
    LAW,
    READ,
    Routed,
    paired_differences,
    signs,
    sources_of_gain,
)
from fjsim.records.transcript import Transcript

ORACLES = (LABEL_ORACLE, DOMAIN_ORACLE)


@dataclass(frozen=True)
class MixtureReport:
    """Everything about a team as a mixture of experts, as frames.

    Parameters
    ----------
    ledger : pandas.DataFrame
        One row per pooling rule: ``rule``, ``risk`` (Brier, lower is better), ``low``, ``high``
        (95 %, questions resampled), ``accuracy``, ``gain`` (best single agent's risk minus the
        rule's), ``gain_low``, ``gain_high``, ``oracle``, ``calls`` (turns per item), ``n``.
    pairs : pandas.DataFrame
        Paired differences between rules that a theorem speaks of; see `paired_differences`.
    sources : pandas.DataFrame
        Which part of the gain over a uniform vote is routing, and which is not; see
        `sources_of_gain`.
    terms : pandas.DataFrame
        Specialisation gain, local diversity and routing regret of the fitted gate against the
        experts: the one that features point to (out of sample), the domain's and the label's.
    signs : pandas.DataFrame
        Theorems of *Influencers* by name; see `fjsim.ledger.theorems.signs`.
    ranking : pandas.DataFrame
        ``auc``: whether right agents carry more influence than wrong ones, item by item.
    calibration, reliability : pandas.DataFrame
        Calibration and reliability of each agent's round-0 belief.
    gates : pandas.DataFrame
        The gate of every item.
    """

    ledger: pd.DataFrame
    pairs: pd.DataFrame
    sources: pd.DataFrame
    terms: pd.DataFrame
    signs: pd.DataFrame
    ranking: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
    gates: pd.DataFrame


def mixture_ledger(
    transcript: Transcript,
    fit: FJFit | None = None,
    *,
    gates: ItemGates | None = None,
    domains: tuple[str, ...] | None = None,
    against: Mapping[str, Transcript] | None = None,
    seed: int = 0,
) -> MixtureReport:
    r"""Set deliberation beside other ways to pool the same round-0 beliefs.

    Parameters
    ----------
    transcript : Transcript
        With keys; control items are left out.
    fit : FJFit, optional
        Gives the law that predicts the deliberation; default the fit of the gates.
    gates : ItemGates, optional
        Gates of the items without control items; default those of `fjsim.ledger.gates.item_gates`,
        which vary by question only where the law does.
    domains : tuple of str, length n_items, optional
        Subject of each item, for the domain oracle; default the transcript's. Without subjects
        there is no domain oracle.
    against : mapping of str to Transcript, optional
        Other runs on the same questions, by name: self-consistency or self-reflection at equal
        calls.
    seed : int, default 0
        Seed of folds and resampling.

    Returns
    -------
    MixtureReport

    Raises
    ------
    ParameterError
        If no item has a key and a round-0 belief of every agent, ``domains`` has another length
        than the transcript, or a run beside it lacks its questions.

    Notes
    -----
    Everything that is learned (best agent, sharpness, static weights) is learned on the other
    folds of questions. Brier risk :math:`\|p - e_y\|^2`. For any gate :math:`g`,
    :math:`r_{best} - r_{mix} = SG + D - RR` with :math:`D = \sum g_j\|b_j - \bar b\|^2`; on
    realised losses this is an identity, which is why the expert is chosen out of sample. The
    label oracle looks the answer up and overstates what routing can gain. Where peers read
    answers in place of beliefs, a deliberation mixes what was read: the theorems are tested on
    that mixture, and the gate on initial beliefs stands in the ledger beside it.

    References
    ----------
    .. [1] F. Bause, J. Niederle, M. Pawelczyk, R. Burkholz, "Multi-Agent Systems are Mixtures of
       Experts: Who Becomes an Influencer?", 2026, arXiv:2605.25929.
    """
    _check_domains(transcript, domains)
    used = treated(transcript)
    if domains is not None and transcript.control is not None:
        domains = tuple(np.array(domains)[~transcript.control].tolist())
    every = _gates_of(used, fit, seed) if gates is None else gates
    team, kept = judged_team(used, domains, seed)
    mine = every.select(kept)
    made = _Deliberated.of(team, mine, mine.fit if fit is None else fit)
    other = [run_beside(name, run, team) for name, run in (against or {}).items()]
    rules = {rule.name: rule for rule in (*simple_rules(team), *made.rules, *other)}
    draws = question_draws(team.question, seed)
    rows = [_ledger_row(rule, rules[SINGLE], team, draws) for rule in rules.values()]
    measured = calibration(team.beliefs, team.keys, _names(transcript))
    beside = tuple(rule.name for rule in other)
    return MixtureReport(
        ledger=pd.DataFrame(rows).sort_values("risk", ignore_index=True),
        pairs=paired_differences(rules, team, draws, beside),
        sources=sources_of_gain(
            rules[UNIFORM].beliefs, made.steady, made.gate, rules[ACTUAL].beliefs, team.truth, draws
        ),
        terms=_terms(team, mine.shares, rules[SINGLE], draws, seed),
        signs=signs(rules, made.gate, team, draws),
        ranking=_ranking(team, mine.shares, draws),
        calibration=measured.table,
        reliability=measured.reliability,
        gates=_gate_frame(team, mine.shares, kept),
    )


def _check_domains(transcript: Transcript, domains: tuple[str, ...] | None) -> None:
    if domains is not None and len(domains) != transcript.n_items:
        raise ParameterError(
            f"domains has {len(domains)} entries and the transcript {transcript.n_items} items; "
            "give the subject of each item"
        )


def _gates_of(transcript: Transcript, fit: FJFit | None, seed: int) -> ItemGates:
    """Return gates; of a crowd, whose seats have no identity, those of its one law."""
    if not transcript.exchangeable:
        return item_gates(transcript, seed=seed)
    from fjsim.fitting import fit as fit_transcript

    used = fit or fit_transcript(transcript, "exchangeable", resamples=0)
    shares = item_shares(used, transcript)
    known = np.ones(shares.shape, dtype=bool)
    why = "seats have no identity"
    return ItemGates(
        shares, acting_rows(used, transcript), known, used.model, False, why, None, used
    )


@dataclass(frozen=True, eq=False)
class _Deliberated:
    """What the team does, and what the fitted law makes of it."""

    rules: tuple[PooledBeliefs, ...]
    gate: Routed
    steady: Array

    @classmethod
    def of(cls, team: JudgedItems, gates: ItemGates, fit: FJFit) -> _Deliberated:
        given = team.transcript
        calls = float(given.n_agents * (given.n_rounds + 1))
        law = np.nan_to_num(predicted_beliefs(given, fit)[:, -1]).mean(axis=1)
        mean = np.broadcast_to(gates.shares.mean(axis=0), gates.shares.shape)
        by_item, steady = mix(gates.shares, team.beliefs), mix(mean, team.beliefs)
        rules = [
            PooledBeliefs(ACTUAL, last_beliefs(given), None, calls),
            PooledBeliefs(LAW, law, None, calls),
            PooledBeliefs(GATE, by_item, gates.shares, calls),
            PooledBeliefs(ENSEMBLE, steady, mean, calls),
        ]
        if given.peers_read in ("belief", "nothing"):
            return cls(tuple(rules), Routed(by_item, steady), steady)
        read = read_mixture(given, gates.rows)
        rules.append(PooledBeliefs(READ, read.mixed(), None, calls))
        return cls(tuple(rules), Routed(read.mixed(), read.unrouted()), read.unsharpened())


def _names(transcript: Transcript) -> tuple[str, ...]:
    return transcript.agents or tuple(map(str, range(transcript.n_agents)))


def _ledger_row(
    rule: PooledBeliefs, best: PooledBeliefs, team: JudgedItems, draws: Array
) -> dict[str, object]:
    loss = rule.risks(team.truth)
    risk, gain = interval(loss, draws), interval(best.risks(team.truth) - loss, draws)
    return {
        "rule": rule.name,
        "risk": risk.value,
        "low": risk.low,
        "high": risk.high,
        "accuracy": float((top_option(rule.beliefs) == team.keys).mean()),
        "gain": gain.value,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "oracle": rule.oracle,
        "calls": rule.calls,
        "n": len(loss),
    }


def _terms(
    team: JudgedItems, gates: Array, best: PooledBeliefs, draws: Array, seed: int
) -> pd.DataFrame:
    """Return specialisation gain, diversity and regret against the experts."""
    mixed = mix(gates, team.beliefs)
    diversity = (gates * ((team.beliefs - mixed[:, None]) ** 2).sum(-1)).sum(-1)
    average = (gates * team.risks).sum(-1)
    single = best.risks(team.truth)
    learned = sharpest(-predicted_risks(team, seed))
    experts = {"learned": (learned * team.risks).sum(-1)}
    if team.domains is not None:
        experts["domain"] = (sharpest(-domain_risks(team, team.domains)) * team.risks).sum(-1)
    experts["label"] = team.risks.min(axis=-1)
    rows = []
    for name, expert in experts.items():
        values = {
            "specialisation_gain": single - expert,
            "local_diversity": diversity,
            "routing_regret": average - expert,
        }
        for term, value in values.items():
            rows.append({"expert": name, "term": term, **vars(interval(value, draws))})
    return pd.DataFrame(rows)


def predicted_risks(team: JudgedItems, seed: int = 0) -> Array:
    """Predict every agent's risk from round-0 features, on folds it was not fitted to.

    Parameters
    ----------
    team : JudgedItems
    seed : int, default 0

    Returns
    -------
    ndarray of shape (n_items, n_agents)
    """
    features = observable_proxies(team.transcript).filled()
    n_items, n_agents, _ = features.shape
    who = np.broadcast_to(np.eye(n_agents), (n_items, n_agents, n_agents))
    features = np.nan_to_num(np.concatenate([features, who], axis=-1))
    guess = np.broadcast_to(team.risks.mean(axis=0), team.risks.shape).copy()
    for fold in np.unique(team.fold):
        inside = team.fold == fold
        if not inside.all():
            flat = features[~inside].reshape(-1, features.shape[-1])
            learned = made_forest(seed).fit(flat, team.risks[~inside].ravel())
            asked = features[inside].reshape(-1, features.shape[-1])
            guess[inside] = learned.predict(asked).reshape(-1, n_agents)
    return guess


def _ranking(team: JudgedItems, gates: Array, draws: Array) -> pd.DataFrame:
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


def _gate_frame(team: JudgedItems, gates: Array, kept: NDArray[np.intp]) -> pd.DataFrame:
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


__all__ = ["ORACLES", "MixtureReport", "mixture_ledger"]
