"""What each seat is asked, and what it states: by a model, or for itself."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.contracts import ModelAgent, SampleIndex, Situation, Stance
from fjsim.deliberation import rendering
from fjsim.deliberation.conversation import Conversation
from fjsim.deliberation.elicitation import Elicited
from fjsim.deliberation.hearing import Hearing
from fjsim.deliberation.item import Item
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.state import ItemState
from fjsim.deliberation.team import Team
from fjsim.records import Cost


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
    conversations : tuple of Conversation
        One per seat.
    """

    team: Team
    item: Item
    state: ItemState
    question_view: QuestionView
    conversations: tuple[Conversation, ...]

    @classmethod
    def of(cls, team: Team, item: Item, state: ItemState) -> Speaking:
        """Return the seats before anybody was asked."""
        shown = team.question_view(item.question)
        chats = tuple(_conversation(team, shown, seat) for seat in range(team.n_agents))
        return cls(team, item, state, shown, chats)

    def opening_prompt(self, seat: int, stance: Stance | None = None) -> str:
        """Return what a seat is asked in round 0; empty for an agent without a model."""
        if not isinstance(self.team.agents[seat], ModelAgent):
            return ""
        return rendering.question_prompt(self.question_view, stance)

    def prompt(self, seat: int, number: int, hearing: Hearing, stance: Stance | None) -> str:
        """Return what a seat is asked; empty for an agent that speaks for itself.

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
            return ""
        if number == 0:
            return self.opening_prompt(seat, stance)
        return rendering.round_prompt(
            self.question_view,
            number,
            hearing.heard,
            hearing.silent,
            self.state.own_view(seat),
            stance,
            show_trust=self.team.defense_channel == "label",
        )

    async def statement(
        self, seat: int, number: int, hearing: Hearing, stance: Stance | None, asked: str
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
        asked : str
            From `prompt`.
        """
        agent = self.team.speaking[seat]
        if agent is not None:
            situation = self._situation(seat, number, hearing, stance)
            return Elicited(agent.speak(situation), "", "", Cost())
        elicitor = self.team.elicitors[seat]
        assert elicitor is not None, "a model agent has an elicitor"
        sample = SampleIndex(self.item.replica, seat, number)
        chat = self.conversations[seat].chat(asked)
        return await elicitor.ask(chat, self.question_view, sample)

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
    system = rendering.system_prompt(shown, rendering.agent_name(seat), team.n_agents, persona)
    return Conversation(system, rules.self_view, rules.token_budget)
