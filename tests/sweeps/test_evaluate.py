"""``evaluate_defenses``: one result, ours and a stranger's defenses alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fjsim import registry
from fjsim.contracts import Defense
from fjsim.scenario import Scenario
from fjsim.sweeps import SweepResult, evaluate_defenses


@pytest.fixture
def strangers_defense():
    """A defense from outside that hears nobody, under a name of its own."""

    @registry.register("defense", "strangers-mute")
    @dataclass(frozen=True)
    class Mute(Defense):
        def gates(self, record, state):
            return np.zeros((record.n_agents,) * 2)

    yield "strangers-mute"
    del registry._entries["defense", "strangers-mute"]


def test_a_strangers_defense_takes_part_by_its_name(base, strangers_defense) -> None:
    found = evaluate_defenses(
        Scenario(**base), [strangers_defense], ["stubborn"], ["star", "complete"], seeds=2
    )
    assert isinstance(found, SweepResult)
    table = found.to_frame()
    pd.testing.assert_frame_equal(table, found.table)
    assert table is not found.table
    assert "4 settings, 8 runs" in repr(found)
    assert strangers_defense in found._repr_html_()
    assert table["defense"].tolist() == ["none", strangers_defense] * 2
    mine = table[table["defense"] == strangers_defense]
    assert mine["attack_success_rate"].tolist() == [0, 0]
    assert mine["asr_change"].lt(0).all()
    assert mine["asr_change_high"].ge(mine["asr_change"]).all()
    assert mine["price"].notna().all()
    assert mine["tokens_in"].tolist() == [0, 0]
    assert found.leaderboard["defense"].tolist()[0] == strangers_defense


def test_a_search_is_reported_apart_and_counts_in_the_leaderboard(base) -> None:
    judged = evaluate_defenses(Scenario(**base), ["none"], ["sleeper"], seeds=1, best_response=3)
    assert judged.best_responses is not None
    (found,) = judged.best_responses.to_dict("records")
    assert found["tried"] == 3
    assert found["damage_searched"] >= found["damage_default"]
    assert judged.table["attack"].tolist() == ["sleeper"]
    (board,) = judged.leaderboard.to_dict("records")
    assert board["worst_case_high"] >= board["worst_asr_high"]
    assert board["best_response_asr"] == found["attack_success_hostile"]


def test_an_attack_without_a_search_space_is_tried_as_it_stands(base) -> None:
    stubborn: Any = registry.find("attack", "stubborn").factory

    @registry.register("attack", "strangers-attack")
    @dataclass(frozen=True)
    class Echo(stubborn):
        respond = None

    try:
        found = evaluate_defenses(
            Scenario(**base), ["none"], ["strangers-attack"], seeds=1, best_response=4
        )
        assert found.best_responses is not None
        assert found.best_responses["tried"].tolist() == [1]
    finally:
        del registry._entries["attack", "strangers-attack"]
