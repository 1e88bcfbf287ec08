"""The embedded model's defaults land where the reported attack success rates are."""

from typing import Any

import numpy as np
import pytest

from fjsim.runs import run
from fjsim.scenario import Scenario

REPORTED = {"hub": 0.65, "complete": 0.33, "leaf": 0.24}
"""arXiv 2603.15809, as the project's calibration takes them."""

PLACES: dict[str, dict[str, Any]] = {
    "hub": {"topology": "star", "attack": {"kind": "stubborn", "seat": "hub"}},
    "complete": {"topology": "complete", "attack": "stubborn"},
    "leaf": {"topology": "star", "attack": {"kind": "stubborn", "seat": "leaf"}},
}


def metrics(place: str, seed: int, kind: str = "llm") -> dict[str, Any]:
    scenario = Scenario(agents={"kind": kind, "count": 6}, seed=seed, **PLACES[place])
    values: Any = run(scenario).as_dict()["metrics"]
    return dict(values)


def test_one_default_run_lands_within_a_tenth_and_agrees_with_the_law() -> None:
    for place, reported in REPORTED.items():
        found = metrics(place, seed=0)
        assert found["attack_success_rate"]["value"] == pytest.approx(reported, abs=0.10)
        observed, predicted = found["takeover_observed"], found["takeover_predicted"]
        assert observed["low"] <= predicted["value"] <= observed["high"]


@pytest.mark.slow
def test_the_means_of_twenty_seeds_land_within_a_twentieth_and_differ() -> None:
    rates = {
        place: np.array(
            [metrics(place, seed, "numeric")["attack_success_rate"]["value"] for seed in range(20)]
        )
        for place in REPORTED
    }
    for place, reported in REPORTED.items():
        assert rates[place].mean() == pytest.approx(reported, abs=0.05)
    for more, less in (("hub", "complete"), ("complete", "leaf")):
        gap = rates[more] - rates[less]
        half = 2.09 * gap.std(ddof=1) / np.sqrt(len(gap))
        assert gap.mean() - half > 0
