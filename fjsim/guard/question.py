"""One open question of a team: who said what, as the arrays that a defense reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Message as SeatMessage
from fjsim.contracts import Record
from fjsim.guard.message import Message
from fjsim.guard.options import Options


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One statement with its answer read.

    Parameters
    ----------
    answer : int or None
    belief : ndarray of shape (n_options,) or None
        Stated, or the confidence on the answer.
    confidence : float or None
    """

    answer: int | None
    belief: Array | None
    confidence: float | None

    def same(self, other: Said) -> bool:
        """Say whether both say the same."""
        if self.answer != other.answer or (self.belief is None) != (other.belief is None):
            return False
        if self.belief is None or other.belief is None:
            return True
        wide = max(len(self.belief), len(other.belief))
        return np.array_equal(_widened(self.belief, wide), _widened(other.belief, wide))


def _widened(belief: Array, n_options: int) -> Array:
    return np.pad(belief, (0, n_options - len(belief)))


class OpenQuestion:
    """What was said on one question so far.

    Parameters
    ----------
    name : str
    influence : ndarray of shape (n_agents, n_agents)
    options : Options
    """

    def __init__(self, name: str, influence: Array, options: Options) -> None:
        self.name, self.influence, self.options = name, influence, options
        self.rounds: list[dict[int, Said]] = []
        self.heard: dict[tuple[int, int], int] = {}
        """How many statements of a speaker a listener has heard: (listener, speaker)."""
        self._record: Record | None = None
        self._backing: Counter[int] | None = None
        self._latest: dict[int, int] = {}
        shape = (2, len(influence))
        self._beliefs: Array = np.full((*shape, len(options)), np.nan)
        self._answers: NDArray[np.int64] = np.full(shape, -1)
        self._confidence: Array = np.full(shape, np.nan)

    def understood(self, message: Message) -> Said:
        """Return a message with its answer and belief read."""
        answer, belief = self.options.read(message), message.stated_belief(len(self.options))
        if belief is None and answer is not None:
            shown = SeatMessage(0, 0, answer, None, message.confidence)
            belief = shown.expressed(len(self.options))
        if answer is None and belief is not None:
            top = int(top_option(belief))
            answer = top if top >= 0 else None
        return Said(answer, belief, message.confidence)

    def next_round(self, seat: int) -> int:
        """Return the first round in which a seat has said nothing yet."""
        return self._latest[seat] + 1 if seat in self._latest else 0

    def on_record(self, seat: int, number: int) -> Said | None:
        """Return what a seat said in a round, if anything."""
        return self.rounds[number].get(seat) if number < len(self.rounds) else None

    def keep(self, seat: int, number: int, said: Said) -> None:
        """Put a statement on record."""
        while len(self.rounds) <= number:
            self.rounds.append({})
        self.rounds[number][seat] = said
        self._latest[seat] = max(number, self._latest.get(seat, 0))
        self._write(seat, number, said)
        self._record = self._backing = None

    def last(self, seat: int) -> tuple[int, Said] | None:
        """Return a seat's last statement and its round."""
        number = self._latest.get(seat)
        return None if number is None else (number, self.rounds[number][seat])

    def backing(self, option: int, without: int) -> int:
        """Return how many first answers back an option, one seat's own left out."""
        if not self.rounds:
            return 0
        first = self.rounds[0]
        if self._backing is None:
            self._backing = Counter(one.answer for one in first.values() if one.answer is not None)
        own = first.get(without)
        return self._backing[option] - int(own is not None and own.answer == option)

    def record(self) -> Record:
        """Return all that was said so far, as arrays; NaN where nothing was."""
        if self._record is None:
            self._record = self._built()
        return self._record

    def _built(self) -> Record:
        n_rounds, n_options = max(1, len(self.rounds)), len(self.options)
        beliefs = self._beliefs[:n_rounds, :, :n_options].copy()
        answers, confidence = self._answers[:n_rounds].copy(), self._confidence[:n_rounds].copy()
        return Record(self.name, self.influence, beliefs, beliefs, answers, confidence)

    def _write(self, seat: int, number: int, said: Said) -> None:
        """Put a statement into the arrays, which grow as needed."""
        self._make_room(number + 1, len(self.options))
        spoke = said.belief is not None
        self._beliefs[number, seat] = 0.0 if spoke else np.nan
        if said.belief is not None:
            self._beliefs[number, seat, : len(said.belief)] = said.belief
        self._answers[number, seat] = -1 if said.answer is None else said.answer
        self._confidence[number, seat] = np.nan if said.confidence is None else said.confidence

    def _make_room(self, n_rounds: int, n_options: int) -> None:
        rounds, n_agents, options = self._beliefs.shape
        if n_rounds <= rounds and n_options <= options:
            return
        more = (max(rounds, 2 * n_rounds), n_agents, max(options, n_options))
        beliefs = np.full(more, np.nan)
        beliefs[:rounds, :, :options] = self._beliefs
        # An answer that nobody knew of had no probability when somebody spoke.
        spoke = ~np.isnan(self._beliefs).all(axis=-1, keepdims=True)
        beliefs[:rounds, :, options:] = np.where(spoke, 0.0, np.nan)
        answers, confidence = np.full(more[:2], -1), np.full(more[:2], np.nan)
        answers[:rounds], confidence[:rounds] = self._answers, self._confidence
        self._beliefs, self._answers, self._confidence = beliefs, answers, confidence

    def as_json(self) -> dict[str, Any]:
        """Return the question as plain values."""
        return {
            "options": None if self.options.is_open else self.options.names,
            "collected": self.options.names if self.options.is_open else [],
            "rounds": [
                [
                    [seat, said.answer, _listed(said.belief), said.confidence]
                    for seat, said in sorted(spoken.items())
                ]
                for spoken in self.rounds
            ],
            "heard": [[*pair, count] for pair, count in sorted(self.heard.items())],
        }

    def take(self, values: dict[str, Any]) -> None:
        """Put back what `as_json` gave."""
        if self.options.is_open:
            self.options.names = [str(name) for name in values["collected"]]
        for number, spoken in enumerate(values["rounds"]):
            while len(self.rounds) <= number:
                self.rounds.append({})
            for seat, answer, belief, sure in spoken:
                array = None if belief is None else np.array(belief, dtype=float)
                self.keep(int(seat), number, Said(answer, array, sure))
        self.heard = {(int(a), int(b)): int(count) for a, b, count in values["heard"]}


def _listed(belief: Array | None) -> list[float] | None:
    return None if belief is None else [float(value) for value in belief]
