"""Which number is meant: a metric, on which arm, after which round."""

from __future__ import annotations

from typing import NamedTuple

from fjsim.contracts import Arm


class MetricKey(NamedTuple):
    """One number of a run.

    Parameters
    ----------
    name : str
        The name that its metric is registered under.
    arm : {'attacked', 'clean'} or None
        None for a number of the whole run, such as its calls.
    round : int or None
        After which round; None for the last one, and for a metric that has no rounds.
    """

    name: str
    arm: Arm | None = None
    round: int | None = None


def column(name: str, beside: bool = False) -> str:
    """Return the flat name of a metric in tables, CSV files and frames.

    Parameters
    ----------
    name : str
        As it is registered.
    beside : bool
        Whether it is the clean arm's, in a table whose main arm is the attacked one.
    """
    return f"clean_{name}" if beside else name
