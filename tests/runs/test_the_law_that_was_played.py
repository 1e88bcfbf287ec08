"""Known parameters come back, whatever defense, router, channel and view a run was played with.

What agents declare predicts every recorded belief, and a fit finds what they declare, or says which
parameter it cannot know and why. The grid is read off the registry: a new plug-in is in it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim import registry
from fjsim.fitting import FJFit
from fjsim.metrics import paired
from fjsim.records import Transcript
from fjsim.runs import Run, run
from fjsim.runs.law.prediction import law_beliefs
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario

STUBBORNNESS, SELF_WEIGHT = 0.2, 0.3
KNOWN = {
    "stubbornness": STUBBORNNESS,
    "stubbornness_concentration": 0,
    "self_weight": SELF_WEIGHT,
}
CHANNELS = ("label", "withhold", "sample", "blend")
VIEWS = (
    ("answer", "reason", "confidence", "belief"),
    ("answer", "reason"),
    ("answer", "confidence"),
    ("reason",),
)
EVERYTHING = VIEWS[0]
EXACT = 1e-9
WRITTEN = 1e-6
"""What is left of a number that went through a prompt and a reply."""

registry.load_plugins()
NO_LAW = {"rollback"}
"""Takes beliefs back, which no law of what is heard explains; it says so itself."""
DEFENSES = [
    name
    for name in registry.names("defense")
    if not name.startswith("test-") and name not in NO_LAW
]
ROUTERS = [name for name in registry.names("router") if not name.startswith("test-")]
Case = tuple[str, str, str, str, tuple[str, ...]]
"""Defense, its channel, router, its channel, what peers see."""


def block(kind: str, channel: str) -> Any:
    return kind if kind in ("none", "uniform") else {"kind": kind, "channel": channel}


def scenario(case: Case, numeric: bool, **changes: Any) -> Scenario:
    defense, channel, router, router_channel, view = case
    warmed = defense.startswith("t-w")
    values: dict[str, Any] = {
        "topology": "complete",
        "attack": "stubborn",
        "questions": {"limit": 13 if warmed else 3},
        "rounds": 4,
        "defense": block(defense, channel),
        "router": block(router, router_channel),
        "peers_see": list(view),
        "agents": {"kind": "numeric", "count": 5, **KNOWN} if numeric else 5,
    }
    if not numeric:
        values["backend"] = {"kind": "simulated", **KNOWN}
    return Scenario(**{**values, **changes})


@cache
def played(case: Case, numeric: bool) -> tuple[Scenario, Run]:
    made = scenario(case, numeric)
    return made, run(made, cache=False)


def unpredicted(made: Scenario, done: Run) -> float:
    """How far what the declared parameters predict lies from what was recorded."""
    pair = paired(done.arms["attacked"], done.arms["clean"])
    told = law_beliefs(pair, "declared", resolve(made))
    assert told.because == ""
    gaps = [
        np.abs(law - arm.beliefs)
        for law, arm in zip((told.attacked, told.clean), pair, strict=True)
        if law is not None
    ]
    return float(np.nanmax(gaps))


def check_fit(found: FJFit, transcript: Transcript, tolerance: float) -> None:
    """What a fit claims is right, and what it does not claim has a reason."""
    assert transcript.influence is not None
    influence = np.broadcast_to(transcript.influence, (transcript.n_items, 5, 5)).mean(axis=0)
    for values, truth in (
        (found.stubbornness, STUBBORNNESS),
        (found.self_weight, SELF_WEIGHT),
        (found.influence, influence),
    ):
        claimed = ~np.isnan(values)
        assert np.abs(values - truth)[claimed].max(initial=0.0) < tolerance
    for seat, reasons in enumerate(found.identified.reasons):
        unknown = np.isnan([found.stubbornness[seat], found.self_weight[seat]]).any()
        assert reasons or not (unknown or np.isnan(found.influence[seat]).any())


def check(case: Case, numeric: bool) -> None:
    made, done = played(case, numeric)
    assert unpredicted(made, done) < (EXACT if numeric else WRITTEN)
    for transcript in done.arms.values():
        found = fjsim.fit(transcript, resamples=0)
        check_fit(found, transcript, EXACT if numeric else 20 * WRITTEN)


def quick_cases() -> list[Case]:
    """Every defense and every router in some channel, under some view; every pair of channels."""
    cases: list[Case] = []
    for at, defense in enumerate(DEFENSES):
        view = VIEWS[at // 4 % 3]
        cases.append((defense, CHANNELS[at % 4], "uniform", "label", view))
    for at, router in enumerate(ROUTERS):
        cases.append(("none", "blend", router, CHANNELS[at % 4], VIEWS[at // 4 % 3]))
    for at, channel in enumerate(CHANNELS):
        for beside, router_channel in enumerate(CHANNELS):
            defense = ("beta-reputation", "w-msr")[(at + beside) % 2]
            view = EVERYTHING if beside % 2 else VIEWS[(at + beside) % 3]
            cases.append((defense, channel, "self-confidence", router_channel, view))
    # Nothing is heard of a speaker that has a gate; nobody moves; too little is heard to tell.
    cases.append(("fj-residual", "blend", "uniform", "label", ("reason",)))
    cases.append(("w-msr", "label", "top-k", "label", ("reason",)))
    cases.append(("w-msr", "withhold", "uniform", "label", ("answer", "reason")))
    return cases


def all_cases() -> list[Case]:
    return [
        (defense, channel, router, router_channel, view)
        for defense in DEFENSES
        for channel in (CHANNELS if defense != "none" else ("blend",))
        for router in ("uniform", "self-confidence", "top-k")
        for router_channel in (CHANNELS if router != "uniform" else ("label",))
        for view in VIEWS
    ]


@pytest.mark.parametrize(("at", "defense"), list(enumerate(DEFENSES)))
def test_numeric_agents_are_the_law_under_every_defense(at: int, defense: str) -> None:
    check((defense, "blend", "uniform", "label", VIEWS[at % 3]), numeric=True)


@pytest.mark.parametrize("view", VIEWS, ids="+".join)
@pytest.mark.parametrize("defense", ["w-msr", "robust-aggregate"])
def test_numeric_agents_are_the_law_where_gates_differ_by_option(
    defense: str, view: tuple[str, ...]
) -> None:
    check((defense, "blend", "uniform", "label", view), numeric=True)


@pytest.mark.parametrize("router", ROUTERS)
def test_numeric_agents_are_the_law_under_every_router(router: str) -> None:
    check(("w-msr", "blend", router, "blend", EVERYTHING), numeric=True)


@pytest.mark.parametrize("case", quick_cases(), ids=lambda case: "-".join(map(str, case[:4])))
def test_simulated_models_are_the_law_through_every_channel(case: Case) -> None:
    check(case, numeric=False)


@pytest.mark.slow
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: "-".join(map(str, case)))
def test_simulated_models_are_the_law_in_the_whole_grid(case: Case) -> None:
    check(case, numeric=False)


@pytest.mark.parametrize("defense", ["beta-reputation", "w-msr"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_turns_in_sequence_are_the_law_too(defense: str, channel: str) -> None:
    made = scenario(
        (defense, channel, "self-confidence", "blend", EVERYTHING), False, protocol="sequential"
    )
    assert unpredicted(made, run(made, cache=False)) < WRITTEN


@pytest.mark.parametrize("channel", ["withhold", "blend"])
def test_agents_without_a_view_of_their_own_fall_back_on_their_first(channel: str) -> None:
    made = scenario(
        ("w-msr", channel, "self-confidence", "withhold", EVERYTHING), False, self_view=False
    )
    assert unpredicted(made, run(made, cache=False)) < WRITTEN


def test_where_peers_read_nothing_the_law_hears_nobody() -> None:
    case = ("none", "blend", "uniform", "label", ("reason",))
    made, done = played(case, False)
    assert unpredicted(made, done) < WRITTEN
    assert done.outcome.assumes == "peers read nothing that a belief can be read off"
    found = fjsim.fit(done.arms["clean"], resamples=0)
    assert np.isnan(found.self_weight).all()
    assert any("never heard agent" in text for text in found.warnings)


def test_a_speaker_that_is_always_kept_back_is_not_taken_for_stubborn_company() -> None:
    case = ("t-w", "withhold", "uniform", "label", EVERYTHING)
    made = scenario(case, False, questions={"limit": 26}, seed=3)
    clean = run(made, cache=False).arms["clean"]
    edges = np.asarray(clean.influence) > 0
    never = edges & (clean.heard_round < 0).all(axis=(0, 1))
    assert never.any(), "this seed has a speaker whose gate stays below the threshold"
    found = fjsim.fit(clean, resamples=0)
    assert np.isnan(found.self_weight[never.any(axis=1)]).all()
    check_fit(found, clean, 20 * WRITTEN)
