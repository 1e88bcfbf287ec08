"""``evaluate_defenses``: one frame, ours and a stranger's defenses alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fjsim import registry
from fjsim.contracts import Defense
from fjsim.experiment.evaluate import evaluate_defenses
from fjsim.scenario import Scenario


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
    table = evaluate_defenses(
        Scenario(**base), [strangers_defense], ["stubborn"], ["star", "complete"], seeds=2
    )
    assert isinstance(table, pd.DataFrame)
    assert table["defense"].tolist() == ["none", strangers_defense] * 2
    mine = table[table["defense"] == strangers_defense]
    assert mine["attack_success_rate"].tolist() == [0, 0]
    assert mine["asr_change"].lt(0).all()
    assert mine["asr_change_high"].ge(mine["asr_change"]).all()
    assert mine["price"].notna().all()
    assert mine["tokens_in"].tolist() == [0, 0]
    assert table.attrs["leaderboard"][0]["defense"] == strangers_defense


def test_a_search_is_reported_apart_and_counts_in_the_leaderboard(base) -> None:
    table = evaluate_defenses(Scenario(**base), ["none"], ["sleeper"], seeds=1, best_response=3)
    (found,) = table.attrs["best_responses"]
    assert found["tried"] == 3
    assert found["damage_searched"] >= found["damage_default"]
    assert table["attack"].tolist() == ["sleeper"]
    (board,) = table.attrs["leaderboard"]
    assert board["worst_case_high"] >= board["worst_asr_high"]
    assert board["best_response_asr"] == found["attack_success_hostile"]


def test_an_attack_without_a_search_space_is_tried_as_it_stands(base) -> None:
    stubborn: Any = registry.find("attack", "stubborn").factory

    @registry.register("attack", "strangers-attack")
    @dataclass(frozen=True)
    class Echo(stubborn):
        respond = None

    try:
        table = evaluate_defenses(
            Scenario(**base), ["none"], ["strangers-attack"], seeds=1, best_response=4
        )
        assert table.attrs["best_responses"][0]["tried"] == 1
    finally:
        del registry._entries["attack", "strangers-attack"]
