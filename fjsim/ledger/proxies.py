"""What a bystander can see of each agent before anybody has listened to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, confidence, top_option, total_variation
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.rows.hearing import Flags
from fjsim.records.transcript import Transcript

Places = NDArray[np.int64]

SELF_ASSESSED = "self-assessed confidence"
STATED = "stated confidence"
RELATIVE = "relative confidence"
PERCEIVED = "perceived confidence"
ALIGNMENT = "initial alignment"
COMPETENCE = "competence history"

PROXIES = (STATED, SELF_ASSESSED, RELATIVE, PERCEIVED, ALIGNMENT, COMPETENCE)
"""Every observable proxy of influence, in the order in which they are shown."""

NOT_ASKED = "not asked: set probe=perceived-confidence"
NOT_STATED = "not stated: no turn of round 0 carries one"
NO_KEYS = "no keys: nobody knows who was right"

PRIOR_ANSWERS = 4.0
"""Answers of all subjects that count as much as those of the subject itself."""


@dataclass(frozen=True, eq=False)
class Proxies:
    """Proxies that a log holds.

    Parameters
    ----------
    names : tuple of str
        Names from `PROXIES`.
    values : ndarray of shape (n_items, n_agents, n_proxies)
        NaN where an agent has none.
    absent : mapping of str to str
        The others, and why the log does not hold them.
    """

    names: tuple[str, ...]
    values: Array
    absent: Mapping[str, str]

    def without(self, names: tuple[str, ...], why: str) -> Proxies:
        """Return the same without some of them."""
        kept = [at for at, name in enumerate(self.names) if name not in names]
        gone = {name: why for name in self.names if name in names}
        return Proxies(
            tuple(self.names[at] for at in kept), self.values[..., kept], {**self.absent, **gone}
        )

    def filled(self) -> Array:
        """Return the values, a missing one by the mean of its item."""
        known = ~np.isnan(self.values)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        means = np.nansum(self.values, axis=1, keepdims=True) / count
        return np.where(known, self.values, means)


def observable_proxies(transcript: Transcript) -> Proxies:
    r"""Return what a bystander could see of each agent in round 0.

    Parameters
    ----------
    transcript : Transcript
        Rounds after round 0 are not read.

    Returns
    -------
    Proxies

    Notes
    -----
    *Self-assessed* confidence is :math:`1 - H(b)/\log K` of the agent's own belief; *stated* what
    it said; *relative* its stated confidence (self-assessed where none was stated) minus the
    largest of the others'; *perceived* how sure its listeners found it when they were asked
    aside, on average; *alignment* the mean :math:`1 - TV` with the others' beliefs; *competence
    history* the share of the *other* questions of the same subject that it answered right in
    round 0, shrunk to its share of all others. A proxy that was not recorded is absent.
    """
    innate = transcript.innate
    sure = confidence(innate)
    stated = _stated(transcript)
    found = {
        STATED: stated,
        SELF_ASSESSED: sure,
        RELATIVE: relative(sure if stated is None else stated),
        PERCEIVED: _perceived(transcript),
        ALIGNMENT: _alignment(innate),
        COMPETENCE: competence_history(transcript),
    }
    why = {STATED: NOT_STATED, PERCEIVED: NOT_ASKED, COMPETENCE: NO_KEYS}
    there = {name: value for name, value in found.items() if value is not None}
    return Proxies(
        tuple(there),
        np.stack(list(there.values()), axis=-1),
        {name: why[name] for name in PROXIES if name not in there},
    )


def relative(values: Array) -> Array:
    """Return each agent's value minus the largest of the others', shape (n_items, n_agents)."""
    n_agents = values.shape[1]
    if n_agents < 2:
        return np.zeros_like(values)
    shown = np.nan_to_num(values, nan=-np.inf)
    others = np.where(np.eye(n_agents, dtype=bool), -np.inf, shown[:, None, :]).max(axis=-1)
    return np.where(np.isfinite(others), values - others, np.nan)


def _stated(transcript: Transcript) -> Array | None:
    if transcript.confidence is None or np.isnan(transcript.confidence[:, 0]).all():
        return None
    return transcript.confidence[:, 0]


def _perceived(transcript: Transcript) -> Array | None:
    if transcript.perceived is None or np.isnan(transcript.perceived).all():
        return None
    asked = (~np.isnan(transcript.perceived)).sum(axis=1)
    total = np.nansum(transcript.perceived, axis=1)
    return np.where(asked > 0, total / np.maximum(asked, 1), np.nan)


def _alignment(innate: Array) -> Array:
    alike = 1 - total_variation(innate[:, :, None], innate[:, None, :])
    alike = np.where(np.eye(innate.shape[1], dtype=bool), np.nan, alike)
    there = (~np.isnan(alike)).sum(axis=-1)
    mean = np.nansum(alike, axis=-1) / np.maximum(there, 1)
    return np.where(there > 0, mean, np.nan)


def competence_history(transcript: Transcript) -> Array | None:
    """Return how often each agent was right on other questions, shape (n_items, n_agents).

    Parameters
    ----------
    transcript : Transcript
        With ``subjects``, questions of the same subject count; a question is never its own
        evidence, nor are its replicas.

    Returns
    -------
    ndarray of shape (n_items, n_agents), or None
        None without keys, or with a single question.
    """
    counted = transcript.keys >= 0
    if not counted.any():
        return None
    right = np.asarray(top_option(transcript.innate) == transcript.keys[:, None])
    there = np.asarray(transcript.valid[:, 0] & counted[:, None])
    question = question_index(transcript.question_ids)
    everything = np.zeros(len(question), dtype=np.int64)
    share = _elsewhere(right, there, question, everything)
    if not np.isfinite(share.right).any() or not share.count.any():
        return None
    overall = share.right / np.maximum(share.count, 1)
    if not transcript.subjects:
        return np.where(share.count > 0, overall, np.nan)
    named = np.unique(np.array(transcript.subjects), return_inverse=True)[1]
    subject = np.asarray(named, dtype=np.int64)
    near = _elsewhere(right, there, question, subject)
    return (near.right + PRIOR_ANSWERS * overall) / (near.count + PRIOR_ANSWERS)


@dataclass(frozen=True)
class _Elsewhere:
    right: Array
    count: Array


def _elsewhere(right: Flags, there: Flags, question: Places, group: Places) -> _Elsewhere:
    """Count right answers to the other questions of the same group."""

    def sums(values: Array) -> Array:
        totals = np.zeros((int(group.max()) + 1, values.shape[1]))
        np.add.at(totals, group, values)
        own = np.zeros((int(question.max()) + 1, values.shape[1]))
        np.add.at(own, question, values)
        return np.asarray(totals[group] - own[question])

    return _Elsewhere(sums((right & there).astype(float)), sums(there.astype(float)))
