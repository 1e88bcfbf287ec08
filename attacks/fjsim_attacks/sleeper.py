"""Honest and right until trust is earned, then an attack."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.registry import register
from fjsim_attacks.schedule import Schedule
from fjsim_attacks.shared.search_space import SLEEPER


@register("attack", "sleeper")
@dataclass(frozen=True)
class Sleeper(Schedule):
    """Be honest and right during the warm-up or the first rounds, earn trust, then attack.

    Parameters
    ----------
    honest_questions : int or None, default None
        How many questions it stays honest; None for the run's warm-up.
    honest_rounds : int, default 0
        How many rounds of each later question it stays honest, round 0 counted.
    honest_phase, hostile_phase, drift_rounds, honest_as, honest_certainty
        See `Schedule`.
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Sees the key, which it states with certainty .6 while it is honest. Without a warm-up and
    with the defaults it never sleeps.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (the adaptive attack, honest
       through the warm-up).
    """

    searched = SLEEPER
