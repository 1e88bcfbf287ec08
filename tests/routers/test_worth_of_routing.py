"""What confidence routing wins and loses, clean and attacked."""

from dataclasses import replace

import pytest

from fjsim.registry import build
from studies.routing_grid import (
    accuracy,
    attack_success,
    best_static,
    draw,
    final_beliefs,
    routed_weights,
)

SHOWN = ["belief", "answer"]


def gain(calibration, shown):
    field = replace(draw(calibration, 3000, 1), shown=shown)
    router = build("router", {"kind": "self-confidence", "sharpness": 1})
    routed = accuracy(field, final_beliefs(field, routed_weights(router, field)))
    return routed - best_static(field)


def test_calibrated_confidence_beats_the_best_static_ensemble() -> None:
    assert gain("calibrated", "answer") > 0.01
    assert gain("calibrated", "belief") > 0.001


@pytest.mark.parametrize("shown", SHOWN)
def test_uncalibrated_confidence_loses_to_it(shown) -> None:
    assert gain("uncalibrated", shown) < -0.001


def test_over_confident_adversary_wins_more_where_confidence_routes() -> None:
    field = replace(draw("calibrated", 1500, 2), shown="answer")
    uniform, routed = (build("router", name) for name in ("uniform", "self-confidence"))
    assert attack_success(field, routed) > attack_success(field, uniform) + 0.15


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("name", ["self-confidence", "top-k", "relative-confidence"])
def test_default_defense_holds_under_a_router(shown, name) -> None:
    field = replace(draw("calibrated", 1500, 2), shown=shown)
    router, defense = build("router", name), build("defense", "trust-adaptive")
    assert attack_success(field, router, defense) < 0.03


@pytest.mark.parametrize("calibration", ["calibrated", "uncalibrated"])
def test_oracle_is_above_every_static_ensemble(calibration) -> None:
    field = draw(calibration, 1500, 3)
    routed = final_beliefs(field, routed_weights(build("router", "oracle"), field))
    assert accuracy(field, routed) > best_static(field) + 0.03
