"""What knows the agents' true parameters is one thing, whatever stands around it."""

from __future__ import annotations

import numpy as np

from fjsim.backends.assembly import raw_backend
from fjsim.backends.wrappers.wrapped import WrappedBackend
from fjsim.contracts import Backend, Reply, Request
from fjsim.questions import Question

ASKED = Question("q", "Which is right here?", ("a", "b", "c"), 1)


class Silent(Backend):
    """The least that a backend has to be."""

    async def complete(self, request: Request) -> Reply:
        """Say nothing."""
        return Reply("")


def test_a_class_that_completes_requests_is_a_backend_and_knows_no_truth() -> None:
    plain = Silent()
    assert plain.truth is None
    assert not plain.simulated
    assert plain.declared(ASKED, 0, 4, 0) is None


def test_wrappers_pass_the_truth_on() -> None:
    inner = raw_backend("simulated", [ASKED])
    outer = WrappedBackend(WrappedBackend(inner))
    truth: object = outer.truth
    assert truth is inner
    assert outer.simulated
    wrapped, own = outer.declared(ASKED, 0, 4, 7), inner.declared(ASKED, 0, 4, 7)
    assert wrapped is not None
    assert own is not None
    np.testing.assert_array_equal(wrapped.stubbornness, own.stubbornness)
    np.testing.assert_array_equal(wrapped.self_weight, own.self_weight)
