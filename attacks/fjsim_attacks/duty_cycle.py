"""Mostly honest: one hostile question in a few."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.registry import register
from fjsim_attacks.schedule import Schedule
from fjsim_attacks.shared.search_space import ON_OFF


@register("attack", "duty-cycle")
@dataclass(frozen=True)
class DutyCycle(Schedule):
    """Buy trust with three honest questions for every hostile one.

    Parameters
    ----------
    honest_phase, hostile_phase : int, default 3 and 1
        So many questions honest, then so many hostile, and again.
    honest_questions, honest_rounds, drift_rounds, honest_as, honest_certainty
        See `Schedule`.
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    ``on-off`` with a short hostile phase: a reputation that weighs all questions alike never falls
    below the honest share.

    References
    ----------
    .. [1] Sun, Han and Liu 2008, doi:10.1109/MCOM.2008.4473092, as for ``on-off``.
    """

    searched = ON_OFF

    honest_phase: int = 3
    hostile_phase: int = 1
