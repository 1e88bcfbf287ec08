"""The people of the embedded model: agents with known parameters, drawn per question and seat.

Numeric agents and the simulated backend share them, so that both follow one truth. Whatever is
made from them is *simulated*: it says what the law implies, not what a language model does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.questions import Question
from fjsim.seeds import stream

HIGHEST_TOP = 0.999
RUNNER_UP = 0.97
DIRICHLET_SHAPE = 8.0
REMEMBERED = 4096
"""Characters of a question whose members are remembered; those of a longer one are drawn anew."""
_SHARES = ("competence", "shared_distractor", "stubbornness", "self_weight", "calibration")


@dataclass(frozen=True, slots=True)
class Member:
    """One agent on one question.

    Parameters
    ----------
    innate : ndarray of shape (n_options,)
        What it believes before it hears anybody.
    stubbornness, self_weight : float
        Its Friedkin-Johnsen parameters, in [0, 1].
    """

    innate: Array
    stubbornness: float
    self_weight: float


@dataclass(frozen=True)
class Population:
    """How members are drawn.

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

    Notes
    -----
    The defaults are calibrated so that the attack success rates of a stubborn agent at a hub,
    in a complete graph and at a leaf come near the rates that [1]_ reports for language models;
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
        if min(self.confidence_alpha, self.confidence_beta) <= 0:
            raise ParameterError("confidence_alpha and confidence_beta must be > 0")

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

    def _innate(self, key: int, distractor: int, n_options: int, rng: np.random.Generator) -> Array:
        luck, shared, other = rng.random(), rng.random(), int(rng.integers(1, n_options))
        top = self._confidence(n_options, rng)
        if luck < (1 - self.calibration) * self.competence + self.calibration * top:
            answer = key
        else:
            answer = distractor if shared < self.shared_distractor else (key + other) % n_options
        rest = rng.gamma(DIRICHLET_SHAPE, size=n_options)
        rest[answer] = 0.0
        belief = np.minimum(rest / rest.sum() * (1 - top), RUNNER_UP * top)
        belief[answer] = top
        return np.asarray(belief / belief.sum())

    def _confidence(self, n_options: int, rng: np.random.Generator) -> float:
        raised = rng.beta(self.confidence_alpha, self.confidence_beta)
        top = self.lowest_confidence + (1 - self.lowest_confidence) * raised
        return float(np.clip(top, 1 / n_options + 0.01, HIGHEST_TOP))

    def _stubbornness(self, rng: np.random.Generator) -> float:
        if self.stubbornness_concentration == 0 or self.stubbornness in (0.0, 1.0):
            return self.stubbornness
        holding = self.stubbornness * self.stubbornness_concentration
        yielding = (1 - self.stubbornness) * self.stubbornness_concentration
        return float(rng.beta(holding, yielding))


@lru_cache(maxsize=65536)
def _member(
    population: Population,
    text: str,
    options: tuple[str, ...],
    answer: int | None,
    replica: int,
    seat: int,
    seed: int,
) -> Member:
    n_options = len(options)
    shared = stream(seed, "question", text)
    guessed, step = int(shared.integers(n_options)), int(shared.integers(1, n_options))
    key = guessed if answer is None else answer
    rng = stream(seed, "innate", text, replica, seat)
    innate = population._innate(key, (key + step) % n_options, n_options, rng)
    innate.setflags(write=False)
    return Member(innate, population._stubbornness(rng), population.self_weight)
