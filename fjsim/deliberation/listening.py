"""What one listener is given before it speaks: said, tampered with, judged, routed, delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fjsim.beliefs import Array
from fjsim.contracts import Message, SpeakingAgent, Validity
from fjsim.deliberation.accepting import gate_of
from fjsim.deliberation.adversary import Adversary, TurnContext
from fjsim.deliberation.hearing import (
    Gating,
    Hearing,
    cut,
    message_of,
    through_defense,
    through_router,
)
from fjsim.deliberation.item import Item
from fjsim.deliberation.persuasion import swayed
from fjsim.deliberation.team import Team
from fjsim.seeds import shuffled, stream

Place = tuple[str, int, int, int]
"""Question, replica, seat and round: what a listener's draws are keyed by."""


@dataclass(frozen=True)
class Listening:
    """The way of messages to the listeners of one item.

    Parameters
    ----------
    team : Team
    item : Item
    adversary : Adversary or None
        None in the clean arm.
    """

    team: Team
    item: Item
    adversary: Adversary | None

    def hearing(
        self,
        seat: int,
        context: TurnContext,
        weights: Array,
        gates: Array | None,
        gating: Gating | None,
        persuasion: Array | None = None,
    ) -> Hearing:
        """Return what one listener is given before one turn.

        Parameters
        ----------
        seat : int
            The listener.
        context : TurnContext
            When; in round 0 nobody is heard.
        weights : ndarray of shape (n_agents, n_agents)
            W(q).
        gates : ndarray of shape (n_agents, n_agents) or (n_agents, n_agents, n_options), or None
            The round's gates by the record; they are read, never written.
        gating : Gating or None
            Judges words that are not those on record; None without a defense.
        persuasion : ndarray of shape (n_agents, n_agents) or None
            What multiplies the weights by which listeners mix; None where nothing does.

        Returns
        -------
        Hearing
            With the listener's own row of gates, each for the words that reached it.
        """
        if context.number == 0:
            return Hearing()
        rules, speakers = self.team.rules, self.team.speakers[seat]
        place = (self.item.question.id, self.item.replica, seat, context.number)
        if rules.shuffle_peers and len(speakers) > 1:
            speakers = tuple(shuffled(speakers, rules.seed, "peer order", *place))
        loud: list[Message] = []
        silent: list[Message] = []
        own = None if gates is None else gates[seat].copy()
        for speaker in speakers:
            gate = 1.0 if own is None else own[speaker]
            message = message_of(context.said[speaker], float(weights[seat, speaker]), gate)
            if context.said[speaker].validity is Validity.MISSING:
                silent.append(message)
                continue
            if self.adversary is None and gating is None:
                loud.append(cut(message, rules.peers_see))
                continue
            forged, judged = self._on_the_wire(message, seat, context, gating)
            loud.extend((*forged, judged))
            if own is not None:
                own[speaker] = gate_of(judged)
        if len(loud) + len(silent) > len(speakers) and rules.shuffle_peers:
            # Invented speakers must not stand beside the seat they come from.
            loud = shuffled(loud, rules.seed, "forged order", *place)
        if isinstance(self.team.agents[seat], SpeakingAgent):
            given = Hearing(tuple(loud), tuple(silent), gates=own)
        else:
            given = self._through_channels(loud, silent, seat, place)
            given = given if own is None else replace(given, gates=own)
        return given if persuasion is None else _swayed(given, persuasion[seat])

    def _on_the_wire(
        self, message: Message, seat: int, context: TurnContext, gating: Gating | None
    ) -> tuple[tuple[Message, ...], Message]:
        """Return what is forged beside a message, and the message as it reaches the listener."""
        speaker = message.speaker
        forged: tuple[Message, ...] = ()
        if self.adversary is not None:
            message = self.adversary.tampered(message, seat, context)
            copies = self.adversary.forged(message, seat, context)
            forged = tuple(self._judged(copy, seat, speaker, gating) for copy in copies)
        return forged, self._judged(message, seat, speaker, gating)

    def _judged(self, message: Message, seat: int, speaker: int, gating: Gating | None) -> Message:
        """Return a message as peers may see it, gated by what it says itself."""
        judged = message if gating is None else gating.judged(message, seat, speaker)
        return cut(judged, self.team.rules.peers_see)

    def _through_channels(
        self, loud: Sequence[Message], silent: Sequence[Message], seat: int, place: Place
    ) -> Hearing:
        """Return what the channels of router and defense let through to a model."""
        team, seed = self.team, self.team.rules.seed
        if team.router.channel != "label":
            shares = team.influence[seat]
            chosen = through_router(loud, team.router, shares, stream(seed, "routing", *place))
            # Who said nothing is shown by the same weights as the others.
            missing = (replace(one, weight=float(shares[one.speaker])) for one in silent)
            loud, silent = chosen.heard, (*chosen.silent, *missing)
        if team.defense is None:
            return Hearing(tuple(loud), tuple(silent))
        rng = stream(seed, "delivery", *place)
        hearing = through_defense(loud, team.defense.channel, team.defense.threshold, rng)
        return replace(hearing, silent=(*hearing.silent, *silent))


def _swayed(hearing: Hearing, factors: Array) -> Hearing:
    """Return what a listener is given, weighed by its speakers' persuasiveness."""
    heard, silent = swayed((hearing.heard, hearing.silent), factors)
    # What a channel kept back is the first of what is silent.
    kept_back = silent[: len(hearing.kept_back)]
    return replace(hearing, heard=heard, silent=silent, kept_back=kept_back)
