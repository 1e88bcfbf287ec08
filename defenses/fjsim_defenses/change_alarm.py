"""An alarm when a speaker stops moving as it used to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Memory, Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.fj_residual import predicted_statement
from fjsim_defenses.shared.mixtures import gated_mixture
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import Flags, distance, heard_beliefs, self_trusting


class Usual(NamedTuple):
    """How far each speaker used to be from what the law expects of it.

    Parameters
    ----------
    mean, square : ndarray of shape (..., n_agents)
        Mean residual and mean squared residual, the first guess included.
    weight : ndarray of shape (..., n_agents)
        How many rounds stand behind them.
    """

    mean: Array
    square: Array
    weight: Array


class AlarmState(NamedTuple):
    """What watching one question finds, each of shape (n_rounds_done - 1, ..., n_agents).

    Parameters
    ----------
    residual : ndarray
        Total variation between what was said and what the law expects, in [0, 1].
    alarmed : ndarray of bool
        Whether the alarm has gone off by that round; round 1 stands first.
    """

    residual: Array
    alarmed: Flags


@register("defense", "change-alarm")
@dataclass(frozen=True, kw_only=True)
class ChangeAlarm(TrustPolicy):
    """Cut a speaker for the rest of a question once its residual leaves what it used to be.

    Parameters
    ----------
    slack : float, default 1
        Standard deviations above its mean that a residual may lie each round at no cost, >= 0.
    limit : float, default 5
        Summed excess at which the alarm goes off, in standard deviations, > 0.
    smallest_spread : float, default 0.05
        Least standard deviation that is reckoned with, > 0.
    first_guess : float, default 0.1
        Mean and spread of an honest residual before any is seen, > 0.
    guess_weight : float, default 10
        How many rounds the first guess counts for, > 0.
    stubbornness, self_weight : float, default 0.1 and 0.3
        Parameters of an honest agent, declared or assumed.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    The residual ``r_j(t)`` is the total variation between what j says and what the law expects of
    it, given the gates then in force. Page's cumulative sum, afresh on every question: ``S_j <-
    max(0, S_j + (r_j - mu_j) / max(sigma_j, smallest_spread) - slack)``; the alarm goes off at
    ``S_j > limit``, and the gate is 0 from then on. ``mu_j`` and ``sigma_j`` are those of j's own
    rounds so far; rounds after an alarm teach nothing. ``python -m studies.change_alarm`` prints
    delays and false alarms.

    Sees
    ----
    All rounds of the question, and those of earlier ones as a mean and a spread.

    Assumes
    -------
    A speaker was honest for some questions first, and honest residuals keep their spread.

    Broken by
    ---------
    Attackers that are hostile from the first question on, whose residual is usual; those that
    follow the law from a false first view; and ``slow-drift`` below the slack.

    Price
    -----
    False alarms: none in 10 000 clean rounds of numeric teams that follow the law, many with the
    embedded model, whose agents hold or yield by question. The first hostile round of a question
    is heard (``rollback`` around it takes that back). No calls, no keys.

    References
    ----------
    .. [1] E. S. Page, "Continuous Inspection Schemes", Biometrika 41 (1954) 100-115,
       doi:10.1093/biomet/41.1-2.100.
    """

    memory: ClassVar[Memory] = "history"
    ranges: ClassVar[Ranges] = {
        "slack": ">= 0",
        "limit": "> 0",
        "smallest_spread": "> 0",
        "first_guess": "> 0",
        "guess_weight": "> 0",
        "stubbornness": "[0, 1]",
        "self_weight": "[0, 1]",
    }

    slack: float = 1.0
    limit: float = 5.0
    smallest_spread: float = 0.05
    first_guess: float = 0.1
    guess_weight: float = 10.0
    stubbornness: float = 0.1
    self_weight: float = 0.3

    def initial_state(self, n_agents: int) -> Usual:
        """Return the first guess for everybody."""
        mean = np.full(n_agents, self.first_guess)
        return Usual(mean, 2 * mean**2, np.full(n_agents, self.guess_weight))

    def gates(self, record: Record, state: Usual) -> Array:
        """Return 0 for speakers whose alarm has gone off, else 1."""
        alarmed = self.watched(record, state).alarmed
        last = alarmed[-1] if len(alarmed) else np.zeros(record.stated.shape[1:-1], dtype=np.bool_)
        return _wide(last)

    def update(self, record: Record, state: Usual, key: int | None) -> Usual:
        """Return what is usual after a question; rounds after an alarm are left out."""
        watch = self.watched(record, state)
        quiet = ~watch.alarmed
        count = quiet.sum(axis=0)
        total = state.weight + count
        mean = state.mean * state.weight + (quiet * watch.residual).sum(axis=0)
        square = state.square * state.weight + (quiet * watch.residual**2).sum(axis=0)
        return Usual(mean / total, square / total, total)

    def watched(self, record: Record, state: Usual) -> AlarmState:
        """Return the residuals of a question and when alarms went off.

        Parameters
        ----------
        record : Record
            All that was said so far.
        state : Usual
            What was usual before the question.
        """
        spread = np.sqrt(np.maximum(state.square - state.mean**2, self.smallest_spread**2))
        shape = record.stated.shape[1:-1]
        alarmed, total = np.zeros(shape, dtype=np.bool_), np.zeros(shape)
        residuals, alarms = [], []
        for number in range(1, record.round + 1):
            residual = self._residual(record, number, alarmed)
            excess = (residual - state.mean) / spread - self.slack
            total = np.maximum(0.0, total + excess)
            alarmed = alarmed | (total > self.limit)
            residuals.append(residual)
            alarms.append(alarmed)
        done = (record.round, *shape)
        return AlarmState(np.reshape(residuals, done), np.reshape(alarms, done).astype(np.bool_))

    def _residual(self, record: Record, number: int, alarmed: Flags) -> Array:
        said = np.nan_to_num(heard_beliefs(record, number - 1))
        first = np.nan_to_num(record.accepted[0])
        weights = record.influence
        mixture = gated_mixture(weights, _wide(alarmed), said, first, said, self.residual)
        expected = predicted_statement(record, number, mixture, self.stubbornness, self.self_weight)
        return distance(heard_beliefs(record, number), expected)


def _wide(alarmed: Flags) -> Array:
    """Return gates of 0 for speakers whose alarm has gone off, the same for all listeners."""
    trust = 1.0 - alarmed[..., None, :]
    return self_trusting(np.repeat(trust, alarmed.shape[-1], axis=-2))
