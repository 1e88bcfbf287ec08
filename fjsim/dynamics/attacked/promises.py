"""What can be promised to a crowd that holds colluders: floors, bounds, and a crowd undefended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import TIE_TOLERANCE, Array
from fjsim.dynamics.attacked.colluders import (
    AlikeTeam,
    LeadChances,
    casting_bound,
    casting_failures,
    lead_chances,
)
from fjsim.dynamics.attacked.label_free import Floors
from fjsim.errors import ParameterError
from fjsim.seeds import stream

STRUCK = 0.25
"""How many strikes on the worst question are taken to be borne."""
COMPETENCES = (0.6, 0.7, 0.8, 0.9)
COLLUDERS = (1, 2, 3)
VOTES = (1, 2)
N_QUESTIONS = 60_000
"""Questions on which a crowd is played undefended."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What no rule without labels can beat that loses so much accuracy.

    Parameters
    ----------
    loss : float
        Accuracy below that of the undefended crowd.
    stealth : float or None
        Attack success over all questions; None where no rule is so accurate.
    strike : float or None
        Chance to be talked out of a right answer on the worst question.
    """

    loss: float
    stealth: float | None
    strike: float | None


@dataclass(frozen=True, slots=True)
class CastingBound:
    """What attack success over all questions cannot exceed with casting votes."""

    n_votes: int
    n_colluders: int
    competence: float
    bound: float


@dataclass(frozen=True, slots=True)
class Promises:
    """What can be promised to one crowd.

    Parameters
    ----------
    crowd : AlikeTeam
    undefended : float
        Its accuracy on a complete graph without a defense, where nobody attacks.
    ideal : float
        The best accuracy that any rule has there.
    floors : tuple of Floor
    loss_for_strikes : float
        Accuracy that has to be lost, of the undefended one, so that no strike succeeds in more
        than `STRUCK`; below 0 it costs nothing.
    lead : LeadChances
    bounds : tuple of CastingBound
        For other competences, too.
    """

    crowd: AlikeTeam
    undefended: float
    ideal: float
    floors: tuple[Floor, ...]
    loss_for_strikes: float
    lead: LeadChances
    bounds: tuple[CastingBound, ...]

    @property
    def own_bounds(self) -> tuple[CastingBound, ...]:
        """The bounds of this very crowd, one for each number of votes."""
        return tuple(
            one
            for one in self.bounds
            if (one.n_colluders, one.competence) == (self.crowd.n_colluders, self.crowd.competence)
        )


def promises(
    crowd: AlikeTeam,
    losses: Sequence[float] = (0.0, 0.02, 0.05),
    stubbornness: float = 0.1,
    self_weight: float = 0.3,
    n_rounds: int = 10,
    seed: int = 0,
) -> Promises:
    """Work out what can be promised to a crowd.

    Parameters
    ----------
    crowd : AlikeTeam
        With at least one colluder.
    losses : sequence of float
        Accuracies to be lost, each in [0, 1].
    stubbornness, self_weight : float
        Law of the undefended crowd, in [0, 1].
    n_rounds, seed : int
        How long it deliberates, and the root of what is drawn.

    Returns
    -------
    Promises

    Raises
    ------
    ParameterError
        If a number is outside its range.
    """
    if crowd.n_colluders < 1:
        raise ParameterError("colluders is 0; without any there is nothing to promise against")
    for loss in losses:
        if not 0 <= loss <= 1:
            raise ParameterError(f"loss is {loss}; it must lie in [0, 1]")
    undefended = undefended_accuracy(crowd, stubbornness, self_weight, n_rounds, seed)
    rules = Floors(crowd)
    slack = rules.ideal_accuracy - undefended
    return Promises(
        crowd=crowd,
        undefended=undefended,
        ideal=rules.ideal_accuracy,
        floors=tuple(
            Floor(
                loss,
                rules.stealth_floor(undefended - loss),
                rules.strike_floor(undefended - loss),
            )
            for loss in losses
        ),
        loss_for_strikes=rules.loss_for_strikes(STRUCK) - slack,
        lead=lead_chances(crowd),
        bounds=_bounds(crowd),
    )


def _bounds(crowd: AlikeTeam) -> tuple[CastingBound, ...]:
    colluders = sorted({*COLLUDERS, crowd.n_colluders})
    found = []
    for n_votes in VOTES:
        for n_colluders in (one for one in colluders if one < crowd.n_agents):
            for competence in sorted({*COMPETENCES, crowd.competence}):
                one = replace(crowd, n_colluders=n_colluders, competence=competence)
                bound = casting_bound(lead_chances(one), casting_failures(one, n_votes))
                found.append(CastingBound(n_votes, n_colluders, competence, bound))
    return tuple(found)


def undefended_accuracy(
    crowd: AlikeTeam, stubbornness: float, self_weight: float, n_rounds: int, seed: int = 0
) -> float:
    """Return how often a crowd on a complete graph is right at last where nobody attacks.

    Parameters
    ----------
    crowd : AlikeTeam
    stubbornness, self_weight : float
        Its law, in [0, 1].
    n_rounds, seed : int

    Returns
    -------
    float
        Counted on 60 000 drawn questions: its standard error is about .0005. Agents put .35 to
        .95 on their own answer, drawn evenly, whether it is right or not.
    """
    for name, value in (("stubbornness", stubbornness), ("self_weight", self_weight)):
        if not 0 <= value <= 1:
            raise ParameterError(f"{name} is {value}; it must lie in [0, 1]")
    if crowd.n_agents == 1:
        return crowd.competence
    innate = _innate(crowd, stream(seed, "undefended crowd"))
    own = innate
    for _ in range(n_rounds):
        others = (own.sum(axis=1, keepdims=True) - own) / (crowd.n_agents - 1)
        drift = self_weight * own + (1 - self_weight) * others
        own = stubbornness * innate + (1 - stubbornness) * drift
    # Option 0 is the right one; a tie is no answer.
    return float((own[..., 0] > own[..., 1:].max(axis=-1) + TIE_TOLERANCE).mean())


def _innate(crowd: AlikeTeam, rng: np.random.Generator) -> Array:
    """Draw beliefs in which option 0 is right and option 1 the shared wrong one."""
    shape = (N_QUESTIONS, crowd.n_agents)
    answers = rng.choice(crowd.n_options, size=shape, p=crowd.answer_chances(0, 1))
    top = rng.uniform(0.35, 0.95, shape)
    at_top = answers[..., None] == np.arange(crowd.n_options)
    rest = np.where(at_top, 0.0, rng.gamma(8.0, 1.0, (*shape, crowd.n_options)))
    for _ in range(2):
        rest = rest / rest.sum(axis=-1, keepdims=True) * (1 - top)[..., None]
        rest = np.minimum(rest, 0.97 * top[..., None])
    return np.where(at_top, 1 - rest.sum(axis=-1, keepdims=True), rest)
