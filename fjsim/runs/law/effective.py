"""The law as one run bends it: a forged speaker; or why it says nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.fitting import FJFit, predicted_beliefs
from fjsim.fitting.predict.beliefs import law_rows
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS
from fjsim.records import Transcript
from fjsim.runs.law.intent import forged_beliefs
from fjsim.runs.resolve import Setup
from fjsim.runs.unread import REWRITTEN, rewrites_others, silent_because

Number = TypeVar("Number", bound=np.generic)

MOVING = "forged messages are no constant source"


@dataclass(frozen=True)
class EffectiveLaw:
    """How beliefs are predicted in one run.

    Parameters
    ----------
    setup : Setup
    """

    setup: Setup

    @property
    def rewrites(self) -> bool:
        """Whether somebody is heard to say what it did not say."""
        return rewrites_others(self.setup.plugins.attack)

    @property
    def is_plain(self) -> bool:
        """Whether the transcript holds all that the law needs."""
        return not (self.rewrites or self.silent_because)

    @property
    def silent_because(self) -> str:
        """Why no parameters can predict the run; empty where they can."""
        return silent_because(self.setup.plugins)

    @property
    def own_fit_fails_because(self) -> str:
        """Why the attacked arm cannot be fitted itself; empty where it can."""
        return REWRITTEN if self.rewrites else ""

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
        A speaker whose messages are forged is, to those who get the forgeries, another speaker
        that never moves: it is added as a seat of the adversary's.
        """
        if self.silent_because:
            return None
        if not self.rewrites or transcript.arm != "attacked":
            return predicted_beliefs(transcript, fit, start)
        forged = forged_beliefs(self.setup, transcript)
        if forged is None:
            return None
        doubled, wide = with_doubles(transcript, law_rows(transcript, fit), forged)
        return predicted_beliefs(doubled, wide, start)[:, :, : transcript.n_agents]


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
    rows = np.broadcast_to(rows, (n_items, *rows.shape[1:]))
    wide = _Doubling(edges, tapped, seats, axis=2)(rows, 0.0, PEERS)
    wide[:, :, seats, INNATE] = 1.0
    wide[:, :, seats, OWN] = 0.0
    for double, (listener, speaker) in zip(seats, edges, strict=True):
        here = tapped[:, listener, speaker]
        beliefs[here, :, double] = forged[here, listener, speaker][:, None]
        # On other items it is nobody, whom nobody hears.
        beliefs[~here, :, double] = transcript.beliefs[~here, :, speaker]
    said = beliefs[:, :, n_agents:]
    by_round, by_item = (_Doubling(edges, tapped, seats, axis) for axis in (2, 1))
    doubled = replace(
        transcript,
        beliefs=beliefs,
        stated_beliefs=_joined(transcript.stated_beliefs, said),
        answers=np.concatenate([transcript.answers, top_option(said)], axis=2),
        validity=_wider(transcript.validity, more, 2, 0),
        confidence=_joined(transcript.confidence, said.max(axis=-1)),
        heard_round=by_round(transcript.heard_round, -1),
        gates=by_round(transcript.gates, np.nan),
        acting=_maybe(by_round, transcript.acting, np.nan),
        option_gates=_maybe(by_round, transcript.option_gates, np.nan),
        kept=None if transcript.kept is None else _wider(transcript.kept, more, 2, 1.0),
        influence=_maybe(by_item, _per_item(transcript.influence, n_items), 0.0),
        routed=_maybe(by_item, transcript.routed, 0.0),
        stubbornness=None,
        self_weight=None,
        # What a forged message conveys is read off it already.
        words=None if transcript.words is None else np.append(transcript.words, np.ones(more)),
        seats=(*transcript.adversary_seats, *seats.tolist()),
    )
    return doubled, wide


@dataclass(frozen=True)
class _Doubling:
    """Widens arrays of edges by the seats that stand for forged speakers.

    ``axis`` is that of the listeners, the next one that of the speakers; before them come items.
    """

    edges: NDArray[np.intp]
    tapped: NDArray[np.bool_]
    seats: NDArray[np.intp]
    axis: int

    def __call__(self, values: NDArray[Number], nothing: float, first: int = 0) -> NDArray[Number]:
        """Return the array with each tapped edge moved to its double.

        ``first`` is where speakers begin on their axis.
        """
        more = len(self.edges)
        wide = _wider(_wider(values, more, self.axis, nothing), more, self.axis + 1, nothing)
        ahead = (slice(None),) * (self.axis - 1)
        for double, (listener, speaker) in zip(self.seats, self.edges, strict=True):
            here = self.tapped[:, listener, speaker]
            old = (here, *ahead, listener, first + speaker)
            wide[(here, *ahead, listener, first + double)] = wide[old]
            wide[old] = nothing
        return wide


def _maybe(double: _Doubling, values: Array | None, nothing: float) -> Array | None:
    return None if values is None else double(values, nothing)


def _per_item(influence: Array | None, n_items: int) -> Array | None:
    """Return weights item by item, whose edges may then differ."""
    if influence is None or influence.ndim == 3:
        return influence
    return np.broadcast_to(influence, (n_items, *influence.shape))


def _joined(known: NDArray[Number] | None, more: NDArray[Number]) -> NDArray[Number] | None:
    """Return what is known of the seats with what the further ones add; None where nothing is."""
    return None if known is None else np.concatenate([known, more], axis=2)


def _wider(values: NDArray[Number], more: int, axis: int, fill: float) -> NDArray[Number]:
    """Return the array with ``more`` further entries along an axis."""
    widths = [(0, 0)] * values.ndim
    widths[axis] = (0, more)
    return np.pad(values, widths, constant_values=fill)
