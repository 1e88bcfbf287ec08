"""Every file in ``configs`` says which question it answers, loads, and runs."""

from pathlib import Path

import pytest

from fjsim.experiment import resolve, run
from fjsim.experiment.sweeps.cells import expand
from fjsim.experiment.sweeps.grid import load_sweep
from fjsim.experiment.sweeps.sweep import plan, run_sweep
from fjsim.scenario import load_scenario, read_yaml

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(CONFIGS.rglob("*.yaml"))
SWEEPS = [path for path in FILES if {"base", "vary", "grids"} & set(read_yaml(path))]
SCENARIOS = [path for path in FILES if path not in SWEEPS]


def name(path):
    return str(path.relative_to(CONFIGS))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_first_line_is_a_question(path):
    first = path.read_text().splitlines()[0]
    assert first.startswith("# ")
    assert "?" in first


def test_there_are_at_least_six_scenarios():
    assert len(SCENARIOS) >= 6


@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_each_scenario_resolves(path):
    assert resolve(load_scenario(path)).items


@pytest.mark.parametrize("path", [path for path in SCENARIOS if path.stem != "endpoint"], ids=name)
def test_each_offline_scenario_runs(path):
    warmup = load_scenario(path).warmup
    small = load_scenario(path, settings=[f"questions.limit={warmup + 1}", "rounds=1"])
    assert run(small).transcript.n_items == small.replicas


@pytest.mark.parametrize("path", SWEEPS, ids=name)
def test_each_sweep_expands_and_its_first_cell_resolves(path):
    cells = expand(load_sweep(path))
    assert len(cells) > 1
    assert resolve(cells[0].scenario).items


def test_the_first_papers_design_has_68_different_scenarios():
    sweep = load_sweep(CONFIGS / "stubborn-neighbors" / "sweep.yaml")
    planned = plan(sweep)
    assert len(planned.cells) == 68
    assert len(planned.jobs) == 68
    assert {cell.scenario.questions.source for cell in planned.cells} == {
        "builtin:general",
        "builtin:tools",
    }


def test_the_second_papers_design_is_five_agents_five_rounds_three_replicas():
    cells = expand(load_sweep(CONFIGS / "influencers" / "sweep.yaml"))
    assert len(cells) == 4
    for cell in cells:
        scenario = cell.scenario
        assert (scenario.n_agents, scenario.rounds, scenario.replicas) == (5, 5, 3)
        assert scenario.topology.kind == "complete"
        assert scenario.attack.kind == "none"


@pytest.mark.parametrize("folder", ["stubborn-neighbors", "influencers"])
def test_a_papers_design_runs_on_an_endpoint_by_changing_the_backend_alone(folder):
    sweep = load_sweep(CONFIGS / folder / "sweep.yaml")
    backend = {"kind": "openai", "model": "m", "base_url": "http://localhost:1/v1"}
    real = sweep.model_copy(update={"base": sweep.base.with_values(backend=backend)})
    assert all(resolve(cell.scenario).model_seats for cell in expand(real)[:3])


def test_the_mechanisms_of_the_config_fall_in_a_small_version():
    sweep = load_sweep(CONFIGS / "sweeps" / "mechanisms.yaml")
    base = sweep.base.with_values(questions={"source": "builtin", "limit": 4}, rounds=3)
    table = run_sweep(sweep.model_copy(update={"base": base, "seeds": 1})).table
    for _, rows in table.groupby("mechanism"):
        assert len(rows) == 5
        assert rows["takeover_observed"].is_monotonic_decreasing
        assert rows["takeover_predicted"].is_monotonic_decreasing
