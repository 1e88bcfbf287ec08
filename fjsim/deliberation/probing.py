"""A separate probe after round 0: how sure does each speaker seem to each listener."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm, Message, SampleIndex, SpeakingAgent
from fjsim.deliberation import rendering
from fjsim.deliberation.conversation import Conversation
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.team import Team
from fjsim.records import Probe, ProbeKey


@dataclass(frozen=True, slots=True)
class Probing:
    """The probes of one item in one arm; no reply is written back into a conversation.

    Parameters
    ----------
    team, arm, item, journal
        As in ``Deliberation``.
    question_views : sequence of QuestionView
        The question as each seat is shown it.
    conversations : sequence of Conversation
        Everybody's chat so far.
    """

    team: Team
    arm: Arm
    item: Item
    journal: Journal
    question_views: Sequence[QuestionView]
    conversations: Sequence[Conversation]

    async def ask_all(self, heard: Sequence[Sequence[Message]]) -> Array:
        """Ask every listener.

        Parameters
        ----------
        heard : sequence of sequence of Message
            Per listener, what the speakers said in round 0.

        Returns
        -------
        ndarray of shape (n_agents, n_agents)
            ``[listener, speaker]`` in [0, 1]; NaN where nobody was asked or no valid reply came.
        """
        found = await asyncio.gather(
            *(self._ask(seat, tuple(messages)) for seat, messages in enumerate(heard))
        )
        await self.journal.sync()
        return self._as_matrix(found)

    def recalled(self) -> Array:
        """Return what `ask_all` returned in an earlier session."""
        seats = range(self.team.n_agents)
        found = (self.journal.probed(self._key(seat)) for seat in seats)
        return self._as_matrix([probe for probe in found if probe is not None])

    def _as_matrix(self, found: Sequence[Probe]) -> Array:
        perceived = np.full((self.team.n_agents, self.team.n_agents), np.nan)
        for probe in found:
            for speaker, sure in probe.perceived.items():
                perceived[probe.agent, speaker] = sure
        return perceived

    def _key(self, seat: int) -> ProbeKey:
        return ProbeKey(self.arm, self.item.question.id, self.item.replica, seat)

    async def _ask(self, seat: int, heard: tuple[Message, ...]) -> Probe:
        key = self._key(seat)
        probe = self.journal.probed(key)
        if probe is not None:
            return probe
        probe = await self._asked(key, heard) if heard else Probe(*key, perceived={})
        self.journal.keep_probe(probe)
        return probe

    async def _asked(self, key: ProbeKey, heard: tuple[Message, ...]) -> Probe:
        elicitor = self.team.elicitors[key.agent]
        if elicitor is None or isinstance(self.team.agents[key.agent], SpeakingAgent):
            return Probe(*key, perceived={one.speaker: _sureness(one) for one in heard})
        asked_of = rendering.probe_prompt(self.question_views[key.agent], heard)
        chat = self.conversations[key.agent].chat(asked_of)
        names = [rendering.agent_name(one.speaker) for one in heard]
        sample = SampleIndex(self.item.replica, key.agent, 0)
        asked = await elicitor.perceive(chat, names, sample)
        speakers = [one.speaker for one in heard] if asked.values else []
        perceived = dict(zip(speakers, asked.values, strict=True))
        return Probe(*key, perceived=perceived, problem=asked.problem, cost=asked.cost)


def _sureness(message: Message) -> float:
    """Return what an agent without a model makes of a message: it uses the stated confidence."""
    if message.confidence is not None:
        return message.confidence
    if message.belief is None:
        return 1.0
    return float(np.max(message.belief))
