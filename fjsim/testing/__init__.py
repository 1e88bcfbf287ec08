"""The law over plug-ins, for those who write them: each kind's contract, checked by one call.

Every check takes a registered plug-in, by name, by block or made, and raises `BrokenLawError`, an
``AssertionError``, with one sentence for the first thing that does not hold. ``laws(kind)`` are
the single laws, for a test of one's own that lists them one by one.
"""

from fjsim.testing.checks import (
    check_agent,
    check_attack,
    check_backend,
    check_defense,
    check_estimator,
    check_metric,
    check_router,
    check_topology,
    laws,
)
from fjsim.testing.subject import BrokenLawError, Law, Subject

__all__ = [
    "BrokenLawError",
    "Law",
    "Subject",
    "check_agent",
    "check_attack",
    "check_backend",
    "check_defense",
    "check_estimator",
    "check_metric",
    "check_router",
    "check_topology",
    "laws",
]
