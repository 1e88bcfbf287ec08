"""``fjsim theory`` as a user types it."""

import json

import pytest
import typer
from typer.testing import CliRunner

import fjsim
from fjsim.cli.theory import theory
from fjsim.errors import ConfigError, EdgeListError, ParameterError, UnknownNameError

GROUP = ["--agents", "6", "--stubbornness", ".1", "--self-weight", ".3"]


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(theory)

    def ask(*arguments):
        return CliRunner().invoke(app, list(arguments), catch_exceptions=False)

    return ask


@pytest.mark.parametrize(
    ("topology", "seat", "mean", "later"),
    [
        ("star", "hub", 0.863, 0.863),
        ("complete", "hub", 0.558, 0.515),
        ("star", "leaf", 0.380, 0.313),
        ("ring", "hub", 0.487, 0.432),
    ],
)
def test_the_numbers_of_the_issue(run, topology, seat, mean, later) -> None:
    result = run("--topology", topology, *GROUP, "--seat", seat, "--rounds", "10", "--json")
    takeover = json.loads(result.stdout)["takeover"]
    assert round(takeover["mean"], 3) == mean
    # .5145 is .515 in the design's table: rounded half up, as a reader does.
    assert takeover["mean_after_rounds"] == pytest.approx(later, abs=5.1e-4)


def test_json_keeps_its_contract(run) -> None:
    result = run("--topology", "star", *GROUP, "--json")
    told = json.loads(result.stdout)
    assert {"takeover", "resistance", "flips", "bounds"} <= set(told)
    assert set(told["takeover"]) == {"equilibrium", "mean", "after_rounds", "mean_after_rounds"}
    assert told["takeover"]["equilibrium"][0] is None
    assert len(told["takeover"]["equilibrium"]) == 6
    assert told["takeover"]["after_rounds"] is None
    assert told["flips"] is None
    assert told["reason"] is None
    assert told["resistance"] == pytest.approx(0.1 / 0.9 / 0.7)
    assert len(told["bounds"]) == 2
    flips = json.loads(run(*GROUP, "--margin", ".5", "--json").stdout)["flips"]
    assert {"flips", "critical_agents", "critical_resistance", "critical_trust"} <= set(flips)
    assert flips["critical_agents"] == 13
    assert flips["critical_agents_searched"] == [1, 512]
    assert flips["flipped"] == [None, True, True, True, True, True]


def test_no_equilibrium_is_null_with_the_reason(run) -> None:
    result = run(*GROUP[:2], "--stubbornness", "0", "--self-weight", "1", "--json")
    told = json.loads(result.stdout)
    assert told["takeover"]["equilibrium"] is None
    assert told["takeover"]["mean"] is None
    assert told["bounds"] is None
    assert "not unique" in told["reason"]
    shown = run(*GROUP[:2], "--stubbornness", "0", "--self-weight", "1", "--rounds", "3").stdout
    assert "no equilibrium" in shown


def test_the_table_says_what_would_stop_the_adversary(run) -> None:
    shown = run("--topology", "star", *GROUP, "--rounds", "10", "--margin", ".5").stdout
    for expected in (
        "0.863",
        "exact formula for star, adversary at the hub",
        "bounds from direct weights alone",
        "price of stubbornness",
        "resistance 2.000",
        "after 10 rounds",
    ):
        assert expected in shown
    assert "F5" not in shown
    assert "assumed" not in shown
    assert "no number of benign agents from 1 to 512 helps" in shown
    grown = run("--topology", "grid", *GROUP, "--seat", "leaf", "--margin", ".8").stdout
    assert "11 benign agents, the fewest of all numbers from 1 to 64" in " ".join(grown.split())


def test_colluders_mixed_groups_and_trust(run) -> None:
    result = run("--agents", "3", "--stubbornness", ".1,.2,.3", "--self-weight", "0",
                 "--seat", "0", "--json")  # fmt: skip
    told = json.loads(result.stdout)
    assert told["resistance"] == [None, 0.25, pytest.approx(0.3 / 0.7)]
    two = json.loads(run(*GROUP, "--seat", "0", "--seat", "3", "--json").stdout)
    assert two["seats"] == [0, 3]
    assert two["closed_form"]["name"] == "F3"
    gated = run("--topology", "star", *GROUP, "--trust", ".5", "--residual", "innate", "--json")
    mean = json.loads(gated.stdout)["takeover"]["mean"]
    assert mean == pytest.approx(0.5 * 0.8630136986)


def test_an_edge_list_stands_in_for_a_topology(run, tmp_path) -> None:
    path = tmp_path / "star.csv"
    path.write_text("speaker,listener\n" + "".join(f"0,{i}\n" for i in range(1, 6)))
    found = json.loads(run("--topology", str(path), "--json").stdout)
    assert found["takeover"]["mean"] == pytest.approx(0.8630136986)
    one_way = json.loads(run("--topology", str(path), "--directed", "--json").stdout)
    assert one_way["takeover"]["mean"] == pytest.approx(0.8630136986)
    path.write_text("0,1\nbroken\n")
    with pytest.raises(EdgeListError, match="line 2"):
        run("--topology", str(path))


