"""Honest and hostile phases in turn."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.registry import register
from fjsim_attacks.schedule import Schedule
from fjsim_attacks.shared.search_space import ON_OFF


@register("attack", "on-off")
@dataclass(frozen=True)
class OnOff(Schedule):
    """Alternate honest and hostile questions, so as to outlast a trust that forgets.

    Parameters
    ----------
    honest_phase, hostile_phase : int, default 5 and 5
        So many questions honest, then so many hostile, and again.
    honest_questions, honest_rounds, drift_rounds, honest_as, honest_certainty
        See `Schedule`.
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Sees the key, which it states with certainty .6 while it is honest.

    References
    ----------
    .. [1] Y. Sun, Z. Han and K. J. R. Liu, "Defense of Trust Management Vulnerabilities in
       Distributed Networks", IEEE Communications Magazine 46(2), 2008,
       doi:10.1109/MCOM.2008.4473092.
    """

    searched = ON_OFF

    honest_phase: int = 5
    hostile_phase: int = 5
