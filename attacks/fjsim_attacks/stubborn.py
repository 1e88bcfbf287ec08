"""One agent that defends one wrong option and never moves."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.registry import register
from fjsim_attacks.shared.search_space import STUBBORN
from fjsim_attacks.shared.seated import Seated


@register("attack", "stubborn")
@dataclass(frozen=True)
class Stubborn(Seated):
    """Defend one wrong option in every round and never move.

    Parameters
    ----------
    seat : {'hub', 'leaf', 'random', 'optimal'}, int or list of int, default 'hub'
        Which seats it holds: with most listeners, with fewest (the hub left out), drawn, where
        the law says that they move the others most, or given. Seat 0 is the hub of a star.
    n_seats : int, default 1
        How many seats a word in ``seat`` stands for.
    target : {'random-wrong', 'second-best', 'best', 'most-flips'}, int, letter or text
        Which option it defends: by default a wrong one at random; the wrong one with the largest
        mean round-0 belief of the others; the wrong one that most of them answer; the one by
        which the law expects most flips; or the one given, in which case it is honest on
        questions to which that is the right answer.
    certainty : float, default 0.97
        Probability that it states for its target, in (0, 1].
    stubbornness : float, default 1.0
        Weight on that position; the rest follows what the seat hears, in [0, 1].
    persuasiveness : {'low', 'medium', 'high'} or float, default 'high'
        A word says how a model-driven seat argues. A number > 0 multiplies the seats' weight with
        numeric agents and the embedded model, whose rows are renormalised; a word leaves it at 1.
    assumed : Assumed
        Stubbornness (.1) and self-weight (.3) that it takes the others to have, where it
        reasons with the law.

    Notes
    -----
    Sees the question and what its seat hears; changes nothing but what it says itself. In the
    law it is an agent of stubbornness 1. A target that depends on round 0 makes it speak after
    the others in that round, with sight of their first beliefs; ``most-flips`` adds the graph.
    Numeric and scripted seats state the belief; the arguing is a model's.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (the static attack).
    .. [2] A. Amayuelas et al., "MultiAgent Collaboration Attack: Investigating Adversarial
       Attacks in Large Language Model Collaborations via Debate", 2024, arXiv:2406.14711 (one
       persuasive adversary in a debate).
    """

    searched = STUBBORN
