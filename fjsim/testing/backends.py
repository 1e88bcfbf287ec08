"""What a backend has to keep."""

from __future__ import annotations

import asyncio

from fjsim.contracts import Pace
from fjsim.testing.subject import Subject, require


def identity_is_a_name_that_lasts(subject: Subject) -> None:
    """A kept reply finds its backend again: the same block has the same identity, if any."""
    first, again = subject.plugin.identity, subject.again().identity
    require(isinstance(first, str), f"{subject.name}: identity is {first!r}")
    require(first == again, f"{subject.name}: identity was {first!r} and then {again!r}")


def pace_is_one_or_none(subject: Subject) -> None:
    """How it wants to be asked is a ``Pace`` with positive limits, or None."""
    pace = subject.plugin.pace
    sound = pace is None or (
        isinstance(pace, Pace)
        and min(pace.max_concurrency, pace.max_attempts) >= 1
        and pace.total_timeout > 0
    )
    require(sound, f"{subject.name}: pace is {pace!r}")


def closing_twice_does_no_harm(subject: Subject) -> None:
    """A run that fails closes what was closed already."""

    async def close() -> None:
        backend = subject.again()
        await backend.close()
        await backend.close()

    asyncio.run(close())


LAWS = (identity_is_a_name_that_lasts, pace_is_one_or_none, closing_twice_does_no_harm)
