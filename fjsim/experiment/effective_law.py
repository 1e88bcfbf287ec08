"""The law as one run bends it: a blending router, a forged speaker; or why it says nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.contracts import ModelAgent, Power, SpeakingAgent
from fjsim.experiment.intent import forged_beliefs, rewrites_others
from fjsim.experiment.setup import Setup
from fjsim.fitting import FJFit, predicted_beliefs
from fjsim.fitting.hearing import INNATE, OWN, PEERS
from fjsim.fitting.prediction import law_rows
from fjsim.records import Transcript

Number = TypeVar("Number", bound=np.generic)

TWO_BLENDS = "router and defense both act on what is accepted"
INVENTED = "invented speakers change the weights from listener to listener"
RECRUITED = "recruits stop following the law"
MOVING = "forged messages are no constant source"
ROUTED = "the clean arm was routed by other weights"
REWRITTEN = "a fit cannot see which messages were forged"


@dataclass(frozen=True)
class EffectiveLaw:
    """How beliefs are predicted in one run.

    Parameters
    ----------
    setup : Setup
    """

    setup: Setup

    @property
    def blends(self) -> bool:
        """Whether a router mixes outside the model what an agent's turn came to."""
        agents = self.setup.plugins.agents
        models = any(isinstance(agent, ModelAgent) for agent in agents)
        return models and self.setup.plugins.router.channel == "blend"

    @property
    def rewrites(self) -> bool:
        """Whether somebody is heard to say what it did not say."""
        return rewrites_others(self.setup.plugins.attack)

    @property
    def is_plain(self) -> bool:
        """Whether the transcript holds all that the law needs."""
        return not (self.blends or self.rewrites or self.silent_because)

    @property
    def silent_because(self) -> str:
        """Why no parameters can predict the run; empty where they can."""
        plugins = self.setup.plugins
        if self.blends and plugins.defense is not None:
            return TWO_BLENDS
        if plugins.attack is None:
            return ""
        may = plugins.attack.threat.may
        if Power.FORGE_IDENTITIES in may:
            return INVENTED
        speaking = any(isinstance(agent, SpeakingAgent) for agent in plugins.agents)
        return RECRUITED if Power.RECRUIT in may and speaking else ""

    @property
    def clean_fit_fails_because(self) -> str:
        """Why a fit of the clean arm says nothing on the attacked one; empty where it does."""
        return ROUTED if self.blends else ""

    @property
    def own_fit_fails_because(self) -> str:
        """Why the attacked arm cannot be fitted itself; empty where it can."""
        return REWRITTEN if self.rewrites else ""

    def plain(self, transcript: Transcript) -> Transcript:
        """Return the transcript as fits should read it: what a router blended is what was said."""
        return replace(transcript, stated_beliefs=None) if self.blends else transcript

    def beliefs(
        self, transcript: Transcript, fit: FJFit | None = None, start: int = 0
    ) -> Array | None:
        """Return the law's beliefs in one arm; None where they cannot be told.

        Parameters
        ----------
        transcript : Transcript
            The attacked or the clean arm.
        fit : FJFit, optional
            By default what backend or agents declare.
        start : int, default 0
            Last round that is taken as recorded.

        Returns
        -------
        ndarray like ``transcript.beliefs``, or None

        Notes
        -----
        A router that blends with strength s makes of a row r of the law ``(1 - s) r + s W(q)``,
        which is a row again. A speaker whose messages are forged is, to those who get the
        forgeries, another speaker that never moves: it is added as a seat of the adversary's.
        """
        if self.silent_because:
            return None
        plain = self.plain(transcript)
        rows = self._rows(transcript, fit)
        if not self.rewrites or transcript.arm != "attacked":
            return predicted_beliefs(plain, rows, start)
        forged = forged_beliefs(self.setup, transcript)
        if forged is None:
            return None
        doubled, wide = with_doubles(plain, rows, forged)
        return predicted_beliefs(doubled, wide, start)[:, :, : transcript.n_agents]

    def _rows(self, transcript: Transcript, fit: FJFit | None) -> Array:
        """Return rows of weights, shape (n_items or 1, n_rounds or 1, n_agents, n_agents + 2)."""
        if fit is not None or not self.blends:
            return law_rows(self.plain(transcript), fit)
        # What the model itself mixes by: the graph's weights, which are what it is shown.
        own = law_rows(replace(transcript, influence=self.setup.influence), None)
        routed = np.zeros((transcript.n_items, 1, *own.shape[-2:]))
        assert transcript.influence is not None, "a run of ours records its weights"
        routed[..., PEERS:] = np.broadcast_to(
            transcript.influence, (transcript.n_items, *transcript.influence.shape[-2:])
        )[:, None]
        total = routed.sum(axis=-1, keepdims=True)
        routed = np.divide(routed, total, out=np.zeros_like(routed), where=total > 0)
        agents = self.setup.plugins.agents
        strength = np.array(
            [self.setup.plugins.router.strength * isinstance(a, ModelAgent) for a in agents]
        )
        share = np.where(total > 0, strength[:, None], 0.0)
        return np.asarray((1 - share) * own + share * routed)


