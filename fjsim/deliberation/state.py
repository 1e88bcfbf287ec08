"""What has been said on one item in one arm so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.deliberation.item import Item
from fjsim.deliberation.likeness import likeness
from fjsim.deliberation.team import Team
from fjsim.records import Turn
from fjsim.records.transcript import LONGEST_OPENING


class ItemState:
    """The turns of one item in one arm, round by round.

    Parameters
    ----------
    team : Team
    item : Item

    Attributes
    ----------
    perceived : ndarray of shape (n_agents, n_agents) or None
        What the probe after round 0 found; None without one.
    casting : ndarray of int, shape (n_votes,), or None
        What voters from outside the team answered; None where nobody was asked.
    """

    def __init__(self, team: Team, item: Item) -> None:
        self.perceived: Array | None = None
        self.casting: NDArray[np.int64] | None = None
        self._team = team
        self._item = item
        self._rounds: list[dict[int, Turn]] = [{}]
        self._alike: Array | None = None
        self._restored: dict[tuple[int, int], Turn] = {}

    def begin_round(self) -> None:
        """Open the next round, in which nobody has spoken yet."""
        if len(self._rounds) == 1:
            self._alike = self._likeness()
        self._rounds.append({})

    def keep(self, turn: Turn) -> None:
        """Keep a turn of a round that has begun."""
        self._rounds[turn.round][turn.agent] = turn

    def turns(self, number: int) -> Mapping[int, Turn]:
        """Return a round's turns so far, by seat."""
        return self._rounds[number]

    def restore(self, beliefs: Array) -> None:
        """Take beliefs of the last round back to others; what was said stays on record.

        Parameters
        ----------
        beliefs : ndarray of shape (n_agents, n_options)
            NaN for seats that keep theirs.
        """
        last = len(self._rounds) - 1
        for seat, turn in self._rounds[last].items():
            if turn.belief is not None and not np.isnan(beliefs[seat]).any():
                restored = turn._replace(belief=tuple(beliefs[seat].tolist()))
                self._restored[last, seat] = restored

    def heard(self, number: int) -> dict[int, Turn]:
        """Return a round's turns as others are to hear them, by seat."""
        turns = self._rounds[number]
        return {seat: self._restored.get((number, seat), turn) for seat, turn in turns.items()}

    def belief(self, seat: int, number: int) -> Array | None:
        """Return the seat's last belief up to a round; a missing turn changes nothing.

        A belief that was taken back counts as what it was taken back to.

        Parameters
        ----------
        seat, number : int
            Whose belief, and the last round that counts.

        Returns
        -------
        ndarray of shape (n_options,) or None
        """
        for at in range(min(number, len(self._rounds) - 1), -1, -1):
            turn = self._restored.get((at, seat)) or self._rounds[at].get(seat)
            if turn is not None and turn.belief is not None:
                return np.array(turn.belief)
        return None

    def own_view(self, seat: int) -> Array | None:
        """Return the seat's accepted belief of the round before, where it stated another one."""
        if not self._team.rules.self_view:
            return None
        turn = self.heard(len(self._rounds) - 2).get(seat)
        if turn is None or turn.belief is None or turn.belief == turn.stated_belief:
            return None
        return np.array(turn.belief)

    def record(self) -> Record:
        """Return all that was said so far, as arrays."""
        n_agents, n_options = self._team.n_agents, self._item.question.n_options
        shape = (len(self._rounds), n_agents)
        stated, accepted = np.full((2, *shape, n_options), np.nan)
        answers, confidence = np.full(shape, -1), np.full(shape, np.nan)
        for number, turns in enumerate(self._rounds):
            for seat, turn in turns.items():
                if turn.stated_belief is not None and turn.belief is not None:
                    stated[number, seat], accepted[number, seat] = turn.stated_belief, turn.belief
                if turn.answer is not None:
                    answers[number, seat] = turn.answer
                if turn.confidence is not None:
                    confidence[number, seat] = turn.confidence
        influence, question = self._team.influence, self._item.question.id
        alike = self._likeness() if len(self._rounds) == 1 else self._alike
        aside = self.perceived, self.casting, alike
        return Record(question, influence, stated, accepted, answers, confidence, *aside)

    def _likeness(self) -> Array | None:
        """Compare the words of round 0, where a policy reads them."""
        if not self._team.reads_words:
            return None
        turns = self._rounds[0]
        said = [turns.get(seat) for seat in range(self._team.n_agents)]
        return likeness(
            ["" if turn is None else (turn.reason or turn.text)[:LONGEST_OPENING] for turn in said]
        )
