"""Routers: who is listened to, per question, on a given graph."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from scipy import special

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Channel, Labels, Memory, Record, Router
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_topologies.routing_measures import (
    alignment,
    best_few,
    certainty_of,
    on_support,
    perceived_confidence,
    tilted,
)

logger = logging.getLogger(__name__)

Confidence = Literal["entropy", "stated"]


@dataclass(frozen=True, kw_only=True)
class ChannelRouter(Router):
    """A router whose channel is a parameter.

    Parameters
    ----------
    channel : {'label', 'withhold', 'sample', 'blend'}, default 'label'
        How the weights act on model agents.
    threshold : float, default 0.5
        Of ``'withhold'``: the smallest share of the row's largest weight that is delivered.
    strength : float, default 0.5
        Of ``'blend'``: the share of the accepted belief that is the routed mixture.
    """

    channel: Channel = "label"
    threshold: float = 0.5
    strength: float = 0.5

    def __post_init__(self) -> None:
        """Refuse shares outside their range."""
        for name in ("threshold", "strength"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"router.{name} is {getattr(self, name)}; it must lie in [0, 1]")


@register("router", "uniform")
@dataclass(frozen=True)
class Uniform(Router):
    """Listen by the graph's own weights, the same for every question."""

    def weights(self, record: Record, state: Any) -> Array:
        """Return the graph's W as it is."""
        return record.influence


@register("router", "self-confidence")
@dataclass(frozen=True, kw_only=True)
class SelfConfidence(ChannelRouter):
    """Listen to the confident: weights are a softmax of the speakers' own confidence.

    Parameters
    ----------
    sharpness : float, default 2
        0 is uniform; large values listen to the most confident alone.
    confidence : {'entropy', 'stated'}, default 'entropy'
        ``1 - H(b) / log K`` of the round-0 belief, or what the agent said of itself.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q) = w_ij exp(beta c_j) / sum_l w_il exp(beta c_l)``. Good where confidence is
    calibrated; an over-confident adversary attracts weight.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 2.0
    confidence: Confidence = "entropy"

    def weights(self, record: Record, state: Any) -> Array:
        """Return the softmax of the speakers' confidence."""
        sure = certainty_of(record, self.confidence == "stated")
        return tilted(record.influence, self.sharpness * sure[..., None, :])


@register("router", "relative-confidence")
@dataclass(frozen=True, kw_only=True)
class RelativeConfidence(ChannelRouter):
    """Listen to those more confident than oneself.

    Parameters
    ----------
    sharpness : float, default 3
        How sharply weight falls for the less confident, >= 0; 0 is uniform.
    confidence : {'entropy', 'stated'}, default 'entropy'
        ``1 - H(b) / log K`` of the round-0 belief, or what the agent said of itself.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij / (1 + exp(-beta (c_j - c_i)))``: unlike a softmax it
    does not single out one of several that are all surer than the listener.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 3.0
    confidence: Confidence = "entropy"

    def weights(self, record: Record, state: Any) -> Array:
        """Return a logistic function of the confidence gap."""
        sure = certainty_of(record, self.confidence == "stated")
        gap = sure[..., None, :] - sure[..., :, None]
        return on_support(record.influence, np.asarray(special.expit(self.sharpness * gap)))


@register("router", "perceived-confidence")
@dataclass(frozen=True, kw_only=True)
class PerceivedConfidence(ChannelRouter):
    """Listen to those whom the listener itself finds confident, as a probe asks it.

    Parameters
    ----------
    sharpness : float, default 2
        0 is uniform; large values listen to the most confident alone.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    After round 0 every listener is asked aside how sure each speaker seems; ``W_ij(q)`` is a
    softmax of its answers, ``record.perceived[i, j]``. For a record without a probe the speakers'
    stated confidence is taken instead, and the log says so once.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 2.0
    probes: ClassVar[bool] = True

    def weights(self, record: Record, state: Any) -> Array:
        """Return the softmax of perceived, or else of stated, confidence."""
        perceived = perceived_confidence(record)
        if perceived is None:
            _say_that_nobody_was_asked()
            perceived = certainty_of(record, stated=True)[..., None, :]
        return tilted(record.influence, self.sharpness * np.nan_to_num(perceived))


@cache
def _say_that_nobody_was_asked() -> None:
    logger.warning(
        "router 'perceived-confidence': the run asked no probe, so the speakers' stated "
        "confidence is taken for what listeners perceive"
    )


