"""Every file in ``configs`` says which question it answers, loads, and runs."""

from pathlib import Path

import pytest

from fjsim.runs import run
from fjsim.runs.resolve import resolve
from fjsim.scenario import load_scenario
from fjsim.serial.yaml import read_yaml
from fjsim.sweeps.cells import expand
from fjsim.sweeps.grid import load_sweep
from fjsim.sweeps.planning import plan
from fjsim.sweeps.sweep import run_sweep

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(CONFIGS.rglob("*.yaml"))
SWEEPS = [path for path in FILES if {"base", "vary", "grids"} & set(read_yaml(path))]
SCENARIOS = [path for path in FILES if path not in SWEEPS]


def name(path):
    return str(path.relative_to(CONFIGS))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_first_line_is_a_question(path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# ")
    assert "?" in first


def test_there_are_at_least_six_scenarios() -> None:
    assert len(SCENARIOS) >= 6


@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_each_scenario_resolves(path) -> None:
    assert resolve(load_scenario(path)).items


@pytest.mark.parametrize("path", [path for path in SCENARIOS if path.stem != "endpoint"], ids=name)
def test_each_offline_scenario_runs(path) -> None:
    warmup = load_scenario(path).warmup
    small = load_scenario(path, settings=[f"questions.limit={warmup + 1}", "rounds=1"])
    assert run(small).transcript.n_items == small.replicas


@pytest.mark.parametrize("path", SWEEPS, ids=name)
def test_each_sweep_expands_and_its_first_cell_resolves(path) -> None:
    cells = expand(load_sweep(path))
    assert len(cells) > 1
    assert resolve(cells[0].scenario).items


def test_the_first_papers_design_has_68_different_scenarios() -> None:
    sweep = load_sweep(CONFIGS / "stubborn-neighbors" / "sweep.yaml")
    planned = plan(sweep)
    assert len(planned.cells) == 68
    assert len(planned.jobs) == 68
    assert {cell.scenario.questions.source for cell in planned.cells} == {
        "builtin:general",
        "builtin:tools",
    }


def test_the_second_papers_design_is_five_agents_five_rounds_three_replicas() -> None:
    cells = expand(load_sweep(CONFIGS / "influencers" / "sweep.yaml"))
    assert len(cells) == 4
    for cell in cells:
        scenario = cell.scenario
        assert (scenario.n_agents, scenario.rounds, scenario.replicas) == (5, 5, 3)
        assert scenario.topology.kind == "complete"
        assert scenario.attack.kind == "none"


@pytest.mark.parametrize("folder", ["stubborn-neighbors", "influencers"])
def test_a_papers_design_runs_on_an_endpoint_by_changing_the_backend_alone(folder) -> None:
    sweep = load_sweep(CONFIGS / folder / "sweep.yaml")
    backend = {"kind": "openai", "model": "m", "base_url": "http://localhost:1/v1"}
    real = sweep.model_copy(update={"base": sweep.base.with_values(backend=backend)})
    assert all(resolve(cell.scenario).model_seats for cell in expand(real)[:3])


def smaller(sweep, questions=3, rounds=2, budget=2):
    """Return a sweep with every cell and little to do in each."""
    base = sweep.base.with_values(
        questions={"source": sweep.base.questions.source, "limit": questions}, rounds=rounds
    )
    search = sweep.best_response
    if search is not None:
        search = search.model_copy(update={"budget": budget, "limit": questions})
    return sweep.model_copy(update={"base": base, "seeds": 1, "best_response": search})


@pytest.mark.parametrize(
    ("n_topologies", "n_attacks"),
    [(1, 3), pytest.param(3, 7, marks=pytest.mark.slow)],
    ids=["star", "all"],
)
def test_the_sweep_of_defenses_runs_to_its_table_and_leaderboard(n_topologies, n_attacks) -> None:
    sweep = load_sweep(CONFIGS / "sweeps" / "defenses.yaml")
    few = {"topologies": sweep.topologies[:n_topologies], "attacks": sweep.attacks[:n_attacks]}
    sweep = sweep.model_copy(update=few)
    # The papers' defenses have a warm-up of ten questions, which all cells leave out.
    result = run_sweep(smaller(sweep, questions=12))
    assert len(result.table) == 7 * n_attacks * n_topologies
    assert set(result.table["questions"]) == {2}
    assert sorted(result.leaderboard["defense"]) == sorted(b.kind for b in sweep.defenses)
    assert result.best_responses is not None
    assert len(result.best_responses) == 7 * 2 * n_topologies
    assert set(result.best_responses["tried"]) == {2}
    attacked = result.table[result.table["attack"] != "none"]
    assert attacked["attack_success_rate"].dropna().between(0, 1).all()


def test_the_sweep_of_routers_runs_clean_and_attacked_in_both_regimes() -> None:
    sweep = load_sweep(CONFIGS / "sweeps" / "routers.yaml")
    table = run_sweep(smaller(sweep)).table
    regimes = {choices["confidence"] for choices, _ in _groups(table, ["confidence"])}
    assert regimes == {"calibrated", "over-confident"}
    assert len(table) == len(regimes) * 5 * 2 * 2
    for _, rows in _groups(table, ["confidence", "router"]):
        assert set(zip(rows["attack"], rows["defense"], strict=True)) == {
            ("none", "none"),
            ("none", "trust-adaptive"),
            ("stubborn(certainty=0.999)", "none"),
            ("stubborn(certainty=0.999)", "trust-adaptive"),
        }


def _groups(table, axes):
    return [
        (dict(zip(axes, labels, strict=True)), rows)
        for labels, rows in table.groupby(axes, sort=False)
    ]


def test_the_sweep_of_structural_measures_has_teams_of_the_sizes_it_names() -> None:
    table = run_sweep(smaller(load_sweep(CONFIGS / "sweeps" / "fortify.yaml"))).table
    sizes = dict(zip(table["fortify"], table["n_agents"], strict=True))
    assert sizes == {"none": 6, "more 2": 8, "more 4": 10, "stubborn 1": 6, "stubborn 2": 6}
    assert len(table) == 2 * 2 * 5


def test_the_mechanisms_of_the_config_fall_in_a_small_version() -> None:
    sweep = load_sweep(CONFIGS / "sweeps" / "mechanisms.yaml")
    base = sweep.base.with_values(questions={"source": "builtin", "limit": 4}, rounds=3)
    table = run_sweep(sweep.model_copy(update={"base": base, "seeds": 1})).table
    for _, rows in table.groupby("mechanism"):
        assert len(rows) == 5
        assert rows["takeover_observed"].is_monotonic_decreasing
        assert rows["takeover_predicted"].is_monotonic_decreasing