def test_a_phase_diagram_is_one_html_file(run, tmp_path) -> None:
    path = tmp_path / "phase.html"
    result = run(*GROUP, "--plot", "--out", str(path), "--json")
    json.loads(result.stdout)
    page = path.read_text()
    assert "flip boundary" in page
    assert "mean takeover" in page
    assert "The circle is the group that was asked for." in page
    assert len(page) < 300_000
    with pytest.raises(ParameterError, match="one self-weight"):
        run("--agents", "2", "--self-weight", ".1,.2", "--plot", "--out", str(path))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--topology", "sttar"], UnknownNameError, "star"),
        (["--seat", "9"], ParameterError, "no seat 9"),
        (["--stubbornness", "much"], ConfigError, "--stubbornness takes"),
        (["--stubbornness", "1.5"], ParameterError, "stubbornness must lie"),
        (["--stubbornness", "nan"], ParameterError, "stubbornness must lie"),
        (["--stubbornness", ".1,.2"], ParameterError, "2 entries for 6 agents"),
        (["--margin", "0"], ParameterError, "margin must lie"),
        (["--agents", "1"], ParameterError, "one benign agent"),
        (["--rounds", "-1"], ParameterError, "n_rounds"),
    ],
)
def test_mistakes_are_named(run, arguments, error, message) -> None:
    with pytest.raises(error, match=message):
        run(*arguments)


def test_the_help_shows_a_worked_example(run) -> None:
    assert "fjsim theory --topology star" in run("--help").stdout


def test_persuasiveness_is_an_option(run) -> None:
    result = run("--topology", "complete", *GROUP, "--persuasiveness", "3", "--json")
    found = json.loads(result.stdout)
    # w = 3/7 and kappa = 1/6.3
    assert found["takeover"]["mean"] == pytest.approx((3 / 7) / (3 / 7 + 1 / 6.3))
    assert found["closed_form"]["name"] == "F2"


@pytest.fixture
def few_questions(monkeypatch) -> None:
    monkeypatch.setattr("fjsim.dynamics.attacked.promises.N_QUESTIONS", 4000)


def test_colluders_are_told_in_sentences_and_tables_of_eighty_columns(run, few_questions) -> None:
    told = run("--colluders", "2", "--agents", "6").stdout
    assert told.startswith("2 of 6 agents collude")
    assert "ballot alone 0.104, with one casting vote 0.026, with two 0.017" in told
    assert max(map(len, told.splitlines())) <= 80
    assert "no rule that reads votes alone" in told


def test_colluders_in_json_keep_their_contract(run, few_questions) -> None:
    asked = ("--colluders", "1", "--agents", "5", "--competence", ".7", "--loss", ".01", "--json")
    told = json.loads(run(*asked).stdout)["colluders"]
    assert told["colluders"] == 1
    assert [floor["loss"] for floor in told["floors"]] == [0.01]
    assert set(told["floors"][0]) == {"loss", "all_questions", "worst_close_question"}
    assert {"undefended_accuracy", "ideal_accuracy", "ballot_bound"} <= set(told)
    own = [b for b in told["casting_bounds"] if (b["colluders"], b["competence"]) == (1, 0.7)]
    assert [one["votes"] for one in own] == [1, 2]
    assert own[1]["bound"] < own[0]["bound"] < told["ballot_bound"]


def test_colluders_that_differ_are_refused(run) -> None:
    with pytest.raises(ConfigError, match="agents are all alike"):
        run("--colluders", "1", "--stubbornness", ".1,.2")
    with pytest.raises(ParameterError, match="leave at least one"):
        run("--colluders", "6", "--agents", "6")


def test_a_column_without_anything_in_it_is_left_out(run) -> None:
    short = run("--topology", "star").stdout
    assert "equilibrium" in short
    assert "flips" not in short
    assert "after" not in short.splitlines()[2]
    assert max(map(len, short.splitlines())) <= 80


def test_without_a_scenario_it_says_what_is_assumed_and_why_a_run_differs(run) -> None:
    shown = " ".join(run("--topology", "star").stdout.split())
    assert "assumed: stubbornness 0.1, self-weight 0.3" in shown
    assert "The simulated model has .38 and .10 on average" in shown


def test_theory_and_run_agree_where_theory_is_given_the_scenario(run, tmp_path) -> None:
    values = {
        "topology": "star",
        "attack": {"kind": "stubborn", "certainty": 1.0, "target": "random-wrong"},
        "agents": {"kind": "numeric", "count": 6},
        "questions": {"limit": 40},
        "rounds": 5,
    }
    played = fjsim.run(values, tmp_path / "r")
    found = json.loads(run(str(tmp_path / "r"), "--json").stdout)
    predicted = played.metrics["takeover_predicted"].value
    assert found["rounds"] == 5
    assert found["seats"] == [0]
    assert found["over_questions"] == pytest.approx(predicted, abs=0.03)
    shown = " ".join(run(str(tmp_path / "r" / "scenario.yaml")).stdout.split())
    assert f"mean takeover after 5 rounds is {found['over_questions']:.3f}" in shown
    wide = json.loads(run(str(tmp_path / "r"), "--rounds", "2", "--json").stdout)
    assert wide["rounds"] == 2


def test_a_scenario_without_an_attack_is_refused(run, tmp_path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("topology: star\n")
    with pytest.raises(ConfigError, match="attack 'none' holds no seat"):
        run(str(path))
