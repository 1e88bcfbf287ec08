"""What a listener had before it when it spoke, and what was accepted of what it then said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.contracts.argument import sureness
from fjsim.contracts.speech import expressed_beliefs
from fjsim.errors import ParameterError
from fjsim.records.transcript import Transcript

Flags = NDArray[np.bool_]

INNATE = 0
OWN = 1
PEERS = 2
"""Columns of a row: innate belief, own last belief, then one per speaker, ``PEERS + speaker``."""

BLENDED = 1e-9
"""A stated belief this close to the accepted one was accepted as it stood."""


@dataclass(frozen=True)
class RouterMix:
    """What a blending router puts beside each statement of a model.

    Parameters
    ----------
    weights : ndarray of shape (n_items, n_agents, n_agents)
        W(q), rows that sum to 1 or are 0.
    share : ndarray of shape (n_items, n_agents)
        Share of its mixture in what is accepted; 0 for agents without a model.
    gate : ndarray of shape (n_items, n_rounds, n_agents, n_agents, 1 or n_options)
        Gate of each message in that mixture.
    innate : bool
        Whether the innate belief takes what gates remove; else the own last one.
    """

    weights: Array
    share: Array
    gate: Array
    innate: bool


@dataclass(frozen=True)
class HeardTurns:
    """Who had been heard, how much of it passed a gate, and what stands in for the rest.

    Parameters
    ----------
    heard : ndarray of bool, shape (n_items, n_rounds, n_agents, n_agents)
        ``[item, round - 1, listener, speaker]``.
    said_in : ndarray of int, like ``heard``
        Round of the statement; 0 where nothing was heard.
    gate : ndarray like ``heard``
        Share of the speaker's weight that is kept, in [0, 1]: the gate that acted.
    residual : {'innate', 'self', 'renormalise'}
        What takes the share that a gate removes. A speaker who was not heard is always replaced
        by the listener's own last belief.
    passed : ndarray of shape (n_items, n_rounds, n_agents, 1 or n_options), or None
        Share of the listener's own statement that was accepted (``blend`` channel); None where
        all of it was.
    unplaced : ndarray of bool, shape (n_items, n_rounds, n_agents)
        Turns before which the listener also heard something that the log does not hold under its
        speaker: its columns are not known, so it is neither fitted nor scored.
    total : ndarray of shape (n_items, n_rounds, n_agents), or None
        What the recorded mixture summed to before it was renormalised, where ``passed`` differs
        by option.
    options : ndarray of shape (n_items, n_rounds, n_agents, n_agents, n_options), or None
        Gates that acted option by option on what listeners without a model heard.
    weights : ndarray of shape (n_items or 1, n_agents, n_agents), or None
        W, by which such a listener's mixture was renormalised.
    router : RouterMix or None
        What a blending router added to each statement.
    forgetful : ndarray of bool, shape (n_agents,)
        Listeners that are not shown their own last view: what they do not hear leaves them with
        what they thought first.
    exposure : ndarray of shape (n_items, n_rounds, n_agents, n_options), or None
        Recorded means of what listeners heard, in place of statements; NaN where there is none.
    """

    heard: Flags
    said_in: NDArray[np.int64]
    gate: Array
    residual: Literal["innate", "self", "renormalise"]
    passed: Array | None
    unplaced: Flags
    total: Array | None
    options: Array | None
    weights: Array | None
    router: RouterMix | None
    forgetful: Flags
    exposure: Array | None = None

    @property
    def sequential(self) -> bool:
        """Whether somebody heard a statement of the very round in which it spoke."""
        rounds = np.arange(1, self.heard.shape[1] + 1)[None, :, None, None]
        return bool((self.heard & (self.said_in == rounds)).any())

    @property
    def gated(self) -> bool:
        """Whether a gate below 1 acted on something heard."""
        return bool((self.heard & (self.gate < 1)).any())

    @property
    def sways(self) -> bool:
        """Whether gates move listeners' weights from speaker to speaker, turn by turn."""
        return self.residual == "renormalise" and self.passed is None and self.gated

    @property
    def is_plain(self) -> bool:
        """Whether a statement is a mixture of beliefs, gated edge by edge, and accepted whole."""
        outside = self.passed is not None or self.router is not None or self.exposure is not None
        return not (outside or self.options is not None or self.forgetful.any() or self.sways)

    @property
    def columns(self) -> Flags:
        """Columns that exist for each listener, shape (n_agents, n_agents + 2)."""
        speakers = self.heard.any(axis=(0, 1)) & ~np.eye(self.heard.shape[-1], dtype=bool)
        both = np.ones((len(speakers), PEERS), dtype=bool)
        return np.concatenate([both, speakers], axis=1)


