"""What was learned from a speaker that is trusted no longer is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Record, Restored
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.around import Around, Block, until
from fjsim_defenses.shared.mixtures import gated_mixture
from fjsim_defenses.shared.readings import Flags, self_trusting


@register("defense", "rollback")
@dataclass(frozen=True, kw_only=True)
class Rollback(Around):
    """Cut a speaker for good once its gate falls low, and take back what was learned from it.

    Parameters
    ----------
    around : str or mapping, default 'stubbornness-detector'
        The defense whose gates decide.
    bound : float, default 0.5
        A gate below it cuts the speaker for that listener through the rest of the question, in
        (0, 1].
    stubbornness, self_weight : float, default 0.1 and 0.3
        Parameters of an honest agent, declared or assumed, by which beliefs are told again.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``; the inner defense's own do not count.

    Notes
    -----
    A seat's belief depends on a speaker that is cut if it heard it at a gate above 0, or heard
    somebody whose belief does. Whenever a further speaker is cut, the beliefs that depend on one
    are told again from round 0, which is the last state that does not: by the law, under the
    inner defense's gates on the beliefs so told, the cut speakers at 0. Listeners go on from
    them, and are heard by them, in the next round; the log keeps what was said. For numeric
    agents with these parameters this is exactly where they would stand had the speaker been cut
    from the start. A language model's turn is told by the law as well, and nobody is asked
    again. No parameters can be fitted to a run whose beliefs were taken back, and none predict
    it.

    Sees
    ----
    What the inner defense sees, and all rounds of the question.

    Assumes
    -------
    Benign seats follow the law with the parameters given.

    Broken by
    ---------
    Whatever the inner defense never cuts; wrong parameters leave a trace of what was heard.

    Price
    -----
    Turns told again (metric ``told_again``), at no call; who is cut by mistake stays silent.

    References
    ----------
    .. [1] E. N. M. Elnozahy, L. Alvisi, Y.-M. Wang and D. B. Johnson, "A survey of
       rollback-recovery protocols in message-passing systems", ACM Computing Surveys 34 (2002)
       375-408, doi:10.1145/568522.568525.
    """

    restores: ClassVar[bool] = True
    ranges: ClassVar[Ranges] = {
        "bound": "(0, 1]",
        "stubbornness": "[0, 1]",
        "self_weight": "[0, 1]",
    }

    around: Block = "stubbornness-detector"
    bound: float = 0.5
    stubbornness: float = 0.1
    self_weight: float = 0.3

    def gates(self, record: Record, state: Any) -> Array:
        """Return the inner defense's gates, 0 for whoever fell below the bound before."""
        return _without(*list(self._history(record, state))[-1])

    def restored(self, record: Record, state: Any) -> Restored | None:
        """Tell the question again where the last round has cut a further speaker.

        Parameters
        ----------
        record : Record
            All that was said so far.
        state : object
            The inner defense's.
        """
        if record.round == 0:
            return None
        history = list(self._history(record, state))
        cut = history[-1][1]
        grew = np.asarray((cut & ~history[-2][1]).any(axis=(-2, -1)))[..., None]
        if not np.any(grew):
            return None
        told, depends, turns = record, np.zeros(record.stated.shape[1:-1], dtype=np.bool_), 0
        for number in range(1, record.round + 1):
            depends = self._depending(record, history[number - 1][0], cut, depends)
            told = self._told(record, told, number, cut, depends, state)
            turns = turns + depends.sum(axis=-1)
        fresh = depends & grew
        beliefs = np.where(fresh[..., None], told.accepted[-1], np.nan)
        return Restored(beliefs, np.where(fresh.any(axis=-1), turns, 0))

    def _history(self, record: Record, state: Any) -> Iterator[tuple[Array, Flags]]:
        """Yield the inner gates before each round from 1, and who was cut by then."""
        cut = np.zeros(record.influence.shape, dtype=np.bool_)
        for done in range(1, record.round + 2):
            gates = self_trusting(_mean(self.inner.gates(until(record, done), state), record))
            cut = cut | (gates < self.bound)
            yield gates, cut

    def _depending(self, record: Record, gates: Array, cut: Flags, depends: Flags) -> Flags:
        """Return whose belief of a round rests on a speaker that is cut."""
        liars = cut.any(axis=-2)
        heard = (record.influence > 0) & (gates > 0)
        through = heard & (cut | depends[..., None, :])
        return np.asarray((depends | through.any(axis=-1)) & ~liars)

    def _told(
        self,
        record: Record,
        told: Record,
        number: int,
        cut: Flags,
        depends: Flags,
        state: Any,
    ) -> Record:
        """Return the record with one round told again for who depends."""
        before = until(told, number)
        gates = self_trusting(_mean(self.inner.gates(before, state), record))
        said, own = np.nan_to_num(before.accepted[-1]), np.nan_to_num(before.accepted[-1])
        innate = np.nan_to_num(record.accepted[0])
        mixed = gated_mixture(
            record.influence, _without(gates, cut), said, innate, own, self.residual
        )
        drift = self.self_weight * own + (1 - self.self_weight) * mixed
        law = self.stubbornness * innate + (1 - self.stubbornness) * drift
        accepted, answers = told.accepted.copy(), told.answers.copy()
        accepted[number] = np.where(depends[..., None], law, record.accepted[number])
        answers[number] = np.where(depends, top_option(law), record.answers[number])
        stated = np.where(depends[..., None], accepted[number], record.stated[number])
        return replace(
            told,
            stated=np.concatenate([told.stated[:number], stated[None], told.stated[number + 1 :]]),
            accepted=accepted,
            answers=answers,
        )


def _mean(gates: Array, record: Record) -> Array:
    return gates if gates.ndim == record.influence.ndim else gates.mean(axis=-1)


def _without(gates: Array, cut: Flags) -> Array:
    """Return the gates with those of cut speakers at 0."""
    return np.where(cut, 0.0, gates)
