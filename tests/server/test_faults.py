from collections import Counter

import pytest

from fjsim.errors import ConfigError
from fjsim.server import Fault, FaultPlan, parse_faults


def test_shares_come_out_and_depend_on_the_request_only() -> None:
    plan = FaultPlan(rate_limit=0.1, error=0.05, hang=0.01, seed=3)
    drawn = Counter(plan.draw(f"turn-{n}", 0)[0] for n in range(20_000))
    assert drawn[Fault.RATE_LIMIT] == pytest.approx(2000, rel=0.1)
    assert drawn[Fault.ERROR] == pytest.approx(1000, rel=0.15)
    assert drawn[Fault.HANG] == pytest.approx(200, rel=0.3)
    assert drawn[Fault.DISCONNECT] == 0
    assert plan.draw("turn", 1) == FaultPlan(rate_limit=0.1, error=0.05, hang=0.01, seed=3).draw(
        "turn", 1
    )


def test_next_attempt_and_next_seed_are_drawn_anew() -> None:
    plans = [FaultPlan(error=0.5, seed=seed) for seed in range(64)]
    assert {plan.draw("turn", 0)[0] for plan in plans} == {None, Fault.ERROR}
    assert {plans[0].draw("turn", nth)[0] for nth in range(64)} == {None, Fault.ERROR}


def test_options_are_read() -> None:
    assert parse_faults(["rate-limit=0.1", "hang=.01"], seed=4) == FaultPlan(
        rate_limit=0.1, hang=0.01, seed=4
    )


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("rate-limt=0.1", "did you mean 'rate-limit'"),
        ("error", "error=0.05"),
        ("error=x", "error=0.05"),
        ("error=1.5", "add up"),
        ("error=-1", "add up"),
    ],
)
def test_options_that_cannot_be_read_say_how(option, words) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_faults([option])
