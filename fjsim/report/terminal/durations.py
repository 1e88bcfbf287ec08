"""How long something takes, for people."""

from __future__ import annotations


def in_time(seconds: float) -> str:
    """Return a duration in words: ``8 s``, ``2 min 30 s``, ``3 h 05 min``.

    Parameters
    ----------
    seconds : float
        >= 0.

    Examples
    --------
    >>> in_time(8.4), in_time(150), in_time(11100)
    ('8 s', '2 min 30 s', '3 h 05 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