def with_doubles(transcript: Transcript, rows: Array, forged: Array) -> tuple[Transcript, Array]:
    """Return transcript and rows with a further, stubborn seat for every forged speaker.

    Parameters
    ----------
    transcript : Transcript
    rows : ndarray of shape (n_items or 1, n_rounds or 1, n_agents, n_agents + 2)
    forged : ndarray of shape (n_items, listener, speaker, n_options)
        NaN where the speaker was heard as it spoke. A speaker's forgeries may differ by item, and
        between listeners; then each listener has a double of its own.

    Returns
    -------
    tuple of Transcript and ndarray
        With ``n_agents`` plus as many seats as there are forged edges.
    """
    n_items, n_agents = transcript.n_items, transcript.n_agents
    tapped = np.asarray(~np.isnan(forged).all(axis=-1))
    edges = np.argwhere(tapped.any(axis=0))
    more, seats = len(edges), np.arange(n_agents, n_agents + len(edges))
    beliefs = _wider(transcript.beliefs, more, 2, np.nan)
    heard = _wider(_wider(transcript.heard_round, more, 2, -1), more, 3, -1)
    gates = _wider(_wider(transcript.gates, more, 2, np.nan), more, 3, np.nan)
    wide = np.broadcast_to(rows, (n_items, *rows.shape[1:])).copy()
    wide = _wider(_wider(wide, more, 2, 0.0), more, 3, 0.0)
    wide[:, :, seats, INNATE] = 1.0
    wide[:, :, seats, OWN] = 0.0
    for double, (listener, speaker) in zip(seats, edges, strict=True):
        here = tapped[:, listener, speaker]
        beliefs[here, :, double] = forged[here, listener, speaker][:, None]
        # On other items it is nobody, whom nobody hears.
        beliefs[~here, :, double] = transcript.beliefs[~here, :, speaker]
        for array, nothing in ((heard, -1), (gates, np.nan)):
            array[here, :, listener, double] = array[here, :, listener, speaker]
            array[here, :, listener, speaker] = nothing
        wide[here, :, listener, PEERS + double] = wide[here, :, listener, PEERS + speaker]
        wide[here, :, listener, PEERS + speaker] = 0.0
    said = beliefs[:, :, n_agents:]
    doubled = replace(
        transcript,
        beliefs=beliefs,
        stated_beliefs=_joined(transcript.stated_beliefs, said),
        answers=np.concatenate([transcript.answers, top_option(said)], axis=2),
        validity=_wider(transcript.validity, more, 2, 0),
        confidence=_joined(transcript.confidence, said.max(axis=-1)),
        heard_round=heard,
        gates=gates,
        influence=None,
        stubbornness=None,
        self_weight=None,
        seats=(*transcript.seats, *seats.tolist()),
    )
    return doubled, wide


def _joined(known: NDArray[Number] | None, more: NDArray[Number]) -> NDArray[Number] | None:
    """Return what is known of the seats with what the further ones add; None where nothing is."""
    return None if known is None else np.concatenate([known, more], axis=2)


def _wider(values: NDArray[Number], more: int, axis: int, fill: float) -> NDArray[Number]:
    """Return the array with ``more`` further entries along an axis."""
    widths = [(0, 0)] * values.ndim
    widths[axis] = (0, more)
    return np.pad(values, widths, constant_values=fill)
