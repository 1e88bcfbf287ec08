"""The adversary at work on one item: exactly the view its threat model allows, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Attack, Message, Power, Record, Sight, Stance, View
from fjsim.deliberation.hearing import message_of
from fjsim.deliberation.item import Item
from fjsim.deliberation.team import Team
from fjsim.records import Turn
from fjsim.seeds import stream


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in a deliberation something happens.

    Parameters
    ----------
    number : int
        The round that is being played.
    said : mapping of int to Turn
        What each seat said last.
    record : Record
        All that was said before this round.
    gates : ndarray or None
        The defense's gates of this round.
    """

    number: int
    said: Mapping[int, Turn]
    record: Record
    gates: Array | None = None


class Adversary:
    """One attack on one item.

    Parameters
    ----------
    team : Team
    item : Item
    """

    def __init__(self, team: Team, item: Item) -> None:
        assert team.attack is not None, "the clean arm has no adversary"
        self.attack: Attack = team.attack
        self.seats = team.seats
        self.target = -1
        self._team = team
        self._item = item

    def choose_target(self, benign: Sequence[Array] | None) -> None:
        """Fix what it is after on this item.

        Parameters
        ----------
        benign : sequence of ndarray of shape (n_options,), or None
            Round-0 beliefs of the benign agents, where the attack waits for them.
        """
        seed, item = self._team.rules.seed, self._item
        rng = stream(seed, "target", item.question.id, item.replica)
        said = None if benign is None else np.array(benign)
        self.target = self.attack.pick_target(item.question, said, rng)

    def stance(self, seat: int, moment: Moment) -> Stance | None:
        """Return what one of its seats has to say; None for an honest turn."""
        if seat not in self.seats:
            return None
        return self.attack.stance(seat, self._view(seat, moment))

    def tampered(self, message: Message, listener: int, moment: Moment) -> Message:
        """Return a message as it reaches the listener."""
        if Power.REWRITE not in self.attack.threat.may:
            return message
        return self.attack.tamper(message, listener, self._view(listener, moment))

    def _view(self, seat: int, moment: Moment) -> View:
        team, item, sees = self._team, self._item, self.attack.threat.sees
        known = item.question if Sight.KEY in sees else replace(item.question, answer=None)
        heard: tuple[Message, ...] = ()
        if Sight.MESSAGES in sees:
            speakers = [speaker for speaker in team.speakers[seat] if speaker in moment.said]
            heard = tuple(message_of(moment.said[speaker], 1.0, 1.0) for speaker in speakers)
        return View(
            question=known,
            order=item.order,
            warmup=item.warmup,
            replica=item.replica,
            round=moment.number,
            n_rounds=team.rules.n_rounds,
            seats=self.seats,
            target=self.target,
            rng=stream(
                team.rules.seed, "attack", item.question.id, item.replica, seat, moment.number
            ),
            influence=team.influence if Sight.GRAPH in sees else None,
            stated=moment.record.stated if Sight.BELIEFS in sees else None,
            messages=heard,
            gates=moment.gates if Sight.TRUST in sees else None,
        )
