"""The mixture-of-experts ledger: what deliberation gains over simpler ways to pool beliefs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.fitting.findings.result import FJFit
from fjsim.ledger.calibration import calibration
from fjsim.ledger.influencers import Influencers, influencers, item_shares, predicted_risks
from fjsim.ledger.pooling import (
    JudgedItems,
    brier_risk,
    domain_risks,
    fit_shares,
    judged_team,
    mix,
    pooled_beliefs,
    sharpest,
)
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

N_RESAMPLES = 2000

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
        Calibration and reliability of each agent's round-0 belief.
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
        Seed of folds and resampling.

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

    team, kept = judged_team(transcript, domains, seed)
    used = fit or fit_transcript(transcript, "pooled", resamples=0)
    gates = item_shares(used, team.transcript)
    pooled = pooled_beliefs(team, gates, used)
    losses = {name: brier_risk(belief, team.truth) for name, belief in pooled.items()}
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
    name: str, loss: Array, best: Array, belief: Array, team: JudgedItems, draws: Array
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
    team: JudgedItems, gates: Array, pooled: dict[str, Array], draws: Array, seed: int
) -> pd.DataFrame:
    """Return specialisation gain, diversity and regret against three experts."""
    mixed = mix(gates, team.beliefs)
    diversity = (gates * ((team.beliefs - mixed[:, None]) ** 2).sum(-1)).sum(-1)
    average = (gates * team.risks).sum(-1)
    single = brier_risk(pooled["best single agent"], team.truth)
    learned = sharpest(-predicted_risks(team.transcript, team.risks, team.fold, seed))
    experts = {
        "learned": (learned * team.risks).sum(-1),
        "domain": (sharpest(-domain_risks(team)) * team.risks).sum(-1),
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


def _signs(losses: dict[str, Array], draws: Array, team: JudgedItems) -> pd.DataFrame:
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


__all__ = ["MixtureReport", "fit_shares", "mixture_ledger"]