def hearing(transcript: Transcript) -> HeardTurns:
    r"""Read from a transcript who had heard whom, and through which gate.

    Parameters
    ----------
    transcript : Transcript
        ``residual`` says what takes the weight that gates remove, ``played`` how gates and routed
        weights acted, ``kept`` how much of each statement was accepted.

    Returns
    -------
    HeardTurns

    Raises
    ------
    ParameterError
        If gates differ by option and the transcript holds no influence.

    Notes
    -----
    In the ``blend`` channel a gate acts on what is accepted, not on what was heard:
    :math:`b = g\,b^{stated} + (1-g)\,r`, so the gates of a model's columns are 1 and ``passed``
    is :math:`g`; a log that does not record it has it read off the two recorded beliefs. A router
    that blends adds its own mixture to that. Delivered in full is delivered with gate 1, whatever
    the defense's gate was.
    """
    heard_round = transcript.heard_round[:, 1:]
    said_in = np.maximum(heard_round, 0)
    spoken = np.asarray(~np.isnan(spoken_beliefs(transcript)).all(axis=-1))
    items = np.arange(transcript.n_items)[:, None, None, None]
    speakers = np.arange(transcript.n_agents)[None, None, None, :]
    heard = (heard_round >= 0) & spoken[items, said_in, speakers]
    heard &= ~np.eye(transcript.n_agents, dtype=bool)
    played = transcript.played
    models = np.isin(np.arange(transcript.n_agents), () if played is None else played.models)
    passed = _projected(transcript) if played is None else _recorded(transcript)
    gate = _acting(transcript)
    if passed is not None and played is None:
        gate = np.ones_like(gate)
    elif played is not None and played.defense_blends:
        gate[:, :, models] = 1.0
    options, weights = _by_option(transcript, gate, models)
    return HeardTurns(
        heard=heard,
        said_in=said_in,
        gate=gate,
        residual=transcript.residual,
        passed=passed,
        unplaced=unplaced_turns(transcript),
        total=_total(transcript, passed),
        options=options,
        weights=weights,
        router=router_mix(transcript),
        forgetful=models & (played is not None and not played.self_view),
        exposure=None if transcript.exposure is None else transcript.exposure[:, 1:],
    )


def _acting(transcript: Transcript) -> Array:
    """Return the gate that acted on each message, 1 where none did."""
    gate = transcript.gates[:, 1:]
    if transcript.acting is not None:
        acting = transcript.acting[:, 1:]
        gate = np.where(np.isnan(acting), gate, acting)
    return np.where(np.isnan(gate), 1.0, gate)


def _by_option(transcript: Transcript, gate: Array, models: Flags) -> tuple[Array | None, ...]:
    """Return gates by option for listeners without a model, and the weights that renormalise."""
    given = transcript.option_gates
    if given is None or models.all() or transcript.residual == "renormalise":
        return None, None
    if transcript.influence is None:
        raise ParameterError(
            "gates that differ by option are renormalised by the listener's weights, which this "
            "transcript does not hold; record the run with its influence"
        )
    options = np.where(np.isnan(given[:, 1:]), gate[..., None], given[:, 1:])
    options[:, :, models] = gate[:, :, models][..., None]
    influence = transcript.influence
    return options, influence if influence.ndim == 3 else influence[None]


