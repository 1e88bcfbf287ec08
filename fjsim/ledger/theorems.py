"""Paired differences between ways to pool, and the signs of the theorems that speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fjsim.beliefs import Array
from fjsim.ledger.pooling import (
    MAJORITY,
    MOST_CONFIDENT,
    SINGLE,
    SOFTMAX,
    STATIC,
    UNIFORM,
    JudgedItems,
    PooledBeliefs,
    brier_risk,
    mix,
)
from fjsim.ledger.resampling import Interval, interval

ACTUAL = "actual deliberation"
LAW = "FJ-predicted deliberation"
GATE = "FJ gate per item"
READ = "mixture over what was read"
ENSEMBLE = "pooled FJ ensemble"

PAIRS = (
    (ACTUAL, SINGLE, "Theorem 2.4"),
    (ACTUAL, STATIC, "Theorem 2.5"),
    (ACTUAL, UNIFORM, ""),
    (ACTUAL, MAJORITY, ""),
    (ACTUAL, MOST_CONFIDENT, ""),
    (ACTUAL, ENSEMBLE, ""),
    (ACTUAL, LAW, "Proposition 2.1"),
    (MOST_CONFIDENT, STATIC, "Theorem 2.6"),
    (SOFTMAX, STATIC, "Theorem 2.7"),
)
"""Which rule is set beside which, and what speaks of it."""


@dataclass(frozen=True, eq=False)
class Routed:
    """A rule whose weights may depend on the question, and the same rule under its mean weights.

    Parameters
    ----------
    beliefs, unrouted : ndarray of shape (n_items, n_options)
    """

    beliefs: Array
    unrouted: Array


def by_mean_gate(rule: PooledBeliefs, team: JudgedItems) -> Routed:
    """Return a rule beside the mixture under its own mean gate."""
    assert rule.gates is not None, "a mixture of initial beliefs has gates"
    even = np.broadcast_to(rule.gates.mean(axis=0), rule.gates.shape)
    return Routed(rule.beliefs, mix(even, team.beliefs))


def signs(
    rules: Mapping[str, PooledBeliefs], gate: Routed, team: JudgedItems, draws: Array
) -> pd.DataFrame:
    r"""Return what the theorems claim, and what is found.

    Parameters
    ----------
    rules : mapping of str to PooledBeliefs
    gate : Routed
        The mixture that the deliberation is.
    team : JudgedItems
    draws : ndarray of shape (n_resamples, n_items)

    Returns
    -------
    pandas.DataFrame
        ``theorem``, ``claim``, ``value``, ``low``, ``high`` of the gain that it speaks of,
        ``routing``, ``static`` and ``uniform`` with their ends, and ``sign``.

    Notes
    -----
    A gate that is the same for all questions may beat *learned* static weights because these pay
    for what they learn. The sign is therefore +1 only where the gain, the gain over the rule's
    own mean gate (routing proper), over the learned static weights and over uniform ones are all
    positive by their 95 % intervals; -1 where the gain itself is negative; else 0.
    """
    routers = {
        "2.4": (gate, SINGLE, "the gate beats the best single agent"),
        "2.5": (gate, STATIC, "the gate beats the best static weights"),
        "2.6": (
            by_mean_gate(rules[MOST_CONFIDENT], team),
            STATIC,
            "the most confident agent beats the best static weights",
        ),
        "2.7": (
            by_mean_gate(rules[SOFTMAX], team),
            STATIC,
            "weights by confidence beat the best static weights",
        ),
    }
    risks = {name: rules[name].risks(team.truth) for name in (SINGLE, STATIC, UNIFORM)}
    rows = []
    for number, (routed, against, claim) in routers.items():
        own = brier_risk(routed.beliefs, team.truth)
        gain = interval(risks[against] - own, draws)
        parts = {
            "routing": interval(brier_risk(routed.unrouted, team.truth) - own, draws),
            "static": interval(risks[STATIC] - own, draws),
            "uniform": interval(risks[UNIFORM] - own, draws),
        }
        sign = _sign(gain, parts)
        row = {"theorem": f"Theorem {number}", "claim": claim, **vars(gain)}
        for name, part in parts.items():
            row |= {name: part.value, f"{name}_low": part.low, f"{name}_high": part.high}
        rows.append({**row, "sign": sign})
    return pd.DataFrame(rows)


def _sign(gain: Interval, parts: Mapping[str, Interval]) -> int:
    if gain.high < 0:
        return -1
    return int(all(part.low > 0 for part in (gain, *parts.values())))


def paired_differences(
    rules: Mapping[str, PooledBeliefs], team: JudgedItems, draws: Array, beside: tuple[str, ...]
) -> pd.DataFrame:
    """Return gains of one rule over another on the same questions.

    Parameters
    ----------
    rules : mapping of str to PooledBeliefs
    team : JudgedItems
    draws : ndarray of shape (n_resamples, n_items)
    beside : tuple of str
        Further rules that the deliberation is set beside.

    Returns
    -------
    pandas.DataFrame
        ``rule``, ``against``, ``about``, and ``value``, ``low``, ``high``: Brier risk of the
        second minus that of the first, positive where the first is better.
    """
    pairs = (*PAIRS, *((ACTUAL, name, "") for name in beside))
    rows = []
    for rule, against, about in pairs:
        if rule not in rules or against not in rules:
            continue
        gain = rules[against].risks(team.truth) - rules[rule].risks(team.truth)
        rows.append(
            {"rule": rule, "against": against, "about": about, **vars(interval(gain, draws))}
        )
    return pd.DataFrame(rows)


def sources_of_gain(
    uniform: Array, steady: Array, gate: Routed, actual: Array, truth: Array, draws: Array
) -> pd.DataFrame:
    """Split what the deliberation gains over a uniform soft vote.

    Parameters
    ----------
    uniform, steady, actual : ndarray of shape (n_items, n_options)
        The uniform vote; initial beliefs under every item's mean weights; the last beliefs.
    gate : Routed
        The mixture that the deliberation is, and the same under mean weights.
    truth : ndarray of shape (n_items, n_options)
    draws : ndarray of shape (n_resamples, n_items)

    Returns
    -------
    pandas.DataFrame
        ``part``, ``value``, ``low``, ``high``; the parts sum to ``all``. *Standing weights* are
        those of all questions, *sharpening* comes from reading answers in place of beliefs,
        *routing* from weights by question, *beyond the law* is what the fit does not hold.
    """
    path = [brier_risk(b, truth) for b in (uniform, steady, gate.unrouted, gate.beliefs, actual)]
    names = ("standing weights", "sharpening", "routing", "beyond the law")
    parts = {
        name: before - after for name, before, after in zip(names, path, path[1:], strict=False)
    }
    parts["all"] = path[0] - path[-1]
    return pd.DataFrame(
        [{"part": name, **vars(interval(gain, draws))} for name, gain in parts.items()]
    )
