"""What each seat is asked, and what it states: by a model, or for itself."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.beliefs import Array
from fjsim.contracts import ModelAgent, SampleIndex, Situation, Stance
from fjsim.deliberation import rendering
from fjsim.deliberation.conversation import Conversation
from fjsim.deliberation.elicitation import Elicited
from fjsim.deliberation.hearing import Hearing
from fjsim.deliberation.item import Item
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.state import ItemState
from fjsim.deliberation.team import Team
from fjsim.records import Cost, Turn


@dataclass(frozen=True, slots=True)
class Speaking:
    """The seats of one item in one arm, and their chats.

    Parameters
    ----------
    team : Team
    item : Item
    state : ItemState
        What was said so far.
    question_view : QuestionView
        The question as shown.
    orders : tuple of tuple of QuestionView
        The question as each seat is shown it, in every order of the options that it is asked in.
    conversations : tuple of tuple of Conversation
        One per seat and order.
    """

    team: Team
    item: Item
    state: ItemState
    question_view: QuestionView
    orders: tuple[tuple[QuestionView, ...], ...]
    conversations: tuple[tuple[Conversation, ...], ...]

    @classmethod
    def of(cls, team: Team, item: Item, state: ItemState) -> Speaking:
        """Return the seats before anybody was asked."""
        orders = tuple(team.orders(item.question, seat) for seat in range(team.n_agents))
        chats = tuple(
            tuple(_conversation(team, shown, seat) for shown in orders[seat])
            for seat in range(team.n_agents)
        )
        return cls(team, item, state, team.question_view(item.question), orders, chats)

    @property
    def _form(self) -> rendering.Form:
        return "json" if self.team.rules.choice is None else "letter"

    def opening_prompt(self, seat: int, stance: Stance | None = None) -> tuple[str, ...]:
        """Return what a seat is asked in round 0; nothing for an agent without a model."""
        if not isinstance(self.team.agents[seat], ModelAgent):
            return ()
        return tuple(
            rendering.question_prompt(shown, stance, self._form) for shown in self.orders[seat]
        )

    def remember(self, turn: Turn, asked: tuple[str, ...]) -> None:
        """Write a turn into its seat's chats, as the seat was asked and as it answered."""
        chats = self.conversations[turn.agent]
        for chat, shown, prompt in zip(chats, self.orders[turn.agent], asked, strict=False):
            said = turn.text if self._form == "json" else _as_chosen(turn, shown)
            chat.add(prompt, said)

    def prompt(
        self, seat: int, number: int, hearing: Hearing, stance: Stance | None
    ) -> tuple[str, ...]:
        """Return what a seat is asked in each order; nothing for one that speaks for itself.

        Parameters
        ----------
        seat, number : int
            Which turn it is.
        hearing : Hearing
            What reached the seat.
        stance : Stance or None
            What an attack has it say.
        """
        if self.team.speaking[seat] is not None:
            return ()
        if number == 0:
            return self.opening_prompt(seat, stance)
        return tuple(
            rendering.round_prompt(
                shown,
                number,
                hearing.heard,
                hearing.silent,
                self._own_view(seat, number),
                stance,
                show_trust=self.team.defense_channel == "label",
                form=self._form,
            )
            for shown in self.orders[seat]
        )

    def _own_view(self, seat: int, number: int) -> Array | None:
        """Return the view that a seat is reminded of; its chat shows no belief that it chose."""
        if self._form == "letter" and self.team.rules.self_view:
            return self.state.belief(seat, number - 1)
        return self.state.own_view(seat)

    async def statement(
        self,
        seat: int,
        number: int,
        hearing: Hearing,
        stance: Stance | None,
        asked: tuple[str, ...],
    ) -> Elicited:
        """Return what a seat states in one turn, and what that took.

        Parameters
        ----------
        seat, number : int
            Which turn it is.
        hearing : Hearing
            What reached the seat.
        stance : Stance or None
            What an attack has it say.
        asked : tuple of str
            From `prompt`.
        """
        agent = self.team.speaking[seat]
        if agent is not None:
            situation = self._situation(seat, number, hearing, stance)
            return Elicited(agent.speak(situation), "", "", Cost())
        elicitor = self.team.elicitors[seat]
        assert elicitor is not None, "a model agent has an elicitor"
        sample = SampleIndex(self.item.replica, seat, number)
        chats = zip(self.conversations[seat], asked, strict=True)
        shown = [chat.chat(prompt) for chat, prompt in chats]
        return await elicitor.ask_shown([*zip(shown, self.orders[seat], strict=True)], sample)

    def _situation(
        self, seat: int, number: int, hearing: Hearing, stance: Stance | None
    ) -> Situation:
        defense = self.team.defense
        return Situation(
            question=self.item.question,
            replica=self.item.replica,
            seat=seat,
            round=number,
            innate=self.state.belief(seat, 0) if number else None,
            own=self.state.belief(seat, number - 1) if number else None,
            heard=hearing.heard,
            silent=hearing.silent,
            stance=stance,
            residual=defense.residual if defense is not None else "self",
            seed=self.team.rules.seed,
            reasons_shown="reason" in self.team.rules.peers_see,
        )


def _conversation(team: Team, shown: QuestionView, seat: int) -> Conversation:
    agent, rules = team.agents[seat], team.rules
    persona = agent.describe() if isinstance(agent, ModelAgent) else ""
    form: rendering.Form = "json" if rules.choice is None else "letter"
    name = rendering.agent_name(seat)
    system = rendering.system_prompt(shown, name, team.n_agents, persona, form)
    return Conversation(system, rules.self_view, rules.token_budget)


def _as_chosen(turn: Turn, shown: QuestionView) -> str:
    """Return a turn that answered by a letter as its own chat shows it."""
    if turn.answer is None:
        return ""
    return f"{shown.letter(turn.answer)}\n{turn.reason}".rstrip()
