"""From the right belief to the target, a little per round."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.registry import register
from fjsim_attacks.schedule import Schedule
from fjsim_attacks.shared.search_space import SLOW_DRIFT


@register("attack", "slow-drift")
@dataclass(frozen=True)
class SlowDrift(Schedule):
    """Move the stated belief a little per round, so as to look open-minded.

    Parameters
    ----------
    drift_rounds : int, default 6
        Rounds from the honest belief to the target.
    honest_questions, honest_phase, hostile_phase, honest_rounds, honest_as, honest_certainty
        See `Schedule`.
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Sees the key, from which it starts. After the drift it is a stubborn agent.

    References
    ----------
    .. [1] M. Russinovich, A. Salem and R. Eldan, "Great, Now Write an Article About That: The
       Crescendo Multi-Turn LLM Jailbreak Attack", 2024, arXiv:2404.01833 (small steps that each
       look harmless; there from user to model, here from belief to belief).
    """

    searched = SLOW_DRIFT

    drift_rounds: int = 6
