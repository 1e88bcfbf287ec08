"""The people of the embedded model: agents with known parameters, drawn per question and seat.

Numeric agents and the simulated backend share them, so that both follow one truth. Whatever is
made from them is *simulated*: it says what the law implies, not what a language model does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts.argument import Manner, in_words, sureness
from fjsim.contracts.crowd import Cast, Members
from fjsim.errors import ParameterError
from fjsim.questions import Question
from fjsim.seeds import streams

HIGHEST_TOP = 0.999
RUNNER_UP = 0.97
DIRICHLET_SHAPE = 8.0
REMEMBERED = 4096
"""Characters of a question whose members are remembered; those of a longer one are drawn anew."""
WIDEST_SPREAD = 5.0
_SHARES = (
    "competence",
    "shared_distractor",
    "stubbornness",
    "self_weight",
    "calibration",
    "words",
    "readiness",
)

PROFILES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "beliefs-seen": MappingProxyType({}),
        "stubborn-neighbors": MappingProxyType(
            {
                "stubbornness": 0.39,
                "stubbornness_concentration": 0.3,
                "confidence_beta": 2.0,
                "words": 1.0,
                "persuasiveness_spread": 0.3,
            }
        ),
    }
)
"""Named sets of parameters; what a profile does not name is at its default.

