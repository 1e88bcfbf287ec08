"""Voters from outside the team, asked once after round 0 where a defense wants casting votes."""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import top_option
from fjsim.contracts import Casting, ChatMessage, SampleIndex
from fjsim.contracts.population import Population
from fjsim.deliberation import rendering
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
from fjsim.deliberation.team import Team
from fjsim.records import CASTING_SEAT, CastingKey, CastVote


class CastingVoters:
    """The voters of one item; both arms ask the same ones, and each is asked once.

    Parameters
    ----------
    team : Team
    item : Item
    journal : Journal
        Where votes go, and where those of earlier sessions are.
    """

    def __init__(self, team: Team, item: Item, journal: Journal) -> None:
        self._team, self._item, self._journal = team, item, journal
        self._asked: dict[int, asyncio.Task[CastVote]] = {}

    async def ask_all(self) -> NDArray[np.int64]:
        """Ask every voter that was not asked yet.

        Returns
        -------
        ndarray of int, shape (n_votes,)
            The options voted for; -1 for a voter that gave no valid answer.
        """
        tasks = [self._task(voter) for voter in range(self._voters.n_votes)]
        votes = [await asyncio.shield(task) for task in tasks]
        await self._journal.sync()
        return _options(votes)

    def recalled(self) -> NDArray[np.int64]:
        """Return what `ask_all` returned in an earlier session."""
        found = [self._journal.cast(self._key(at)) for at in range(self._voters.n_votes)]
        return _options(found)

    @property
    def _voters(self) -> Casting:
        voters = None if self._team.defense is None else self._team.defense.casting
        assert voters is not None, "a defense that asks for casting votes has voters"
        return voters

    def _key(self, voter: int) -> CastingKey:
        return CastingKey(self._item.question.id, self._item.replica, voter)

    def _task(self, voter: int) -> asyncio.Task[CastVote]:
        if voter not in self._asked:
            self._asked[voter] = asyncio.ensure_future(self._vote(voter))
        return self._asked[voter]

    async def _vote(self, voter: int) -> CastVote:
        key = self._key(voter)
        recorded = self._journal.cast(key)
        if recorded is not None:
            return recorded
        competence = self._voters.competence
        vote = await self._given(key) if competence is None else self._drawn(key, competence)
        self._journal.keep_cast(vote)
        return vote

    async def _given(self, key: CastingKey) -> CastVote:
        """Ask a model that knows nothing of the team."""
        elicitor = self._team.casting
        assert elicitor is not None, "the runtime makes one where a backend is asked"
        view = self._team.question_view(self._item.question)
        chat = (
            ChatMessage("system", rendering.casting_prompt(view)),
            ChatMessage("user", rendering.question_prompt(view, None)),
        )
        sample = SampleIndex(self._item.replica, CASTING_SEAT + key.voter, 0)
        asked = await elicitor.ask(chat, view, sample)
        statement = asked.statement
        return CastVote(
            *key,
            answer=None if statement.belief is None else _favoured(statement.belief),
            text=asked.text,
            problem=statement.problem,
            prompt_hash=asked.prompt_hash,
            cost=asked.cost,
        )

    def _drawn(self, key: CastingKey, competence: float) -> CastVote:
        """Draw a vote as numeric agents are drawn, with the distractor that they share."""
        seat, seed = CASTING_SEAT + key.voter, self._team.rules.seed
        drawn = Population(competence=competence).member(
            self._item.question, self._item.replica, seat, seed
        )
        return CastVote(*key, answer=_favoured(drawn.innate))


def _favoured(belief: NDArray[np.float64]) -> int | None:
    top = int(top_option(belief))
    return top if top >= 0 else None


def _options(votes: list[CastVote] | list[CastVote | None]) -> NDArray[np.int64]:
    answers = [None if vote is None else vote.answer for vote in votes]
    return np.array([-1 if answer is None else answer for answer in answers], dtype=np.int64)
