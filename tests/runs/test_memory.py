"""What policies remember survives any interruption: a run cut anywhere equals one that was not."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.errors import BudgetError
from fjsim.records import EVENTS, SCENARIO
from fjsim.runs import run
from fjsim.scenario import Scenario

Essences = dict[tuple[Any, ...], str]
Make = Callable[..., Scenario]

QUESTIONS = 14
"""More than the longest warm-up that a policy asks for by itself."""
CUTS = 3


@pytest.fixture(autouse=True)
def _disk_that_needs_no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def of(kind: str, *, remembering: bool) -> list[str]:
    """Return the names of one kind; where asked, only of those that remember questions."""
    found = registry.entries(kind)
    return [entry.name for entry in found if not remembering or entry.factory.memory != "none"]  # type: ignore[attr-defined]


def policies() -> list[tuple[str, str]]:
    """Return each defense and each router that remembers, alone and beside each other."""
    defenses, routers = of("defense", remembering=True), of("router", remembering=True)
    return list(product(["none", *defenses], ["uniform", *routers]))[1:]


def combinations() -> list[tuple[str, str, str]]:
    """Return all of `policies`; the attacks go round, so that each meets some memory."""
    pairs, attacks = policies(), of("attack", remembering=False)
    around = range(max(len(pairs), len(attacks)))
    mixed = [(*pairs[at % len(pairs)], attacks[at % len(attacks)]) for at in around]
    return mixed + [("none", "uniform", attack) for attack in of("attack", remembering=True)]


def every_combination() -> list[tuple[str, str, str]]:
    attacks = of("attack", remembering=False)
    return [(*pair, attack) for pair, attack in product(policies(), attacks)]


def scenario(defense: str, router: str, attack: str, **changes: Any) -> Scenario:
    values: dict[str, Any] = {
        "topology": "complete",
        "events": "full",
        "defense": defense,
        "router": router,
        "attack": attack,
        "agents": {"kind": "numeric", "count": 3},
        "questions": {"limit": QUESTIONS},
        "rounds": 2,
        "replicas": 1,
    }
    return Scenario(**{**values, **changes})


def played(given: Scenario, folder: Path) -> Essences:
    """Return what was said, after checking that no turn stands in the log twice."""
    finished = run(given, folder, cache=False)
    events = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    assert sum(event["type"] == "turn" for event in events) == len(finished.contents.turns)
    ends = [
        (event["arm"], event["question"], event["replica"])
        for event in events
        if event["type"] == "item"
    ]
    # A question that lost turns is finished a second time, and its last line counts.
    assert len(set(ends)) == len(finished.contents.items)
    return {tuple(key): repr(turn.essence()) for key, turn in finished.contents.turns.items()}


def copied(whole: Path, folder: Path, log: bytes) -> Path:
    folder.mkdir()
    (folder / SCENARIO).write_bytes((whole / SCENARIO).read_bytes())
    (folder / EVENTS).write_bytes(log)
    return folder


def check_cuts(given: Scenario, tmp_path: Path, cuts: int = CUTS) -> None:
    """Cut the log of a run at random lines, in their middle too, and compare what resumes."""
    whole = tmp_path / "whole"
    expected = played(given, whole)
    lines = (whole / EVENTS).read_bytes().splitlines(keepends=True)
    rng = np.random.default_rng(len(lines))
    for number, at in enumerate(rng.integers(2, len(lines), size=cuts).tolist()):
        torn = lines[at][: int(rng.integers(len(lines[at])))] if number % 2 else b""
        folder = copied(whole, tmp_path / str(number), b"".join(lines[:at]) + torn)
        assert played(given, folder) == expected, f"cut after line {at}, torn {len(torn)}"


@pytest.mark.parametrize(("defense", "router", "attack"), combinations())
def test_a_run_cut_anywhere_equals_the_uncut_one(
    defense: str, router: str, attack: str, tmp_path: Path
) -> None:
    check_cuts(scenario(defense, router, attack), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("defense", "router", "attack"), every_combination())
def test_any_combination_cut_anywhere_equals_the_uncut_one(
    defense: str, router: str, attack: str, tmp_path: Path
) -> None:
    check_cuts(scenario(defense, router, attack, replicas=2), tmp_path, cuts=4)


ASKED = [
    ("t-w", "uniform", "sleeper"),
    ("t-s", "competence-history", "stubborn"),
    ("trust-adaptive", "perceived-confidence", "tamper"),
    ("trust-adaptive", "competence-history", "none"),
    ("audit", "uniform", "on-off"),
]


@pytest.mark.parametrize(("defense", "router", "attack"), ASKED)
def test_the_same_holds_for_agents_that_are_asked(
    defense: str, router: str, attack: str, tmp_path: Path
) -> None:
    backend = {"kind": "simulated", "invalid": 0.1}
    given = scenario(defense, router, attack, agents=3, backend=backend, max_missing=1.0)
    check_cuts(given, tmp_path)


@pytest.mark.parametrize(
    ("defense", "router", "protocol"),
    [
        ("none", "uniform", "synchronous"),
        ("none", "uniform", "sequential"),
        ("t-s", "competence-history", "synchronous"),
        ("trust-adaptive", "uniform", "sequential"),
    ],
)
def test_turns_taken_out_of_finished_questions_are_asked_again(
    defense: str, router: str, protocol: str, tmp_path: Path
) -> None:
    questions = {"limit": 5}
    given = scenario(
        defense, router, "stubborn", agents=3, protocol=protocol, questions=questions, replicas=2
    )
    whole = tmp_path / "whole"
    expected = played(given, whole)
    lines = (whole / EVENTS).read_bytes().splitlines(keepends=True)
    turns = [at for at, line in enumerate(lines) if json.loads(line)["type"] == "turn"]
    rng = np.random.default_rng(0)
    some = set(rng.choice(turns, size=5, replace=False).tolist())
    for number, gone in enumerate([{turns[0]}, {turns[-1]}, some, set(turns)]):
        kept = b"".join(line for at, line in enumerate(lines) if at not in gone)
        again = played(given, copied(whole, tmp_path / str(number), kept))
        assert again == expected, f"without lines {sorted(gone)[:5]}"


def test_a_probe_taken_out_of_a_finished_question_is_asked_again(tmp_path: Path) -> None:
    given = scenario("t-s", "perceived-confidence", "stubborn", agents=3)
    whole = tmp_path / "whole"
    expected = run(given, whole, cache=False)
    lines = (whole / EVENTS).read_bytes().splitlines(keepends=True)
    probe = next(at for at, line in enumerate(lines) if json.loads(line)["type"] == "probe")
    folder = copied(whole, tmp_path / "cut", b"".join(lines[:probe] + lines[probe + 1 :]))
    again = run(given, folder, cache=False)
    assert again.contents.probes.keys() == expected.contents.probes.keys()
    assert again.contents.turns.keys() == expected.contents.turns.keys()


def is_clean_opening(event: dict[str, Any]) -> bool:
    return event["type"] == "turn" and event["arm"] == "clean" and event["round"] == 0


def test_a_clean_opening_that_was_lost_is_taken_from_its_copy_in_the_other_arm(
    tmp_path: Path,
) -> None:
    given = scenario("t-s", "uniform", "stubborn", agents=3)
    whole = tmp_path / "whole"
    expected = played(given, whole)
    kept = [
        line
        for line in (whole / EVENTS).read_bytes().splitlines(keepends=True)
        if not is_clean_opening(json.loads(line))
    ]
    folder = copied(whole, tmp_path / "cut", b"".join(kept))
    again = run(given, folder, cache=False)
    assert played(given, folder) == expected
    calls = {
        turn.agent: turn.cost.calls
        for key, turn in again.contents.turns.items()
        if key.arm == "clean" and key.round == 0
    }
    # Only the adversary's seat, whose words differ between the arms, has to be asked.
    assert calls == {0: 1, 1: 0, 2: 0}


@pytest.mark.parametrize("defense", ["t-w", "t-s", "trust-adaptive"])
def test_a_run_that_its_budget_stopped_resumes_to_the_undisturbed_one(
    defense: str, tmp_path: Path
) -> None:
    given = scenario(defense, "uniform", "stubborn", agents=3)
    expected = played(given, tmp_path / "whole")
    for calls in (15, 50):
        folder = tmp_path / str(calls)
        stopped = given.with_values(budget={"max_calls": calls})
        with pytest.raises(BudgetError, match=f"max_calls is {calls}"):
            run(stopped, folder, cache=False)
        assert played(given, folder) == expected


def test_a_new_replica_has_a_memory_of_its_own(tmp_path: Path) -> None:
    for defense, attack in (("t-w", "sleeper"), ("t-s", "on-off"), ("trust-adaptive", "stubborn")):
        given = scenario(defense, "competence-history", attack)
        first = played(given, tmp_path / defense)
        grown = played(given.with_values(replicas=2), tmp_path / defense)
        assert grown == played(given.with_values(replicas=2), tmp_path / f"{defense}-fresh")
        assert first.items() <= grown.items()