Both are calibrated to the attack success rates of "Don't Trust Stubborn Neighbors" by
``studies/calibration.py``: ``beliefs-seen``, which is the default of every parameter, where peers
see each other's beliefs; ``stubborn-neighbors`` at that paper's own visibility, answer and reason.
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One agent on one question.

    Parameters
    ----------
    innate : ndarray of shape (n_options,)
        What it believes before it hears anybody.
    stubbornness, self_weight : float
        Its Friedkin-Johnsen parameters, in [0, 1].
    persuasiveness : float
        What multiplies its weight with those that hear its reasons, > 0.
    """

    innate: Array
    stubbornness: float
    self_weight: float
    persuasiveness: float = 1.0


@dataclass(frozen=True)
class Population:
    r"""How members are drawn.

    Parameters
    ----------
    competence : float, default 0.8
        Probability that an agent's own answer is right, in [0, 1].
    shared_distractor : float, default 0.5
        Share of the wrong answers that fall on one wrong option common to the question.
    stubbornness : float, default 0.38
        Mean stubbornness, in [0, 1].
    stubbornness_concentration : float, default 0.4
        Concentration of its Beta distribution; small means that agents either hold or yield;
        0 gives everybody the mean.
    self_weight : float, default 0.1
        In [0, 1], the same for everybody.
    lowest_confidence : float, default 0.2
        Smallest probability on the own answer.
    confidence_alpha, confidence_beta : float, default 2 and 1
        The rest is Beta distributed above it.
    calibration : float, default 0
        What confidence says about being right, in [0, 1]: at 0 nothing, an agent is right with
        its competence; at 1 it is right with the probability that it puts on its own answer.
    words : float, default 0
        How far a reason conveys its speaker's confidence where neither confidence nor belief is
        shown, in [0, 1]; 0 means that every answer sounds certain.
    persuasiveness_spread : float, default 0
        Standard deviation of the logarithm of a speaker's persuasiveness, drawn per question and
        seat, in [0, 5]; it acts where reasons are shown.
    readiness : float, default 0
        Share of its stubbornness that a listener gives up where it is given reasons, in [0, 1].

    Notes
    -----
    Where reasons are shown, listener :math:`i` moves by

    .. math:: b_i(t+1) = \gamma'_i s_i + (1-\gamma'_i)
        \Big[\alpha b_i(t) + (1-\alpha) \sum_j w'_{ij} e_j(t)\Big],

    with :math:`\gamma'_i = (1-\rho)\gamma_i` for readiness :math:`\rho`;
    :math:`w'_{ij} = w_{ij}p_j / \sum_k w_{ik}p_k` with :math:`\log p_j` normal of mean 0 and
    standard deviation ``persuasiveness_spread``; and :math:`e_j` the belief that is heard, which
    is :math:`b_j` itself where beliefs are shown. Where neither belief nor confidence is, it puts
    :math:`u_j = 1 - \omega(1 - \max_k b_{jk})` on the answer, for words :math:`\omega`, and the
    rest evenly on the other options.

    ``profile`` in the block of a scenario names one of `PROFILES`. The defaults are calibrated so
    that the attack success rates of a stubborn agent at a hub, in a complete graph and at a leaf
    come near the rates that [1]_ reports for language models, where peers see beliefs;
    ``studies/calibration.py`` repeats the calibration.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809.
    """

    competence: float = 0.8
    shared_distractor: float = 0.5
    stubbornness: float = 0.38
    stubbornness_concentration: float = 0.4
    self_weight: float = 0.1
    lowest_confidence: float = 0.2
    confidence_alpha: float = 2.0
    confidence_beta: float = 1.0
    calibration: float = 0.0
    words: float = 0.0
    persuasiveness_spread: float = 0.0
    readiness: float = 0.0

    profiles: ClassVar[Mapping[str, Mapping[str, float]]] = PROFILES

    def __post_init__(self) -> None:
        """Refuse what is outside its range."""
        for name in _SHARES:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ParameterError(f"{name} is {value}; it must lie in [0, 1]")
        if not 0 <= self.lowest_confidence < 1:
            raise ParameterError(
                f"lowest_confidence is {self.lowest_confidence}; it must lie in [0, 1)"
            )
        if self.stubbornness_concentration < 0:
            raise ParameterError(
                f"stubbornness_concentration is {self.stubbornness_concentration}; it must be >= 0"
            )
        if not 0 <= self.persuasiveness_spread <= WIDEST_SPREAD:
            raise ParameterError(
                f"persuasiveness_spread is {self.persuasiveness_spread}; it must lie in "
                f"[0, {WIDEST_SPREAD:g}]"
            )
        if min(self.confidence_alpha, self.confidence_beta) <= 0:
            raise ParameterError("confidence_alpha and confidence_beta must be > 0")

    @property
    def manner(self) -> Manner:
        """How its members speak reasons and hear them."""
        return Manner(self.words, self.readiness)

    def voiced(self, confidence: float) -> str:
        """Return how a member's words convey its confidence; empty where they do not.

        Parameters
        ----------
        confidence : float
            As it states it, in [0, 1].
        """
        return in_words(float(sureness(self.words, confidence))) if self.words > 0 else ""

    def swayed(self, stubbornness: float, given_reasons: bool) -> float:
        """Return the stubbornness that is left of a listener that is, or is not, given reasons.

        Parameters
        ----------
        stubbornness : float
            In [0, 1].
        given_reasons : bool
        """
        return (1 - self.readiness) * stubbornness if given_reasons else stubbornness

    def member(self, question: Question, replica: int, seat: int, seed: int) -> Member:
        """Return the agent in one seat; the same for the same arguments.

        Parameters
        ----------
        question : Question
            With its key; without one, a key is guessed from the seed.
        replica, seat : int
            Which draw it is.
        seed : int
            Root of its random stream.
        """
        size = len(question.text) + sum(map(len, question.options))
        make = _member if size <= REMEMBERED else _member.__wrapped__
        return make(self, question.text, question.options, question.key, replica, seat, seed)

    def members(self, cast: Cast) -> Members:
        """Return the agents in some seats of many items: what `member` gives for each of them.

        Parameters
        ----------
        cast : Cast
            Which seats of which items.
        """
        shape = len(cast.questions), len(cast.seats)
        n_options = cast.questions[0].n_options
        keys, distractors = _keys(cast)
        named = (
            (question.text, replica, seat)
            for question, replica in zip(cast.questions, cast.replicas, strict=True)
            for seat in cast.seats
        )
        drawn = _Draws.of(self, n_options, streams(cast.seed, "innate", named))
        key, distractor = (np.repeat(each, shape[1]) for each in (keys, distractors))
        return Members(
            self._innate(drawn, key, distractor).reshape(*shape, n_options),
            drawn.stubbornness.reshape(shape),
            np.full(shape, self.self_weight),
            drawn.persuasiveness.reshape(shape),
        )

    def _innate(
        self, drawn: _Draws, key: NDArray[np.int64], distractor: NDArray[np.int64]
    ) -> Array:
        """Return what members believe before they hear anybody, shape (n_members, n_options)."""
        n_members, n_options = drawn.rest.shape
        top = self.lowest_confidence + (1 - self.lowest_confidence) * drawn.raised
        top = np.clip(top, 1 / n_options + 0.01, HIGHEST_TOP)
        right = drawn.luck < (1 - self.calibration) * self.competence + self.calibration * top
        other = (key + drawn.other) % n_options
        wrong = np.where(drawn.shared < self.shared_distractor, distractor, other)
        answer = np.arange(n_members), np.where(right, key, wrong)
        rest = drawn.rest.copy()
        rest[answer] = 0.0
        shared_out = rest / rest.sum(axis=1, keepdims=True) * (1 - top)[:, None]
        belief = np.minimum(shared_out, RUNNER_UP * top[:, None])
        belief[answer] = top
        return np.asarray(belief / belief.sum(axis=1, keepdims=True))

    def _persuasiveness(self, rng: np.random.Generator) -> float:
        spread = self.persuasiveness_spread
        return float(np.exp(spread * rng.standard_normal())) if spread > 0 else 1.0

    def _stubbornness(self, rng: np.random.Generator) -> float:
        if self.stubbornness_concentration == 0 or self.stubbornness in (0.0, 1.0):
            return self.stubbornness
        holding = self.stubbornness * self.stubbornness_concentration
        yielding = (1 - self.stubbornness) * self.stubbornness_concentration
        return float(rng.beta(holding, yielding))


@dataclass(frozen=True, eq=False)
class _Draws:
    """What is drawn for each of many members, in the order of its stream."""

    luck: Array
    shared: Array
    other: NDArray[np.int64]
    raised: Array
    rest: Array
    stubbornness: Array
    persuasiveness: Array

    @classmethod
    def of(
        cls, population: Population, n_options: int, rngs: Iterable[np.random.Generator]
    ) -> _Draws:
        """Draw members, one from each stream."""
        alpha, beta = population.confidence_alpha, population.confidence_beta
        numbers: list[tuple[float, ...]] = []
        rest: list[Array] = []
        for rng in rngs:
            luck, shared, other = rng.random(), rng.random(), int(rng.integers(1, n_options))
            raised = rng.beta(alpha, beta)
            rest.append(rng.gamma(DIRICHLET_SHAPE, size=n_options))
            last = population._stubbornness(rng), population._persuasiveness(rng)
            numbers.append((luck, shared, other, raised, *last))
        columns = np.array(numbers).T
        return cls(
            luck=columns[0],
            shared=columns[1],
            other=columns[2].astype(np.int64),
            raised=columns[3],
            rest=np.array(rest),
            stubbornness=columns[4],
            persuasiveness=columns[5],
        )


def _keys(cast: Cast) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each item's right option, a guessed one without a key, and the distractor."""
    texts = dict.fromkeys(question.text for question in cast.questions)
    n_options = cast.questions[0].n_options
    rngs = streams(cast.seed, "question", [(text,) for text in texts])
    drawn = {
        text: (int(rng.integers(n_options)), int(rng.integers(1, n_options)))
        for text, rng in zip(texts, rngs, strict=True)
    }
    guesses, steps = np.array([drawn[question.text] for question in cast.questions]).T
    known = np.array([-1 if one.key is None else one.key for one in cast.questions])
    keys = np.where(known < 0, guesses, known)
    return keys, (keys + steps) % n_options


@lru_cache(maxsize=65536)
def _member(
    population: Population,
    text: str,
    options: tuple[str, ...],
    key: int | None,
    replica: int,
    seat: int,
    seed: int,
) -> Member:
    question = Question("", text, options, key)
    found = population.members(Cast((question,), (replica,), (seat,), seed))
    innate = found.innate[0, 0]
    innate.setflags(write=False)
    return Member(
        innate,
        float(found.stubbornness[0, 0]),
        population.self_weight,
        float(found.persuasiveness[0, 0]),
    )
