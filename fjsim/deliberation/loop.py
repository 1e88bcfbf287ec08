"""One question, deliberated by one team in one arm: round 0 alone, then round by round."""

from __future__ import annotations

import asyncio
import time
from functools import cached_property
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm, Heard, Message, Record, Sight, Validity
from fjsim.deliberation.accepting import accepted_belief
from fjsim.deliberation.adversary import Adversary, TurnContext
from fjsim.deliberation.casting import CastingVoters
from fjsim.deliberation.elicitation import Elicited
from fjsim.deliberation.hearing import Gating, Hearing, cut, message_of
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
from fjsim.deliberation.learning import round0_of
from fjsim.deliberation.listening import Listening
from fjsim.deliberation.persuasion import persuasion_of
from fjsim.deliberation.probing import Probing
from fjsim.deliberation.speaking import Speaking
from fjsim.deliberation.state import ItemState
from fjsim.deliberation.team import Team
from fjsim.records import Cost, Turn, TurnKey
from fjsim.seeds import stream


class Deliberation:
    """One item in one arm.

    Parameters
    ----------
    team : Team
        What is fixed for the run; in the clean arm, without the attack.
    arm : {'attacked', 'clean'}
        Which arm it is.
    item : Item
        Which question and replica.
    journal : Journal
        Where its turns go.
    twin : Deliberation, optional
        The clean arm of the same item, from which the benign seats' round 0 is taken.

    Attributes
    ----------
    told_again : int
        Turns that the defense told again when it took beliefs back.
    """

    def __init__(
        self, team: Team, arm: Arm, item: Item, journal: Journal, twin: Deliberation | None = None
    ) -> None:
        self.team = team
        self.arm = arm
        self.item = item
        self.weights = team.influence
        self._journal = journal
        self._twin = twin
        self._adversary = Adversary(team, item) if arm == "attacked" else None
        self._state = ItemState(team, item)
        self._listening = Listening(team, item, self._adversary)
        self._speaking = Speaking.of(team, item, self._state)
        self._openings: dict[int, asyncio.Task[Turn]] = {}
        self._voters: CastingVoters = (
            CastingVoters(team, item, journal) if twin is None else twin._voters
        )
        self.told_again = 0
        self._gates: Array | None = None
        self._gating: Gating | None = None
        self._before = self._state.record()

    @cached_property
    def persuasion(self) -> Array | None:
        """What multiplies the weights by which listeners mix; asked for once there is a plan."""
        adversary = self._adversary
        if adversary is None:
            return persuasion_of(self.team, self.item)
        return persuasion_of(self.team, self.item, adversary.attacking, adversary.attack.persuasion)

    @property
    def target(self) -> int:
        """What the adversary is after; -1 where there is none."""
        return -1 if self._adversary is None else self._adversary.target

    @property
    def n_casting(self) -> int:
        """How many casting votes its gates use; 0 where the defense asked for none."""
        return 0 if self._state.casting is None else len(self._state.casting)

    @property
    def _adversary_seats(self) -> tuple[int, ...]:
        return () if self._adversary is None else self._adversary.seats

    async def open(self) -> None:
        """Play round 0: everybody alone, the other arm's benign turns taken over.

        An adversary that waits for the others speaks after them; where first statements are
        sealed, it speaks before it has seen any, and plans again once all are there.
        """
        hostile, adversary, sealed = self._adversary_seats, self._adversary, self.team.rules.sealed
        benign = [seat for seat in range(self.team.n_agents) if seat not in hostile]
        waits = adversary is not None and adversary.attack.waits_for_round0
        if waits and not sealed:
            await asyncio.gather(*(self.opening(seat) for seat in benign))
        if adversary is not None:
            self._plan(adversary, blind=sealed)
        await asyncio.gather(*(self.opening(seat) for seat in (*benign, *hostile)))
        if adversary is not None and waits and sealed:
            self._plan(adversary)
        await self._journal.sync()

    def opening(self, seat: int) -> asyncio.Task[Turn]:
        """Return the task that plays one seat's round 0, started once."""
        if seat not in self._openings:
            self._openings[seat] = asyncio.ensure_future(self._open_seat(seat))
        return self._openings[seat]

    async def run(self, state: Any, router_state: Any, n_rounds: int) -> None:
        """Play the rounds after round 0.

        Parameters
        ----------
        state, router_state : object
            State of defense and router before this question.
        n_rounds : int
            How many rounds.
        """
        team = self.team
        if n_rounds > 0:
            if team.probes:
                self._state.perceived = await self._probed()
            if self._asks_for_casting(state):
                self._state.casting = await self._voters.ask_all()
            key = self.item.question.key
            self.weights = team.router.route(self.record(), router_state, key)
        for number in range(1, n_rounds + 1):
            self._judge_record(state)
            self._state.begin_round()
            await (self._in_turn(number) if team.rules.sequential else self._at_once(number))
            await self._journal.sync()

    def recall(self, n_rounds: int, state: Any = None) -> None:
        """Take over what an earlier session recorded, so that `record` returns it.

        Nobody is asked, no prompt is made and nothing is written.

        Parameters
        ----------
        n_rounds : int
            How many rounds after round 0; all their turns are in the journal.
        state : object, optional
            State of the defense before this question.
        """
        for number in range(n_rounds + 1):
            if number:
                self._state.begin_round()
            for seat in range(self.team.n_agents):
                turn = self._journal.recorded(self._key(seat, number))
                assert turn is not None, "a finished item has all its turns"
                self._state.keep(turn)
        if self._adversary is not None:
            self._plan(self._adversary)
        if n_rounds > 0 and self.team.probes:
            self._state.perceived = self._probing.recalled()
        if n_rounds > 0 and self._asks_for_casting(state):
            self._state.casting = self._voters.recalled()

    def record(self) -> Record:
        """Return all that was said so far, as policies see it."""
        return self._public(self._state.record())

    def _asks_for_casting(self, state: Any) -> bool:
        """Whether the defense wants casting votes, by round 0 as all of it is recorded."""
        defense = self.team.defense
        if defense is None or defense.casting is None:
            return False
        return defense.asks_for_casting(round0_of(self.record()), state)

    def _plan(self, adversary: Adversary, blind: bool = False) -> None:
        """Fix what the adversary does, once what its plan waits for has been said, or without."""
        waits = adversary.attack.waits_for_round0 and not blind
        known = self._state.turns(0) if waits else {}
        adversary.make_plan(
            {
                seat: np.array(turn.belief)
                for seat, turn in known.items()
                if seat not in adversary.seats and turn.belief is not None
            }
        )

    def _judge_record(self, state: Any) -> None:
        """Fix what this round's adversary and defense make of the rounds before."""
        defense, adversary = self.team.defense, self._adversary
        sees = adversary is not None and Sight.BELIEFS in adversary.attack.threat.sees
        if sees or defense is not None:
            self._before = self._state.record()
        if defense is not None:
            public = self._public(self._before)
            self._gates = np.array(defense.gates(public, state))
            self._gates.flags.writeable = False
            self._gating = Gating(defense, public, state)
            back = defense.restored(public, state) if defense.restores else None
            if back is not None:
                self._state.restore(np.asarray(back.beliefs))
                self.told_again += int(back.turns)

    def _public(self, said: Record) -> Record:
        return said if self._adversary is None else self._adversary.rewritten(said)

    async def _probed(self) -> Array:
        """Probe everybody on how sure those whom they hear seemed in round 0."""
        seats = range(self.team.n_agents)
        return await self._probing.ask_all([self._openings_heard(seat) for seat in seats])

    @property
    def _probing(self) -> Probing:
        chats = [chats[0] for chats in self._speaking.conversations]
        views = [orders[0] for orders in self._speaking.orders]
        return Probing(self.team, self.arm, self.item, self._journal, views, chats)

    def _openings_heard(self, seat: int) -> list[Message]:
        context = TurnContext(1, self._state.turns(0), self._state.record())
        loud = []
        for speaker in self.team.speakers[seat]:
            turn = context.said[speaker]
            if turn.validity is Validity.MISSING:
                continue
            message = message_of(turn, float(self.team.influence[seat, speaker]), 1.0)
            if self._adversary is not None:
                message = self._adversary.tampered(message, seat, context)
            loud.append(cut(message, self.team.rules.peers_see))
        return loud

    async def _at_once(self, number: int) -> None:
        said = self._state.heard(number - 1)
        seats = range(self.team.n_agents)
        await asyncio.gather(*(self._speak(seat, number, said) for seat in seats))

    async def _in_turn(self, number: int) -> None:
        rules, item = self.team.rules, self.item
        order = stream(rules.seed, "speaking", item.question.id, item.replica, number).permutation(
            self.team.n_agents
        )
        said = self._state.heard(number - 1)
        for seat in order.tolist():
            said[seat] = await self._speak(seat, number, dict(said))

    async def _open_seat(self, seat: int) -> Turn:
        if self._twin is None or seat in self._adversary_seats:
            copy = self._copied_opening(seat)
            if copy is None:
                return await self._speak(seat, 0, {})
            return self._keep(copy, known=False, asked=self._speaking.opening_prompt(seat))
        own = self._journal.recorded(self._key(seat, 0))
        turn = own or (await asyncio.shield(self._twin.opening(seat)))._replace(
            arm=self.arm, shared=True, cost=Cost()
        )
        return self._keep(turn, known=own is not None, asked=self._speaking.opening_prompt(seat))

    def _copied_opening(self, seat: int) -> Turn | None:
        """Return a clean turn whose line was lost, where the attacked arm's copy is still there.

        Asked again, a model may answer differently, and the arms would no longer share round 0.
        """
        key = self._key(seat, 0)
        if self.arm != "clean" or self._journal.recorded(key) is not None:
            return None
        copy = self._journal.recorded(key._replace(arm="attacked"))
        return copy._replace(arm="clean", shared=False) if copy and copy.shared else None

    async def _speak(self, seat: int, number: int, said: dict[int, Turn]) -> Turn:
        context = TurnContext(number, said, self._before, self._gates)
        stance = None if self._adversary is None else self._adversary.stance(seat, context)
        hearing = self._listening.hearing(
            seat,
            context,
            self.weights,
            self._gates,
            self._gating,
            self.persuasion if number else None,
        )
        asked = self._speaking.prompt(seat, number, hearing, stance)
        key = self._key(seat, number)
        recorded = self._journal.recorded(key)
        if recorded is not None:
            return self._keep(recorded, known=True, asked=asked)
        elicited = await self._speaking.statement(seat, number, hearing, stance, asked)
        return self._keep(self._turn(key, hearing, elicited), known=False, asked=asked)

    def _keep(self, turn: Turn, known: bool, asked: tuple[str, ...]) -> Turn:
        self._state.keep(turn)
        self._speaking.remember(turn, asked)
        if not known:
            self._journal.accept(turn)
        return turn

    def _turn(self, key: TurnKey, hearing: Hearing, elicited: Elicited) -> Turn:
        statement = elicited.statement
        stated = statement.belief
        accepted, kept = self._accepted(key.agent, key.round, hearing, stated)
        shown = None if stated is None else tuple(stated.tolist())
        return Turn(
            *key,
            validity=statement.validity,
            answer=statement.answer,
            belief=shown if accepted is stated or accepted is None else tuple(accepted.tolist()),
            stated_belief=shown,
            confidence=statement.confidence,
            text=elicited.text,
            reason=statement.reason,
            problem=statement.problem,
            mass=statement.mass,
            kept=kept,
            heard=self._recorded(hearing),
            prompt_hash=elicited.prompt_hash,
            cost=elicited.cost,
            at=round(time.time(), 3),
            unreadable=elicited.unreadable,
        )

    def _accepted(
        self, seat: int, number: int, hearing: Hearing, stated: Array | None
    ) -> tuple[Array | None, tuple[float, ...] | None]:
        """Return what is accepted; all of it in round 0, and of who mixes for itself."""
        team = self.team
        if stated is None or number == 0 or not team.blends or team.speaking[seat] is not None:
            return stated, None
        innate, own = self._state.belief(seat, 0), self._state.belief(seat, number - 1)
        return accepted_belief(team, self.weights[seat], hearing, stated, innate, own)

    def _recorded(self, hearing: Hearing) -> tuple[Heard, ...]:
        heard = hearing.record
        return heard if self._adversary is None else self._adversary.recorded(heard)

    def _key(self, seat: int, number: int) -> TurnKey:
        return TurnKey(self.arm, self.item.question.id, self.item.replica, number, seat)
