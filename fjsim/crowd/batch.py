"""Items that are played together: questions of as many options, and who sits in their seats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Cast, Members, SpeakingAgent
from fjsim.contracts.argument import DECIMALS, in_words, sureness, sureness_in
from fjsim.contracts.crowd import Integers
from fjsim.deliberation import Item, Team


@dataclass(frozen=True, eq=False)
class SeatGroup:
    """The seats that one agent's block takes.

    Parameters
    ----------
    agent : SpeakingAgent
    cast : Cast
        Its seats, on the items of a batch.
    members : Members or None
        Who they are; None for an agent that declares no law.
    """

    agent: SpeakingAgent
    cast: Cast
    members: Members | None

    @property
    def seats(self) -> list[int]:
        """Which seats."""
        return list(self.cast.seats)

    def select(self, chosen: Integers) -> SeatGroup:
        """Return the same seats on some of the items."""
        cast = replace(
            self.cast,
            questions=tuple(self.cast.questions[at] for at in chosen),
            replicas=tuple(self.cast.replicas[at] for at in chosen),
        )
        members = self.members
        if members is not None:
            members = Members(
                members.innate[chosen],
                members.stubbornness[chosen],
                members.self_weight[chosen],
                members.persuasiveness[chosen],
            )
        return SeatGroup(self.agent, cast, members)

    @property
    def varies(self) -> bool:
        """Whether its reasons differ with its confidence."""
        return self.agent.manner.words > 0

    def sounding(self, confidence: Array) -> Array:
        """Return how sure its reasons sound; NaN where they do not say.

        Parameters
        ----------
        confidence : ndarray
            As stated; NaN where it states none.
        """
        if self.varies:
            return np.round(sureness(self.agent.manner.words, confidence), DECIMALS)
        said = sureness_in(self.agent.argument)
        return np.full(confidence.shape, np.nan if said is None else said)


@dataclass(frozen=True, eq=False)
class Batch:
    """Items that are played together.

    Parameters
    ----------
    team : Team
        The attack is that of the attacked arm.
    items : tuple of Item
        All of as many options, and all warm-up or none.
    groups : tuple of SeatGroup
        Every seat is in one of them.
    """

    team: Team
    items: tuple[Item, ...]
    groups: tuple[SeatGroup, ...]

    @classmethod
    def of(cls, team: Team, items: tuple[Item, ...]) -> Batch:
        """Return a batch with its members drawn."""
        seats: dict[int, list[int]] = {}
        for seat, agent in enumerate(team.agents):
            seats.setdefault(id(agent), []).append(seat)
        questions = tuple(item.question for item in items)
        replicas = tuple(item.replica for item in items)
        groups = []
        for held in seats.values():
            agent = team.agents[held[0]]
            assert isinstance(agent, SpeakingAgent), "checked before a crowd is chosen"
            cast = Cast(questions, replicas, tuple(held), team.rules.seed)
            groups.append(SeatGroup(agent, cast, agent.cast(cast)))
        return cls(team, items, tuple(groups))

    def select(self, chosen: Integers) -> Batch:
        """Return the batch of some of its items."""
        items = tuple(self.items[at] for at in chosen)
        return Batch(self.team, items, tuple(group.select(chosen) for group in self.groups))

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.items)

    @property
    def n_options(self) -> int:
        """How many options each question has."""
        return self.items[0].question.n_options

    @property
    def n_rounds(self) -> int:
        """How many rounds are played after round 0."""
        return self.items[0].rounds(self.team.rules.n_rounds)

    @cached_property
    def persuasiveness(self) -> Array:
        """What multiplies each seat's weight where reasons are shown, (n_items, n_agents)."""
        found = np.ones((self.n_items, self.team.n_agents))
        for group in self.groups:
            if group.members is not None:
                found[:, group.seats] = group.members.persuasiveness
        return found

    @cached_property
    def by_seat(self) -> tuple[SeatGroup, ...]:
        """The group of each seat."""
        found = {seat: group for group in self.groups for seat in group.seats}
        return tuple(found[seat] for seat in range(self.team.n_agents))

    def reason(self, seat: int, sounding: float) -> str:
        """Return a seat's argument.

        Parameters
        ----------
        seat : int
        sounding : float
            How sure it sounds.
        """
        group = self.by_seat[seat]
        return in_words(sounding) if group.varies else group.agent.argument

    def declared(self) -> tuple[Array, Array] | None:
        """Return everybody's true stubbornness and self-weight; None where one declares none."""
        if any(group.members is None for group in self.groups):
            return None
        stubbornness, self_weight = np.empty((2, self.n_items, self.team.n_agents))
        reasons = "reason" in self.team.rules.peers_see
        for group in self.groups:
            assert group.members is not None, "checked above"
            kept = 1 - group.agent.manner.readiness if reasons else 1.0
            stubbornness[:, group.seats] = kept * group.members.stubbornness
            self_weight[:, group.seats] = group.members.self_weight
        return stubbornness, self_weight