def router_mix(transcript: Transcript) -> RouterMix | None:
    """Return what a blending router puts beside each statement; None where none blends.

    Parameters
    ----------
    transcript : Transcript
        Its ``played`` names the channel and the share, its ``routed`` the weights.

    Returns
    -------
    RouterMix or None
    """
    played = transcript.played
    given = transcript.routed if transcript.routed is not None else transcript.influence
    if played is None or not played.router_blends or given is None:
        return None
    models = np.isin(np.arange(transcript.n_agents), played.models)
    weights = np.broadcast_to(given, (transcript.n_items, *given.shape[-2:]))
    total = weights.sum(axis=-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    gate = np.where(np.isnan(transcript.gates[:, 1:]), 1.0, transcript.gates[:, 1:])[..., None]
    if played.defense in ("withhold", "sample"):
        gate = np.ones_like(gate)
    elif transcript.option_gates is not None:
        by_option = transcript.option_gates[:, 1:]
        gate = np.where(np.isnan(by_option), gate, by_option)
    innate = played.defense == "blend" and transcript.residual == "innate"
    share = np.where((total[..., 0] > 0) & models, played.strength, 0.0)
    return RouterMix(weights, share, gate, innate)


def unheard_edges(transcript: Transcript, by_item: bool = False) -> Flags:
    """Return which speakers of the graph a listener never heard.

    What they would weigh stays with the listener's own last belief, in every turn alike: no fit
    can tell the two apart.

    Parameters
    ----------
    transcript : Transcript
        Without influence it does not say who might have been heard.
    by_item : bool, default False
        Whether each item is looked at alone.

    Returns
    -------
    ndarray of bool, shape (n_agents, n_agents) or (n_items, n_agents, n_agents)
    """
    heard = hearing(transcript).heard.any(axis=1)
    influence = transcript.influence
    edges = (
        np.zeros_like(heard) if influence is None else np.broadcast_to(influence > 0, heard.shape)
    )
    if by_item:
        return np.asarray(edges & ~heard)
    return np.asarray(edges.any(axis=0) & ~heard.any(axis=0))


def unplaced_turns(transcript: Transcript) -> Flags:
    """Return the turns before which something was heard that the log does not hold.

    Parameters
    ----------
    transcript : Transcript
        An importer marks them by an entry of the listener for itself in ``heard_round``.

    Returns
    -------
    ndarray of bool, shape (n_items, n_rounds, n_agents)
    """
    own = np.diagonal(transcript.heard_round[:, 1:], axis1=-2, axis2=-1)
    return np.asarray(own >= 0)


def spoken_beliefs(transcript: Transcript) -> Array:
    """Return what peers could read of each turn.

    Parameters
    ----------
    transcript : Transcript
        Its ``peers_read`` says whether beliefs, stated confidence, reasons that convey it or only
        answers were shown.

    Returns
    -------
    ndarray like ``transcript.beliefs``
        The belief itself, or the *expressed* one: stated confidence on the answer (1 where it is
        not shown, what words convey of it where these are), the rest spread evenly. Of a statement
        that was blended, peers read the answer that was accepted, without the reason of another.
    """
    reads = transcript.peers_read
    if reads == "belief":
        return transcript.beliefs
    if reads == "nothing":
        return np.full_like(transcript.beliefs, np.nan)
    certainty = np.ones(transcript.answers.shape)
    if reads != "answer" and transcript.confidence is not None:
        certainty = transcript.confidence
    if reads == "words":
        certainty = sureness(_words(transcript), certainty)
    answers = transcript.answers
    if transcript.stated_beliefs is not None:
        both = ~np.isnan(transcript.stated_beliefs) & ~np.isnan(transcript.beliefs)
        changed = (both & (transcript.stated_beliefs != transcript.beliefs)).any(axis=-1)
        if changed.any():
            answers = np.where(changed, top_option(transcript.beliefs), answers)
        if reads == "words":
            certainty = np.where(answers == transcript.answers, certainty, 1.0)
    return expressed_beliefs(answers, certainty, transcript.beliefs)


def expressed_prediction(
    beliefs: Array, transcript: Transcript, stated: Array | None = None
) -> Array:
    """Return what peers would read of predicted beliefs.

    Parameters
    ----------
    beliefs : ndarray of shape (n_items, n_agents, n_options)
        As accepted.
    transcript : Transcript
        Its ``peers_read`` and ``words`` say what they read.
    stated : ndarray like ``beliefs``, optional
        As stated, which is what the stated confidence is of; default ``beliefs``.

    Returns
    -------
    ndarray like ``beliefs``
    """
    reads = transcript.peers_read
    if reads == "belief":
        return beliefs
    if reads == "nothing":
        return np.full_like(beliefs, np.nan)
    certainty, answers = np.ones(beliefs.shape[:-1]), top_option(beliefs)
    if reads != "answer":
        sure = beliefs if stated is None else stated
        certainty = np.nan_to_num(np.nanmax(np.nan_to_num(sure, nan=0.0), axis=-1))
    if reads == "words":
        certainty = sureness(_words(transcript), certainty)
        if stated is not None:
            certainty = np.where(answers == top_option(stated), certainty, 1.0)
    return expressed_beliefs(answers, certainty, beliefs)


def _words(transcript: Transcript) -> Array:
    """Return how far each seat's words convey its confidence, 0 where that is not said."""
    return np.zeros(transcript.n_agents) if transcript.words is None else transcript.words


def _recorded(transcript: Transcript) -> Array | None:
    """Return the recorded share of each statement that was accepted; None where all was."""
    if transcript.kept is None:
        return None
    kept = transcript.kept[:, 1:]
    there = ~np.isnan(transcript.beliefs[:, 1:])
    low = np.where(there, kept, np.inf).min(axis=-1)
    high = np.where(there, kept, -np.inf).max(axis=-1)
    return kept if (high > low).any() else kept[..., :1]


def _projected(transcript: Transcript) -> Array | None:
    """Read the accepted share of each statement off the stated and the accepted belief."""
    if transcript.stated_beliefs is None:
        return None
    stated, accepted = transcript.stated_beliefs[:, 1:], transcript.beliefs[:, 1:]
    if np.nanmax(np.abs(stated - accepted), initial=0.0) < BLENDED:
        return None
    kept = _stand_in(transcript)
    moved, allowed = np.nan_to_num(stated - kept), np.nan_to_num(accepted - kept)
    length = (moved**2).sum(axis=-1)
    share = np.divide(
        (moved * allowed).sum(axis=-1), length, out=np.ones_like(length), where=length > 1e-12
    )
    return np.asarray(np.clip(share, 0.0, 1.0))[..., None]


def _stand_in(transcript: Transcript) -> Array:
    """Return what took the place of what was removed, shape of the rounds after round 0."""
    before = transcript.beliefs[:, :-1]
    if transcript.residual == "innate":
        return np.broadcast_to(transcript.beliefs[:, :1], before.shape)
    return before


def _total(transcript: Transcript, passed: Array | None) -> Array | None:
    """Return the sums of recorded mixtures whose accepted share differs by option."""
    if passed is None or passed.shape[-1] == 1 or transcript.stated_beliefs is None:
        return None
    mixed = passed * transcript.stated_beliefs[:, 1:] + (1 - passed) * _stand_in(transcript)
    return np.asarray(np.nansum(mixed, axis=-1))
