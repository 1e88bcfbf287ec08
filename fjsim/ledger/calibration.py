"""Whether stated beliefs deserve their confidence: reliability and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fjsim.beliefs import Array

N_BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Calibration of each agent's round-0 belief.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per agent: ``agent``, ``ece`` (expected calibration error), ``accuracy``,
        ``mean_confidence``, ``n``.
    reliability : pandas.DataFrame
        One row per agent and filled bin: ``agent``, ``low``, ``high``, ``mean_confidence``,
        ``accuracy``, ``n``.
    """

    table: pd.DataFrame
    reliability: pd.DataFrame


def calibration(
    beliefs: Array, keys: np.ndarray, names: tuple[str, ...], n_bins: int = N_BINS
) -> Calibration:
    r"""Measure each agent's calibration.

    Parameters
    ----------
    beliefs : ndarray of shape (n_items, n_agents, n_options)
        NaN where an agent has none.
    keys : ndarray of int, shape (n_items,)
        Right options, >= 0.
    names : tuple of str, length n_agents
    n_bins : int, default 10
        Bins of equal width over [0, 1].

    Returns
    -------
    Calibration

    Notes
    -----
    Confidence is the largest entry of the belief; :math:`ECE = \sum_b n_b |acc_b - conf_b| / n`.
    Ties count as wrong.
    """
    from fjsim.beliefs import top_option

    top = top_option(beliefs)
    sure = np.nan_to_num(beliefs, nan=0.0).max(axis=-1)
    right = top == keys[:, None]
    there = np.asarray(~np.isnan(beliefs).all(axis=-1))
    rows, bins = [], []
    edges = np.linspace(0, 1, n_bins + 1)
    for agent, name in enumerate(names):
        kept = there[:, agent]
        confidence, correct = sure[kept, agent], right[kept, agent].astype(float)
        place = np.clip(np.digitize(confidence, edges[1:-1]), 0, n_bins - 1)
        error = 0.0
        for at in range(n_bins):
            inside = place == at
            if not inside.any():
                continue
            mean, share = float(confidence[inside].mean()), float(correct[inside].mean())
            error += float(inside.mean()) * abs(mean - share)
            bins.append((name, edges[at], edges[at + 1], mean, share, int(inside.sum())))
        blank = not kept.any()
        rows.append(
            (
                name,
                np.nan if blank else error,
                np.nan if blank else float(correct.mean()),
                np.nan if blank else float(confidence.mean()),
                int(kept.sum()),
            )
        )
    return Calibration(
        pd.DataFrame(rows, columns=["agent", "ece", "accuracy", "mean_confidence", "n"]),
        pd.DataFrame(bins, columns=["agent", "low", "high", "mean_confidence", "accuracy", "n"]),
    )