@register("router", "alignment")
@dataclass(frozen=True, kw_only=True)
class Alignment(ChannelRouter):
    """Listen to those whose round-0 belief is like one's own.

    Parameters
    ----------
    sharpness : float, default 5
        0 is uniform; large values listen to the most similar alone.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij exp(beta (1 - TV(b_i(0), b_j(0))))``: homophily. A wrong
    agent then listens to the wrong.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 5.0

    def weights(self, record: Record, state: Any) -> Array:
        """Return the softmax of similarity."""
        return tilted(record.influence, self.sharpness * alignment(record))


class Marks(NamedTuple):
    """Right and labelled round-0 answers of every seat so far."""

    right: Array
    answered: Array


@register("router", "competence-history")
@dataclass(frozen=True, kw_only=True)
class CompetenceHistory(ChannelRouter):
    """Listen to those who were right before, by the log-odds of their record.

    Parameters
    ----------
    sharpness : float, default 1
        Power of the odds; 0 is uniform.
    prior : float, default 1
        Right and wrong answers that everybody starts with, > 0.
    labels : {'none', 'all'} or Audit, default 'all'
        Which keys it is shown.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij (a_j / (1 - a_j))^beta`` with ``a_j`` the smoothed share
    of right answers. A static ensemble that is learned: the question itself plays no part. A
    sleeper earns its weight first.

    References
    ----------
    .. [1] S. Nitzan and J. Paroush, "Optimal decision rules in uncertain dichotomous choice
       situations", International Economic Review 23 (1982) 289-297, doi:10.2307/2526438.
    """

    memory: ClassVar[Memory] = "round0"

    sharpness: float = 1.0
    prior: float = 1.0
    labels: Labels = "all"

    def __post_init__(self) -> None:
        """Refuse a prior that is not positive."""
        super().__post_init__()
        if self.prior <= 0:
            raise ConfigError(f"router.prior is {self.prior}; it must be > 0")

    def initial_state(self, n_agents: int) -> Marks:
        """Return no marks."""
        return Marks(np.zeros(n_agents), np.zeros(n_agents))

    def update(self, record: Record, state: Marks, key: int | None) -> Marks:
        """Return the marks after a question whose key is shown."""
        if key is None:
            return state
        votes = top_option(record.stated[0])
        return Marks(
            state.right + (votes == np.asarray(key)[..., None]), state.answered + (votes >= 0)
        )

    def weights(self, record: Record, state: Marks) -> Array:
        """Return the odds of being right, to a power."""
        right, wrong = state.right + self.prior, state.answered - state.right + self.prior
        odds = np.log(right / wrong)
        return tilted(record.influence, self.sharpness * odds[..., None, :])


@register("router", "top-k")
@dataclass(frozen=True, kw_only=True)
class TopExperts(ChannelRouter):
    """Listen to one's k most confident speakers alone.

    Parameters
    ----------
    k : int, default 1
        How many, >= 1.
    confidence : {'entropy', 'stated'}, default 'entropy'
        ``1 - H(b) / log K`` of the round-0 belief, or what the agent said of itself.
    channel : {'label', 'withhold', 'sample', 'blend'}, default 'withhold'
        How the weights act on model agents.
    threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    Sparse gating: ``W_ij(q)`` in proportion to ``w_ij`` over the k largest ``c_j``; equally
    confident speakers share the last place.

    References
    ----------
    .. [1] N. Shazeer et al., "Outrageously large neural networks: the sparsely-gated
       mixture-of-experts layer", ICLR 2017, arXiv:1701.06538.
    """

    k: int = 1
    confidence: Confidence = "entropy"
    channel: Channel = "withhold"

    def __post_init__(self) -> None:
        """Refuse to listen to nobody."""
        super().__post_init__()
        if self.k < 1:
            raise ConfigError(f"router.k is {self.k}; it must be >= 1")

    def weights(self, record: Record, state: Any) -> Array:
        """Return the graph's weights on the best few."""
        sure = certainty_of(record, self.confidence == "stated")
        return on_support(record.influence, best_few(record.influence, sure, self.k))


@register("router", "oracle")
@dataclass(frozen=True, kw_only=True)
class Oracle(ChannelRouter):
    """Listen by how much each speaker believes the right option: an upper bound, not a router.

    Parameters
    ----------
    sharpness : float, default 20
        0 is uniform; large values listen to whoever is surest of the right option alone.
    labels : {'none', 'all'} or Audit, default 'all'
        It needs the key of the very question; without it, it is uniform.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij exp(beta b_j(0)[y])`` with y the key, which no real router
    can see. It bounds what routing could win on a graph.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 20.0
    labels: Labels = "all"

    def weights(self, record: Record, state: Any) -> Array:
        """Return the graph's W: without the key there is nothing to go by."""
        return record.influence

    def route(self, record: Record, state: Any, key: int | None) -> Array:
        """Return the softmax of the speakers' belief in the right option."""
        if key is None or self.labels != "all":
            return record.influence
        belief = np.nan_to_num(record.stated[0])
        at_key = np.arange(belief.shape[-1]) == np.asarray(key)[..., None, None]
        right = np.where(at_key, belief, 0.0).sum(axis=-1)
        return tilted(record.influence, self.sharpness * right[..., None, :])
