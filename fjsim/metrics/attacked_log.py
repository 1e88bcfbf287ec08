"""How well an attack went in a log of others, whose adversaries may sit elsewhere in every item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Arm
from fjsim.metrics.counting import Tally, tally
from fjsim.metrics.evidence import Evidence, Mask
from fjsim.metrics.intervals import LEVEL, NOTHING, Estimate, per_question, resamples
from fjsim.metrics.keys import MetricKey
from fjsim.metrics.known import registered
from fjsim.metrics.pair import paired
from fjsim.metrics.success import right_at_first, tops
from fjsim.records import ABSENT, Transcript

OF_AN_ATTACK = (
    "attack_success_rate", "targeted_attack_success_rate", "accuracy_initial", "accuracy_final",
    "takeover_observed", "flips_observed", "displacement",
)  # fmt: skip
DOSES = (0.0, 0.25, 0.5, 1.0)
"""Ends of the classes of attention: none, up to a quarter, up to a half, more."""


@dataclass(frozen=True)
class Dose:
    """Attack success among those who gave hostile speakers so much of their attention.

    Parameters
    ----------
    above, to : float
        The class: more than ``above``, at most ``to``; both 0 for no attention at all.
    success : Estimate
        Among those right at round 0, the share that is not right at the last round.
    """

    above: float
    to: float
    success: Estimate


@dataclass(frozen=True)
class AttackedLog:
    """What an attack did.

    Parameters
    ----------
    roles : mapping of str to int
        How many (item, agent) have each role; empty text for none.
    estimates : mapping of str to Estimate
        By the names of the metrics; ``flips_from_first`` is the share of those not at the target
        at round 0 that is there at the end.
    doses : tuple of Dose
        Attack success by the share of attention on hostile speakers.
    slope : Estimate
        By how much attack success rises from no attention to all of it: a straight line.
    """

    roles: Mapping[str, int]
    estimates: Mapping[str, Estimate]
    doses: tuple[Dose, ...]
    slope: Estimate

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "roles": dict(self.roles),
            **{name: found.as_dict() for name, found in self.estimates.items()},
            "dose_response": [
                {"above": dose.above, "to": dose.to, **dose.success.as_dict()}
                for dose in self.doses
            ],
            "dose_slope": self.slope.as_dict(),
        }


def attacked_log(
    attacked: Transcript, clean: Transcript | None = None, seed: int = 0
) -> AttackedLog | None:
    """Measure an attack on a log.

    Parameters
    ----------
    attacked : Transcript
        With ``roles``, or with seats in its attacked arm.
    clean : Transcript, optional
        The same items without an attack; the same seats are left out there.
    seed : int
        Seed of the bootstrap over questions.

    Returns
    -------
    AttackedLog or None
        None where nobody is hostile, or where there are no answers to be right or wrong about.
    """
    hostile = attacked.hostile
    if not hostile.any() or attacked.opinions:
        return None
    arms: dict[Arm, Transcript] = {"attacked": benign_only(attacked, hostile)}
    if clean is not None:
        pair = paired(attacked, clean)
        first, second = (benign_only(arm, pair.attacked.hostile) for arm in pair)
        arms = {"attacked": first, "clean": second}
    evidence, known = Evidence(arms), registered()
    estimates = {
        name: _estimate(evidence, "attacked", name, seed) for name in OF_AN_ATTACK if name in known
    }
    if clean is not None:
        estimates["no_attack_flip_rate"] = _estimate(evidence, "clean", "no_attack_flip_rate", seed)
    view = arms["attacked"]
    estimates["flips_from_first"] = flips_from_first(view).estimate(seed)
    attention = hostile_attention(attacked if clean is None else pair.attacked)
    doses, slope = _dose_response(view, attention, seed)
    return AttackedLog(_roles(attacked), estimates, doses, slope)


def benign_only(transcript: Transcript, hostile: Mask) -> Transcript:
    """Return a transcript in which hostile agents never spoke, for metrics of all others.

    Parameters
    ----------
    transcript : Transcript
    hostile : ndarray of bool, shape (n_items, n_agents)
    """
    out = hostile[:, None]
    return replace(
        transcript,
        beliefs=np.where(out[..., None], np.nan, transcript.beliefs),
        answers=np.where(out, -1, transcript.answers),
        validity=np.where(out, ABSENT, transcript.validity),
        seats=(),
        roles=(),
    )


def hostile_attention(transcript: Transcript) -> Array:
    """Return the share of its attention that each agent gave to hostile speakers.

    Parameters
    ----------
    transcript : Transcript
        Its ``given_influence`` are the shares; without it, everybody heard counts alike.

    Returns
    -------
    ndarray of shape (n_items, n_agents)
        Mean over the rounds after round 0; a round in which nobody was heard counts as 0.
    """
    heard = (transcript.heard_round[:, 1:] >= 0) & ~np.eye(transcript.n_agents, dtype=bool)
    shares = heard.astype(float)
    if transcript.given_influence is not None:
        shares = np.where(heard, transcript.given_influence[:, 1:], 0.0)
    bad = (shares * transcript.hostile[:, None, None, :]).sum(axis=-1)
    total = shares.sum(axis=-1)
    return np.asarray(np.divide(bad, total, out=np.zeros_like(bad), where=total > 0).mean(axis=1))


def flips_from_first(view: Transcript) -> Tally:
    """Count agents that were not at the target at round 0, and those of them there at the end."""
    if view.targets is None:
        return Tally((), np.zeros(0), np.zeros(0))
    top, targets = top_option(view.beliefs), view.targets[:, None]
    base = view.valid[:, 0] & view.valid[:, -1] & (targets >= 0) & (top[:, 0] != targets)
    return tally(view, base & (top[:, -1] == targets), base)


def _estimate(evidence: Evidence, arm: Arm, name: str, seed: int) -> Estimate:
    counted = evidence.counted(MetricKey(name, arm), registered()[name])
    return NOTHING if counted is None else counted.estimate(seed)


def _roles(attacked: Transcript) -> dict[str, int]:
    spoke = attacked.valid.any(axis=1)
    if not attacked.roles:
        hostile = int((attacked.hostile & spoke).sum())
        return {"hostile": hostile, "benign": int(spoke.sum()) - hostile}
    names = np.array(attacked.roles, dtype=object)[spoke].astype(str)
    found, counts = np.unique(names, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _dose_response(
    view: Transcript, attention: Array, seed: int
) -> tuple[tuple[Dose, ...], Estimate]:
    """Return attack success by attention, in classes and as a line."""
    base = right_at_first(view, -1)
    lost = base & (tops(view)[:, -1] != view.keys[:, None])
    doses = []
    for above, to in zip((-1.0, *DOSES), DOSES, strict=False):
        inside = base & (attention > above) & (attention <= to)
        success = tally(view, lost & inside, inside).estimate(seed)
        doses.append(Dose(max(above, 0.0), to, success))
    return tuple(doses), _slope(view, attention, base, lost, seed)


def _slope(view: Transcript, attention: Array, base: Mask, lost: Mask, seed: int) -> Estimate:
    """Fit a straight line by least squares; its interval is bootstrapped over questions."""
    x, y = np.where(base, attention, 0.0), lost.astype(float)
    sums = np.array(
        [
            per_question(part.sum(axis=1), view.question_ids)
            for part in (base, x, y * base, x * x, x * y)
        ]
    ).T
    value = _line(sums.sum(axis=0))
    if not np.isfinite(value):
        return NOTHING
    drawn = _line(resamples(len(sums), seed) @ sums)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high), int(base.sum()))


def _line(sums: Array) -> Array:
    """Return the slope for sums of 1, x, y, x x and x y; NaN where x does not differ."""
    n, x, y, xx, xy = np.moveaxis(sums, -1, 0)
    below = n * xx - x * x
    varies = below > 1e-9 * np.maximum(n * xx, 1e-300)
    slope = np.divide(n * xy - x * y, below, out=np.zeros_like(below), where=varies)
    return np.where(varies, slope, np.nan)
