"""A sweep's description: strict, with the nearest name, and its cells."""

import re

import pytest

from fjsim.errors import ConfigError, UnknownNameError
from fjsim.sweeps.cells import OFF, expand
from fjsim.sweeps.grid import Sweep, load_sweep
from fjsim.sweeps.planning import plan


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"topologys": ["star"]}, "did you mean 'topologies'"),
        ({"base": {"rouns": 2}}, "did you mean 'rounds'"),
        ({"fortify": [{"mor": 1}]}, "did you mean 'more'"),
        ({"grids": [{"atacks": ["stubborn"]}]}, "did you mean 'attacks'"),
        ({"best_response": {"budge": 3}}, "did you mean 'budget'"),
        ({"seeds": 0}, "greater than or equal to 1"),
        ({"seeds": [1, 1]}, "names one twice"),
        ({"vary": {"rounds": []}}, "write a list of values"),
        ({"vary": {"rounds": 3}}, "axis 'rounds' is 3"),
        ({"name": "../up"}, "name"),
    ],
)
def test_a_wrong_key_or_value_is_one_line(values, told) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as caught:
        Sweep(**values)
    assert "\n" not in str(caught.value)


def test_a_typo_in_any_cell_fails_before_anything_runs(base) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'stubborn'"):
        plan(Sweep(base=base, attacks=["none", "stuborn"]))
    with pytest.raises(ConfigError, match="did you mean 'rounds'"):
        plan(Sweep(base=base, vary={"rouns": [1]}))
    with pytest.raises(ConfigError, match="did you mean 'certainty'"):
        plan(Sweep(base=base, attacks=[{"kind": "stubborn", "certanty": 0.5}]))


def test_cells_are_the_product_of_the_axes_with_seeds_innermost(base) -> None:
    sweep = Sweep(base=base, attacks=["none", "stubborn"], agents=[4, 5], seeds=[3, 7])
    cells = expand(sweep)
    assert len(cells) == 8
    assert [cell.scenario.seed for cell in cells[:2]] == [3, 7]
    assert [cell.labels["agents"] for cell in cells] == ["4", "4", "5", "5"] * 2
    assert cells[2].scenario.n_agents == 5


def test_one_value_is_short_for_a_list_of_one(base) -> None:
    assert expand(Sweep(base=base, topologies="ring"))[0].scenario.topology.kind == "ring"


def test_a_seat_means_nothing_without_an_attack(base) -> None:
    cells = expand(Sweep(base=base, attacks=["none", "stubborn"], seats=["hub", "leaf"]))
    assert [cell.labels["seat"] for cell in cells] == [OFF, "hub", "leaf"]
    assert cells[2].scenario.attack.parameters["seat"] == "leaf"


def test_keys_inside_a_block_survive_a_change_of_the_block(base) -> None:
    sweep = Sweep(
        base=base,
        vary={
            "placement": {"leaf": {"attack.seat": "leaf"}},
            "setting": {"sleeper": {"attack": "sleeper"}},
        },
    )
    attack = expand(sweep)[0].scenario.attack
    assert (attack.kind, attack.parameters["seat"]) == ("sleeper", "leaf")


def test_grids_are_added_up_and_share_the_axes_at_the_top(base) -> None:
    grids = [{"attacks": ["stubborn"], "agents": [4, 5]}, {"topologies": ["ring"]}]
    cells = expand(Sweep(base=base, seeds=2, grids=grids))
    assert len(cells) == 6
    assert list(cells[0].labels) == list(cells[-1].labels)
    assert cells[-1].labels["agents"] == OFF


def test_two_settings_that_mean_one_scenario_are_run_once(base) -> None:
    sweep = Sweep(base=base, agents=[4, 6], fortify=["none", {"more": 2}])
    planned = plan(sweep)
    assert len(planned.cells) == 4
    assert len(planned.jobs) == 3


def test_fortify_adds_agents_or_makes_the_last_ones_stubborn(base) -> None:
    more, stubborn = expand(Sweep(base=base, fortify=[{"more": 2}, {"stubborn": 1}]))
    assert more.scenario.n_agents == 6
    last = stubborn.scenario.seats[-1].as_dict()
    assert stubborn.scenario.n_agents == 4
    assert (last["stubbornness"], last["stubbornness_concentration"]) == (0.95, 0)
    assert "stubbornness" not in stubborn.scenario.seats[0].as_dict()


def test_a_stubborn_model_agent_has_its_own_simulated_model_and_a_real_one_a_trait(base) -> None:
    simulated = Sweep(base=base | {"agents": 4}, fortify=[{"stubborn": 1}])
    block = expand(simulated)[0].scenario.seats[-1].backend
    assert block is not None
    assert block.parameters["stubbornness"] == 0.95
    backend = {"kind": "openai", "model": "m", "base_url": "http://localhost:1/v1"}
    real = Sweep(base=base | {"agents": 4, "backend": backend}, fortify=[{"stubborn": 1}])
    assert expand(real)[0].scenario.seats[-1].as_dict()["agreeableness"] == "low"


def test_too_many_stubborn_agents_are_refused(base) -> None:
    with pytest.raises(ConfigError, match="leave no other"):
        expand(Sweep(base=base, fortify=[{"stubborn": 4}]))


def test_a_warm_up_defense_brings_its_warm_up_and_all_cells_leave_it_out(base) -> None:
    questions = {"questions": {"limit": 12}}
    planned = plan(Sweep(base=base | questions, attacks="stubborn", defenses=["none", "t-w"]))
    assert [cell.scenario.warmup for cell in planned.cells] == [0, 10]
    assert {job.left_out for job in planned.jobs.values()} == {10}
    given = plan(
        Sweep(base=base | questions | {"warmup": 3}, attacks="stubborn", defenses=["none", "t-w"])
    )
    assert [cell.scenario.warmup for cell in given.cells] == [3, 10]
    assert {job.left_out for job in given.jobs.values()} == {10}


def test_a_sweep_file_may_name_its_base_scenario(tmp_path) -> None:
    (tmp_path / "base.yaml").write_text("rounds: 4\n")
    path = tmp_path / "mine.yaml"
    path.write_text("# why\nbase: base.yaml\nseeds: 2\n")
    sweep = load_sweep(path)
    assert (sweep.name, sweep.base.rounds, sweep.seed_list) == ("mine", 4, (0, 1))


def test_a_missing_base_is_one_line(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: nowhere.yaml\n")
    with pytest.raises(ConfigError, match="no such file"):
        load_sweep(path)


@pytest.mark.parametrize("key", ["self-consistency", "a-b", "team"])
def test_an_unknown_key_is_named_whatever_it_is_called(key) -> None:
    with pytest.raises(ConfigError, match=f"unknown key '{key}'; allowed: attacks"):
        Sweep(**{key: 1})


@pytest.mark.parametrize("value", [3, None, {"channel": "blend"}, {"kind": 5}])
def test_a_plug_in_axis_of_anything_else_is_refused(value) -> None:
    with pytest.raises(ConfigError, match="give a name, or a block with its kind"):
        expand(Sweep(vary={"defense": [value]}))


def test_an_axis_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError):
        expand(Sweep(vary={"": {"a": {"": 1}}}))
