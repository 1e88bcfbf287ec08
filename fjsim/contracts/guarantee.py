"""What is proved of a defense, for a team of a given size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A condition under which nobody can be flipped.

    Parameters
    ----------
    sentence : str
        The condition, in plain words.
    margin : float, default 0
        Votes of the lead that the defense adds by itself.
    counted : bool, default True
        Whether every vote of that lead counts one; else no number of hostile members follows from
        how many votes there are.
    most_flipped : tuple of (int, float), default ()
        For a number of hostile members, the largest share of the right ones that can be flipped.
    """

    sentence: str
    margin: float = 0.0
    counted: bool = True
    most_flipped: tuple[tuple[int, float], ...] = ()
