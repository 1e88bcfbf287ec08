"""One question, deliberated by one team in one arm: round 0 alone, then round by round."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import (
    Arm,
    Heard,
    Message,
    ModelAgent,
    Record,
    SampleIndex,
    Sight,
    Situation,
    SpeakingAgent,
    Stance,
    Validity,
)
from fjsim.deliberation import rendering
from fjsim.deliberation.accepting import blended, kept_share, recorded_share, routed
from fjsim.deliberation.adversary import Adversary, Moment
from fjsim.deliberation.conversation import Conversation
from fjsim.deliberation.elicitation import Elicited
from fjsim.deliberation.hearing import (
    Gating,
    Hearing,
    cut,
    message_of,
)
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
from fjsim.deliberation.listening import Listening
from fjsim.deliberation.probing import Probing
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
        self._sheet = team.sheet(item.question)
        self._adversary = Adversary(team, item) if arm == "attacked" else None
        self._listening = Listening(team, item, self._adversary)
        self._turns: list[dict[int, Turn]] = [{}]
        self._openings: dict[int, asyncio.Task[Turn]] = {}
        self._conversations = [self._conversation(seat) for seat in range(team.n_agents)]
        self._gates: Array | None = None
        self._gating: Gating | None = None
        self._perceived: Array | None = None
        self._before = self._said()

    @property
    def target(self) -> int:
        """What the adversary is after; -1 where there is none."""
        return -1 if self._adversary is None else self._adversary.target

    @property
    def _seats(self) -> tuple[int, ...]:
        return () if self._adversary is None else self._adversary.seats

    async def open(self) -> None:
        """Play round 0: everybody alone, the other arm's benign turns taken over."""
        benign = [seat for seat in range(self.team.n_agents) if seat not in self._seats]
        if self._adversary is not None:
            if self._adversary.attack.waits_for_round0:
                await asyncio.gather(*(self.opening(seat) for seat in benign))
            self._plan(self._adversary)
        await asyncio.gather(*(self.opening(seat) for seat in (*benign, *self._seats)))
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
            if team.router.probes:
                self._perceived = await self._probed()
            key = self.item.question.answer
            self.weights = team.router.route(self.record(), router_state, key)
        for number in range(1, n_rounds + 1):
            if self._is_read:
                self._before = self._said()
            if team.defense is not None:
                public = self._public(self._before)
                self._gates = np.array(team.defense.gates(public, state))
                self._gates.flags.writeable = False
                self._gating = Gating(team.defense, public, state)
            self._turns.append({})
            await (self._in_turn(number) if team.rules.sequential else self._at_once(number))
            await self._journal.sync()

    def recall(self, n_rounds: int) -> None:
        """Take over what an earlier session recorded, so that `record` returns it.

        Nobody is asked, no prompt is made and nothing is written.

        Parameters
        ----------
        n_rounds : int
            How many rounds after round 0; all their turns are in the journal.
        """
        seats = range(self.team.n_agents)
        self._turns = [
            {seat: self._recalled(seat, number) for seat in seats} for number in range(n_rounds + 1)
        ]
        if self._adversary is not None:
            self._plan(self._adversary)
        if n_rounds > 0 and self.team.router.probes:
            self._perceived = self._probing.recalled()

    def record(self) -> Record:
        """Return all that was said so far, as policies see it."""
        return self._public(self._said())

    def _plan(self, adversary: Adversary) -> None:
        """Fix what the adversary does, once what its plan waits for has been said."""
        known = self._turns[0] if adversary.attack.waits_for_round0 else {}
        adversary.make_plan(
            {
                seat: np.array(turn.belief)
                for seat, turn in known.items()
                if seat not in adversary.seats and turn.belief is not None
            }
        )

    def _recalled(self, seat: int, number: int) -> Turn:
        turn = self._journal.recorded(self._key(seat, number))
        assert turn is not None, "a finished item has all its turns"
        return turn

    def _public(self, said: Record) -> Record:
        return said if self._adversary is None else self._adversary.rewritten(said)

    def _said(self) -> Record:
        n_agents, n_options = self.team.n_agents, self.item.question.n_options
        shape = (len(self._turns), n_agents)
        stated, accepted = np.full((2, *shape, n_options), np.nan)
        answers, confidence = np.full(shape, -1), np.full(shape, np.nan)
        for number, turns in enumerate(self._turns):
            for seat, turn in turns.items():
                if turn.stated_belief is not None and turn.belief is not None:
                    stated[number, seat], accepted[number, seat] = turn.stated_belief, turn.belief
                if turn.answer is not None:
                    answers[number, seat] = turn.answer
                if turn.confidence is not None:
                    confidence[number, seat] = turn.confidence
        return Record(
            self.item.question.id,
            self.team.influence,
            stated,
            accepted,
            answers,
            confidence,
            self._perceived,
        )

    async def _probed(self) -> Array:
        """Ask everybody aside how sure those whom they hear seemed in round 0."""
        seats = range(self.team.n_agents)
        return await self._probing.ask_all([self._openings_heard(seat) for seat in seats])

    @property
    def _probing(self) -> Probing:
        return Probing(
            self.team, self.arm, self.item, self._journal, self._sheet, self._conversations
        )

    def _openings_heard(self, seat: int) -> list[Message]:
        moment = Moment(1, self._turns[0], self._said())
        loud = []
        for speaker in self.team.speakers[seat]:
            turn = self._turns[0][speaker]
            if turn.validity is Validity.MISSING:
                continue
            message = message_of(turn, float(self.team.influence[seat, speaker]), 1.0)
            if self._adversary is not None:
                message = self._adversary.tampered(message, seat, moment)
            loud.append(cut(message, self.team.rules.peers_see))
        return loud

    @property
    def _is_read(self) -> bool:
        """Whether anybody looks at the record of a round."""
        sees = self._adversary is not None and Sight.BELIEFS in self._adversary.attack.threat.sees
        return sees or self.team.defense is not None

    async def _at_once(self, number: int) -> None:
        last = self._turns[number - 1]
        said = dict(last)
        seats = range(self.team.n_agents)
        await asyncio.gather(*(self._speak(seat, number, said) for seat in seats))

    async def _in_turn(self, number: int) -> None:
        rules, item = self.team.rules, self.item
        order = stream(rules.seed, "speaking", item.question.id, item.replica, number).permutation(
            self.team.n_agents
        )
        said = dict(self._turns[number - 1])
        for seat in order.tolist():
            said[seat] = await self._speak(seat, number, dict(said))

    async def _open_seat(self, seat: int) -> Turn:
        if self._twin is None or seat in self._seats:
            copy = self._copied_opening(seat)
            if copy is None:
                return await self._speak(seat, 0, {})
            return self._keep(copy, known=False, asked=self._opening_prompt(seat, None))
        own = self._journal.recorded(self._key(seat, 0))
        turn = own or (await asyncio.shield(self._twin.opening(seat)))._replace(
            arm=self.arm, shared=True, cost=Cost()
        )
        return self._keep(turn, known=own is not None, asked=self._opening_prompt(seat, None))

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
        moment = Moment(number, said, self._before, self._gates)
        stance = None if self._adversary is None else self._adversary.stance(seat, moment)
        hearing = self._listening.hearing(seat, moment, self.weights, self._gates, self._gating)
        own_view = self._own_view(seat) if number else None
        recorded = self._journal.recorded(self._key(seat, number))
        agent = self.team.agents[seat]
        if isinstance(agent, SpeakingAgent):
            turn = recorded or self._spoken(agent, seat, number, hearing, stance)
            return self._keep(turn, known=recorded is not None)
        asked = self._prompt(seat, number, hearing, own_view, stance)
        turn = recorded or await self._asked(seat, number, hearing, asked)
        return self._keep(turn, known=recorded is not None, asked=asked)

    def _keep(self, turn: Turn, known: bool, asked: str = "") -> Turn:
        self._turns[turn.round][turn.agent] = turn
        if asked:
            self._conversations[turn.agent].add(asked, turn.text)
        if not known:
            self._journal.accept(turn)
        return turn

    def _spoken(
        self,
        agent: SpeakingAgent,
        seat: int,
        number: int,
        hearing: Hearing,
        stance: Stance | None,
    ) -> Turn:
        defense = self.team.defense
        statement = agent.speak(
            Situation(
                question=self.item.question,
                replica=self.item.replica,
                seat=seat,
                round=number,
                innate=self._belief(seat, 0) if number else None,
                own=self._belief(seat, number - 1) if number else None,
                heard=hearing.heard,
                silent=hearing.silent,
                stance=stance,
                residual=defense.residual if defense is not None else "self",
                seed=self.team.rules.seed,
            )
        )
        return self._turn(seat, number, hearing, Elicited(statement, "", "", Cost()), False)

    async def _asked(self, seat: int, number: int, hearing: Hearing, asked: str) -> Turn:
        elicitor = self.team.elicitors[seat]
        assert elicitor is not None, "a model agent has an elicitor"
        sample = SampleIndex(self.item.replica, seat, number)
        chat = self._conversations[seat].chat(asked)
        return self._turn(seat, number, hearing, await elicitor.ask(chat, self._sheet, sample))

    def _turn(
        self, seat: int, number: int, hearing: Hearing, elicited: Elicited, blends: bool = True
    ) -> Turn:
        statement = elicited.statement
        stated = statement.belief
        accepted, kept = stated, None
        if blends and stated is not None and number:
            accepted, kept = self._accepted(seat, number, stated, hearing)
        shown = None if stated is None else tuple(stated.tolist())
        return Turn(
            arm=self.arm,
            question=self.item.question.id,
            replica=self.item.replica,
            round=number,
            agent=seat,
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
            heard=self._record_of(hearing),
            prompt_hash=elicited.prompt_hash,
            cost=elicited.cost,
            at=round(time.time(), 3),
        )

    def _record_of(self, hearing: Hearing) -> tuple[Heard, ...]:
        heard = hearing.record
        return heard if self._adversary is None else self._adversary.recorded(heard)

    def _accepted(
        self, seat: int, number: int, stated: Array, hearing: Hearing
    ) -> tuple[Array, tuple[float, ...] | None]:
        """Return what is accepted of a stated belief, and the share that a defense let pass."""
        defense, router, weights = self.team.defense, self.team.router, self.weights[seat]
        gates = hearing.gates if defense is not None and defense.channel == "blend" else None
        if gates is None and router.channel != "blend":
            return stated, None
        innate, own = self._belief(seat, 0), self._belief(seat, number - 1)
        if innate is None or own is None:
            return stated, None
        accepted, rest, kept = stated, own, None
        if defense is not None and gates is not None:
            rest = innate if defense.residual == "innate" else own
            accepted = blended(stated, innate, own, weights, gates, defense.residual)
            kept = recorded_share(kept_share(weights, gates))
        if router.channel == "blend":
            accepted = routed(accepted, hearing, weights, rest, router.strength)
        return accepted, kept

    def _belief(self, seat: int, number: int) -> Array | None:
        """Return the seat's last belief up to a round; a missing turn changes nothing."""
        for turns in reversed(self._turns[: number + 1]):
            turn = turns.get(seat)
            if turn is not None and turn.belief is not None:
                return np.array(turn.belief)
        return None

    def _own_view(self, seat: int) -> Array | None:
        """Return the view on record, where it is not what the agent itself last said."""
        if not self.team.rules.self_view:
            return None
        turn = self._turns[-2].get(seat)
        if turn is None or turn.belief is None or turn.belief == turn.stated_belief:
            return None
        return np.array(turn.belief)

    def _prompt(
        self,
        seat: int,
        number: int,
        hearing: Hearing,
        own_view: Array | None,
        stance: Stance | None,
    ) -> str:
        if number == 0:
            return self._opening_prompt(seat, stance)
        defense = self.team.defense
        return rendering.round_prompt(
            self._sheet,
            number,
            hearing.heard,
            hearing.silent,
            own_view,
            stance,
            show_trust=defense is not None and defense.channel == "label",
        )

    def _opening_prompt(self, seat: int, stance: Stance | None) -> str:
        if not isinstance(self.team.agents[seat], ModelAgent):
            return ""
        return rendering.question_prompt(self._sheet, stance)

    def _conversation(self, seat: int) -> Conversation:
        agent, rules = self.team.agents[seat], self.team.rules
        persona = agent.describe() if isinstance(agent, ModelAgent) else ""
        system = rendering.system_prompt(
            self._sheet, rendering.agent_name(seat), self.team.n_agents, persona
        )
        return Conversation(system, rules.self_view, rules.token_budget)

    def _key(self, seat: int, number: int) -> TurnKey:
        return TurnKey(self.arm, self.item.question.id, self.item.replica, number, seat)
