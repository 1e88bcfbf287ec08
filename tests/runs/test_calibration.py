"""The embedded model's profiles land where the reported attack success rates are."""

from typing import Any

import numpy as np
import pytest

from fjsim.contracts.population import PROFILES, Population
from fjsim.runs import run
from fjsim.scenario import Scenario
from studies import calibration

REPORTED = {"hub": 0.65, "complete": 0.33, "leaf": 0.24}
"""arXiv 2603.15809, as the project's calibration takes them."""

PLACES: dict[str, dict[str, Any]] = {
    "hub": {"topology": "star", "attack": {"kind": "stubborn", "seat": "hub"}},
    "complete": {"topology": "complete", "attack": "stubborn"},
    "leaf": {"topology": "star", "attack": {"kind": "stubborn", "seat": "leaf"}},
}


SEEN: dict[str, list[str]] = {
    "beliefs-seen": ["answer", "reason", "confidence", "belief"],
    "stubborn-neighbors": ["answer", "reason"],
}
"""The profiles, and what peers see where they are calibrated."""


def metrics(
    place: str, seed: int, kind: str = "llm", profile: str = "beliefs-seen"
) -> dict[str, Any]:
    numeric = kind == "numeric"
    scenario = Scenario(
        agents={"kind": kind, "count": 6, **({"profile": profile} if numeric else {})},
        backend={"kind": "simulated", "profile": profile},
        peers_see=SEEN[profile],
        seed=seed,
        **PLACES[place],
    )
    values: Any = run(scenario).as_dict()["metrics"]
    return dict(values)


@pytest.mark.parametrize(
    "place", ["hub", *(pytest.param(name, marks=pytest.mark.slow) for name in ("complete", "leaf"))]
)
def test_one_default_run_lands_within_a_tenth_and_agrees_with_the_law(place: str) -> None:
    found = metrics(place, seed=0)
    assert found["attack_success_rate"]["value"] == pytest.approx(REPORTED[place], abs=0.10)
    observed, predicted = found["takeover_observed"], found["takeover_predicted"]
    assert observed["low"] <= predicted["value"] <= observed["high"]


@pytest.mark.parametrize(("profile", "seen"), [(0, "beliefs"), (1, "reasons")])
def test_the_study_finds_each_profile_near_the_reported_rates(
    profile: int, seen: calibration.Seen
) -> None:
    name = list(PROFILES)[profile]
    found = calibration.simulate(Population(**PROFILES[name]), 1500, 3, seen)
    assert found.distance < 0.04
    for rate in (*found.attacked, *found.clean):
        assert rate.low is not None
        assert rate.high is not None
        assert rate.low <= (rate.value or 0.0) <= rate.high
    today = (0.088, 0.073, 0.081)
    for rate, known in zip(found.clean, today, strict=True):
        assert rate.value == pytest.approx(known, abs=0.03)


def test_without_words_the_rate_of_a_complete_graph_is_out_of_reach() -> None:
    wordless = {**PROFILES["stubborn-neighbors"], "words": 0.0}
    found = calibration.simulate(Population(**wordless), 500, 3, "reasons")
    assert (found.attacked[1].value or 0.0) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("profile", SEEN)
def test_the_means_of_twenty_seeds_land_within_a_twentieth_and_differ(profile: str) -> None:
    rates = {
        place: np.array(
            [
                metrics(place, seed, "numeric", profile)["attack_success_rate"]["value"]
                for seed in range(20)
            ]
        )
        for place in REPORTED
    }
    for place, reported in REPORTED.items():
        assert rates[place].mean() == pytest.approx(reported, abs=0.05)
    for more, less in (("hub", "complete"), ("complete", "leaf")):
        gap = rates[more] - rates[less]
        half = 2.09 * gap.std(ddof=1) / np.sqrt(len(gap))
        assert gap.mean() - half > 0
