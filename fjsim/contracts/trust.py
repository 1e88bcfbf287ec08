"""What a plug-in's parameters may ask for that a file from somebody else must not decide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that is done only at the word of the user.

    Parameters
    ----------
    parameters : tuple of str
        The plug-in's parameters that ask for it. It is granted where the user typed all of
        them, or trusts the file that they stand in.
    does : str
        What would be done, as in ``"starts the program ./x.sh"``; no secret.
    """

    parameters: tuple[str, ...]
    does: str
