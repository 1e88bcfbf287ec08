"""An extended run equals a new one of its new size, or is refused before anybody is asked."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fjsim.errors import ConfigError, InterruptedRunError
from fjsim.records import SCENARIO
from fjsim.runs import run
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario

NUMERIC = {"kind": "numeric", "count": 3}


def scenario(limit: int | None, **changes: Any) -> Scenario:
    values: dict[str, Any] = {
        "topology": "complete",
        "attack": "stubborn",
        "agents": NUMERIC,
        "rounds": 2,
        "questions": {"source": "builtin:general", "limit": limit},
    }
    return Scenario(**{**values, **changes})


def essences(finished: Any) -> set[str]:
    return {repr(turn.essence()) for turn in finished.contents.turns.values()}


FREE = [
    {},
    {"replicas": 2},
    {"defense": "ballot"},
    {"attack": {"kind": "sleeper", "honest_rounds": 1}},
    {"attack": "slow-drift"},
    {"router": "self-confidence", "attack": "none"},
]


@pytest.mark.parametrize(("changes", "limit"), [*((one, 20) for one in FREE), ({}, None)])
def test_where_nothing_depends_on_the_order_a_larger_limit_extends_a_run(
    changes: dict[str, Any], limit: int | None, tmp_path: Path
) -> None:
    before = essences(run(scenario(10, **changes), tmp_path / "r", cache=False))
    grown = run(scenario(limit, **changes), tmp_path / "r", cache=False)
    assert before < essences(grown)
    assert essences(grown) == essences(run(scenario(limit, **changes), cache=False))


BOUND: list[tuple[dict[str, Any], str]] = [
    ({"warmup": 5, "attack": "sleeper"}, "its first 5 are the warm-up"),
    ({"warmup": 1, "attack": "none"}, "its first question is the warm-up"),
    ({"defense": {"kind": "t-w", "warmup": 4}}, "its first 4 are the warm-up"),
    ({"attack": "on-off"}, "attack on-off picks its questions by their place"),
    ({"attack": {"kind": "sleeper", "honest_questions": 5}}, "attack sleeper picks"),
    ({"attack": "duty-cycle"}, "attack duty-cycle picks"),
    ({"defense": "t-s"}, "defense t-s learns from one question to the next"),
    ({"defense": "trust-adaptive"}, "defense trust-adaptive learns"),
    ({"router": "competence-history"}, "router competence-history learns"),
]


@pytest.mark.parametrize(("changes", "why"), BOUND)
def test_where_something_depends_on_the_order_a_larger_limit_is_refused(
    changes: dict[str, Any], why: str, tmp_path: Path
) -> None:
    run(scenario(10, **changes), tmp_path, cache=False)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for limit, new in ((20, "20"), (None, "null")):
        with pytest.raises(ConfigError, match=why) as refused:
            run(scenario(limit, **changes), tmp_path, cache=False)
        assert f"questions.limit is raised from 10 to {new}" in str(refused.value)
        assert "choose another --out" in str(refused.value)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize(("changes", "why"), BOUND)
def test_more_replicas_extend_any_run(changes: dict[str, Any], why: str, tmp_path: Path) -> None:
    before = essences(run(scenario(10, **changes), tmp_path, cache=False))
    grown = run(scenario(10, replicas=2, **changes), tmp_path, cache=False)
    assert before < essences(grown)
    assert essences(grown) == essences(run(scenario(10, replicas=2, **changes), cache=False))


def test_a_limit_beyond_the_end_of_the_set_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("question,options,answer\n" + "".join(f"{n}?,a|b,0\n" for n in range(5)))
    given = [
        scenario(None, defense="t-s", questions={"source": str(path), "limit": limit})
        for limit in (5, None)
    ]
    first, again = (run(one, tmp_path / "r", cache=False) for one in given)
    assert essences(again) == essences(first)


def test_an_extension_that_was_cut_off_is_no_longer_the_shorter_run(tmp_path: Path) -> None:
    """The folder says how long the run is to be from the moment in which it is extended."""
    run(scenario(4), tmp_path, cache=False)

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise InterruptedRunError("stopped")

    with pytest.raises(InterruptedRunError):
        run(scenario(20), tmp_path, watch=stop, cache=False)
    recorded = yaml.safe_load((tmp_path / SCENARIO).read_text())
    assert recorded["questions"]["limit"] == 20
    with pytest.raises(ConfigError, match="questions"):
        run(scenario(4), tmp_path, cache=False)
    resumed = run(scenario(20), tmp_path, cache=False)
    assert essences(resumed) == essences(run(scenario(20), cache=False))


def test_a_warm_up_that_is_raised_and_one_that_is_given_are_the_same_run(tmp_path: Path) -> None:
    raised = scenario(12, defense="t-w")
    given = scenario(12, defense="t-w", warmup=10)
    assert resolve(raised).hash == resolve(given).hash
    first = run(raised, tmp_path, cache=False)
    assert first.scenario.warmup == 10
    # As it was written before warm-ups were recorded as they are played.
    recorded = tmp_path / SCENARIO
    recorded.write_text(recorded.read_text().replace("\nwarmup: 10\n", "\nwarmup: 0\n"))
    assert essences(run(given, tmp_path, cache=False)) == essences(first)
