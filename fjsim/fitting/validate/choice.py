"""Which model to believe: the first of those that predict held-out questions about best."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.findings.identified import Choice
from fjsim.fitting.validate.comparison import HeldOut, Scores

MARGIN = 0.005
"""Difference of skill within which two models are held to be equally good."""

PROTOCOL = "held-out-questions"


def choose(held: HeldOut, candidates: tuple[str, ...]) -> Choice | None:
    """Choose among models by their predictions of held-out questions, one step ahead.

    Parameters
    ----------
    held : HeldOut
        With the candidates, and ``fitted-degroot``, under ``held-out-questions``.
    candidates : tuple of str
        In the order in which they are kept where they predict about as well.

    Returns
    -------
    Choice or None
        None where nothing was held out: a single question.

    Notes
    -----
    The first candidate whose skill is at most `MARGIN` below the best one's.
    """
    scores = held.scores.get(PROTOCOL, {})
    names = [name for name in candidates if name in scores]
    still = held.still.get(PROTOCOL)
    if not names or still is None or not still.gap.sum() > 0:
        return None
    skills = {name: _skill(scores[name], still) for name in names}
    best = max(names, key=lambda name: skills[name])
    model = next(name for name in names if skills[name] >= skills[best] - MARGIN)
    rivals = [name for name in names if name != model]
    rival = max(rivals, key=lambda name: skills[name]) if rivals else ""
    drawn = _Paired(held, still)
    none = (float("nan"),) * 3
    degroot = drawn.gap(scores[model], scores["fitted-degroot"]) if (
        "fitted-degroot" in scores
    ) else none  # fmt: skip
    against = drawn.gap(scores[model], scores[rival]) if rival else none
    return Choice(model, best, *drawn.gap(scores[model], still), *degroot, rival, *against, MARGIN)


def _skill(found: Scores, still: Scores) -> float:
    return float(1 - found.gap.mean() / still.gap.mean())


class _Paired:
    """Differences of skill with intervals, questions resampled."""

    def __init__(self, held: HeldOut, still: Scores) -> None:
        self.turns = held.turns[PROTOCOL]
        self.still = still

    def gap(self, one: Scores, other: Scores) -> tuple[float, float, float]:
        """Return the skill of one model minus another's, with its 95 % interval."""
        better = other.gap - one.gap
        value = float(better.mean() / self.still.gap.mean())
        base: Array = self.turns.resampled(self.still.gap)
        drawn = self.turns.resampled(better)[base > 0] / base[base > 0]
        if len(drawn) == 0:
            return value, float("nan"), float("nan")
        low, high = np.quantile(drawn, [0.025, 0.975])
        return value, float(low), float(high)
