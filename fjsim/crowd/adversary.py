"""The adversary at work on many items: what it plans, and whom it has say what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Attack, Message, Power, Sight, Stance, View
from fjsim.contracts.attacks import Opening
from fjsim.contracts.crowd import Assigned, Flags, Integers
from fjsim.crowd.batch import Batch
from fjsim.crowd.sealed import Sealed, SealedAnswer, asked_sealed
from fjsim.crowd.words import Words
from fjsim.deliberation.hearing import cut
from fjsim.questions import Question
from fjsim.seeds import streams

SEALED: Any = Sealed()
"""Stands wherever a view differs from item to item."""


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """Where in a deliberation an adversary is asked.

    Parameters
    ----------
    number : int
        The round that is played.
    said : Words or None
        What each seat said last, (n_items, n_agents); None in round 0, where nobody spoke.
    spoken : ndarray of int, shape (n_items, n_agents), or None
        In which round each said it.
    stated : ndarray of shape (n_rounds_done, n_items, n_agents, n_options)
        All that was stated in the rounds before.
    gates : ndarray or None
        The defense's gates of this round, items first.
    """

    number: int
    said: Words | None
    spoken: Integers | None
    stated: Array
    gates: Array | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Which stream an item's draws come from.

    Parameters
    ----------
    purpose : str
    key : callable
        Called with an item; what follows question and replica in the stream's key.
    """

    purpose: str
    key: Callable[[int], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class CrowdAdversary:
    """One attack on the items of a batch, once it has a plan.

    Parameters
    ----------
    batch : Batch
    targets : ndarray of int, shape (n_items,)
        Options that it is after.
    active : tuple of (tuple of int or None), length n_items
        The seats that its plan uses; None for all of them.
    kinds : ndarray of int, shape (n_items,)
        Items of one kind are alike in all that an adversary is shown but the question's words,
        what was said, and the stream.
    """

    batch: Batch
    targets: Integers
    active: tuple[tuple[int, ...] | None, ...]
    kinds: Integers

    @classmethod
    def planned(cls, batch: Batch, innate: Array) -> CrowdAdversary:
        """Return the adversary with its plans.

        Parameters
        ----------
        batch : Batch
        innate : ndarray of shape (n_items, n_agents, n_options)
            Round-0 beliefs; NaN at its own seats and where there is none.
        """
        team, attack = batch.team, batch.team.attack
        assert attack is not None, "the clean arm has no adversary"
        sees = attack.threat.sees
        shown = Sight.BELIEFS in sees and attack.waits_for_round0
        keys = ((item.question.id, item.replica) for item in batch.items)
        plans = [
            attack.plan(
                Opening(
                    question=item.question,
                    order=item.order,
                    warmup=item.warmup,
                    replica=item.replica,
                    n_rounds=team.rules.n_rounds,
                    seats=team.adversary_seats,
                    innate=innate[at] if shown else None,
                    influence=team.influence if Sight.GRAPH in sees else None,
                ),
                rng,
            )
            for at, (item, rng) in enumerate(
                zip(batch.items, streams(team.rules.seed, "target", keys), strict=True)
            )
        ]
        alike: dict[tuple[Any, ...], int] = {}
        kinds = [
            alike.setdefault(
                (
                    plan.target,
                    plan.active,
                    item.question.key if Sight.KEY in sees else None,
                    attack.attacks_on(item.order, item.warmup),
                ),
                len(alike),
            )
            for item, plan in zip(batch.items, plans, strict=True)
        ]
        targets = np.array([plan.target for plan in plans], dtype=np.int64)
        active = tuple(plan.active for plan in plans)
        return cls(batch, targets, active, np.array(kinds, dtype=np.int64))

    def select(self, batch: Batch, chosen: Integers) -> CrowdAdversary:
        """Return the adversary of some of the items, which make up a batch of their own."""
        active = tuple(self.active[at] for at in chosen)
        return CrowdAdversary(batch, self.targets[chosen], active, self.kinds[chosen])

    @property
    def attack(self) -> Attack:
        """What it follows."""
        assert self.batch.team.attack is not None, "the clean arm has no adversary"
        return self.batch.team.attack

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that it holds."""
        return self.batch.team.adversary_seats

    @property
    def recruits(self) -> bool:
        """Whether it may win benign seats over."""
        return Power.RECRUIT in self.attack.threat.may

    def attacking(self, at: int) -> tuple[int, ...]:
        """Return the seats that attack on one item."""
        item, active = self.batch.items[at], self.active[at]
        if not self.attack.attacks_on(item.order, item.warmup):
            return ()
        return self.seats if active is None else active

    def assigned(self, moment: Moment, wanted: Flags) -> Assigned:
        """Return what it has seats say in one round.

        Parameters
        ----------
        moment : Moment
        wanted : ndarray of bool, shape (n_items, n_agents)
            Whose turn it is.
        """
        batch = self.batch
        found = nothing_assigned(batch)
        for seat in range(batch.team.n_agents):
            hook = self.attack.stance if seat in self.seats else self.attack.recruit
            if (seat not in self.seats and not self.recruits) or not wanted[:, seat].any():
                continue
            self._ask_of(seat, hook, moment, np.flatnonzero(wanted[:, seat]), found)
        return found

    def _ask_of(
        self,
        seat: int,
        hook: Callable[[int, View], Stance | None],
        moment: Moment,
        items: Integers,
        found: Assigned,
    ) -> None:
        hears = Sight.MESSAGES in self.attack.threat.sees

        def sealed(at: int, question: Question) -> Stance | None:
            return hook(seat, self.view(at, moment, question, SEALED, SEALED if hears else ()))

        def alone(at: int, rng: np.random.Generator) -> Stance | None:
            heard = self._heard(at, seat, moment) if hears else ()
            return hook(seat, self.view(at, moment, None, rng, heard))

        drawn = Drawn("attack", lambda at: (seat, moment.number))
        for at, stance in self.each(items, sealed, alone, drawn):
            if stance is not None:
                found.given[at, seat] = True
                found.beliefs[at, seat] = stance.belief
                found.targets[at, seat] = stance.target

    def each(
        self,
        items: Integers,
        sealed: Callable[[int, Question], Any],
        alone: Callable[[int, np.random.Generator], Any],
        drawn: Drawn,
    ) -> list[tuple[Integers, Any]]:
        """Ask about many items, once for all that are alike wherever the answer allows.

        Parameters
        ----------
        items : ndarray of int
            Which items.
        sealed : callable
            Asks about an item and its question, with all sealed that items are not alike in.
        alone : callable
            Asks about one item by itself, given its stream.
        drawn : Drawn
            Whose stream that is.

        Returns
        -------
        list of (ndarray of int, object)
            Items, and the answer for each of them.
        """
        found: list[tuple[Integers, Any]] = []
        left: list[int] = []
        kinds = self.kinds[items]
        for kind in np.unique(kinds).tolist():
            some, looked = self._of_kind(items[kinds == kind], sealed)
            found += some
            left += looked
        return found + self.each_alone(left, alone, drawn)

    def each_alone(
        self, items: Sequence[int], alone: Callable[[int, np.random.Generator], Any], drawn: Drawn
    ) -> list[tuple[Integers, Any]]:
        """Ask about items one by one; parameters and result as in `each`."""
        batch, seed = self.batch, self.batch.team.rules.seed
        keys = [
            (batch.items[at].question.id, batch.items[at].replica, *drawn.key(at)) for at in items
        ]
        rngs = streams(seed, drawn.purpose, keys)
        return [(np.array([at]), alone(at, rng)) for at, rng in zip(items, rngs, strict=True)]

    def _of_kind(
        self, items: Integers, sealed: Callable[[int, Question], Any]
    ) -> tuple[list[tuple[Integers, Any]], list[int]]:
        """Return the answers for items of one kind, and the items to be asked about alone."""
        asked = self._asked(int(items[0]), sealed)
        if asked.looked:
            return [], items.tolist()
        if not asked.at_question:
            return [(items, asked.answer)], []
        by_question: dict[str, list[int]] = {}
        for at in items.tolist():
            by_question.setdefault(self.batch.items[at].question.id, []).append(at)
        found: list[tuple[Integers, Any]] = []
        left: list[int] = []
        for same in by_question.values():
            asked = self._asked(same[0], sealed)
            if asked.looked:
                left += same
            else:
                found.append((np.array(same), asked.answer))
        return found, left

    def _asked(self, at: int, sealed: Callable[[int, Question], Any]) -> SealedAnswer[Any]:
        return asked_sealed(lambda question: sealed(at, question), self._question(at))

    def _question(self, at: int) -> Question:
        question = self.batch.items[at].question
        return question if Sight.KEY in self.attack.threat.sees else replace(question, key=None)

    def view(
        self,
        at: int,
        moment: Moment,
        question: Question | None,
        rng: np.random.Generator,
        heard: tuple[Message, ...],
    ) -> View:
        """Return what it sees of one item.

        Parameters
        ----------
        at : int
            The item.
        moment : Moment
        question : Question or None
            A watched one, for a view in which all is sealed that items are not alike in; None for
            the true view.
        rng, heard
            As in ``View``.
        """
        team, item, sees = self.batch.team, self.batch.items[at], self.attack.threat.sees
        sealed = question is not None
        stated = moment.stated[:, at] if not sealed else SEALED
        gates = moment.gates
        if gates is not None:
            gates = SEALED if sealed else gates[at]
        return View(
            question=self._question(at) if question is None else question,
            order=item.order,
            warmup=item.warmup,
            replica=SEALED if sealed else item.replica,
            round=moment.number,
            n_rounds=team.rules.n_rounds,
            seats=self.seats,
            target=int(self.targets[at]),
            rng=rng,
            influence=team.influence if Sight.GRAPH in sees else None,
            stated=stated if Sight.BELIEFS in sees else None,
            messages=heard,
            gates=gates if Sight.TRUST in sees else None,
            active=self.active[at],
        )

    def _heard(self, at: int, seat: int, moment: Moment) -> tuple[Message, ...]:
        team, said = self.batch.team, moment.said
        if said is None:
            return ()
        return tuple(
            cut(message_at(self, moment, said, at, speaker, seat), team.rules.peers_see)
            for speaker in team.speakers[seat]
        )


def message_at(
    adversary: CrowdAdversary, moment: Moment, said: Words, at: int, speaker: int, listener: int
) -> Message:
    """Return what one seat said last on one item, as a message to a listener."""
    batch, answer, sure = adversary.batch, int(said.answers[at, speaker]), said.confidence
    silent = bool(said.missing[at, speaker])
    belief = said.beliefs[at, speaker]
    assert moment.spoken is not None, "who said something said it in a round"
    return Message(
        speaker=speaker,
        round=int(moment.spoken[at, speaker]),
        answer=answer if answer >= 0 else None,
        belief=None if np.isnan(belief[0]) else belief.copy(),
        confidence=None if np.isnan(sure[at, speaker]) else float(sure[at, speaker]),
        reason="" if silent else batch.reason(speaker, float(said.sounding[at, speaker])),
        weight=float(batch.team.influence[listener, speaker]),
    )


def nothing_assigned(batch: Batch) -> Assigned:
    """Return that every seat plays an ordinary turn."""
    shape = batch.n_items, batch.team.n_agents
    return Assigned(
        np.zeros(shape, dtype=bool),
        np.full((*shape, batch.n_options), np.nan),
        np.full(shape, -1, dtype=np.int64),
    )
