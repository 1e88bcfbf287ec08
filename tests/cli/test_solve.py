"""``fjsim solve`` as a user types it."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from fjsim.cli.solve import solve
from fjsim.dynamics import FJParameters, disagreement, equilibrium, read_edges
from fjsim.errors import (
    ConfigError,
    EdgeListError,
    NotConvergentError,
    ParameterError,
    StorageError,
)


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(solve)

    def ask(*arguments):
        return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)

    return ask


@pytest.fixture
def edges(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("speaker,listener\n1,2\n2,3\n3,1\n3,7\n")
    return path


def test_json_keeps_its_contract_and_the_answer_is_right(run, edges, tmp_path) -> None:
    opinions = tmp_path / "innate.csv"
    opinions.write_text("node,opinion\n7,1\n1,0\n2,0.5\n3,.25\n")
    final = tmp_path / "final.csv"
    result = run(edges, "--innate", opinions, "--stubbornness", ".2", "--out", final, "--json")
    told = json.loads(result.stdout)
    assert {"n", "edges", "solver", "iterations", "error_bound", "seconds", "peak_bytes",
            "summary", "compiling_seconds"} <= set(told)  # fmt: skip
    assert set(told["summary"]) == {"mean", "polarization", "disagreement"}
    assert (told["n"], told["edges"]) == (4, 4)
    assert told["error_bound"] <= 1e-8
    assert told["peak_bytes"] > 1e6
    written = pd.read_csv(final)
    assert written["node"].tolist() == [1, 2, 3, 7]
    influence = read_edges(edges).network.influence().toarray()
    expected = equilibrium(FJParameters(0.2, influence=influence), [0, 0.5, 0.25, 1]).beliefs
    np.testing.assert_allclose(written["opinion"], expected, atol=1e-8)
    assert told["summary"]["mean"] == pytest.approx(expected.mean(), abs=1e-8)
    assert told["summary"]["polarization"] == pytest.approx(expected.var(), abs=1e-8)
    assert told["summary"]["disagreement"] == pytest.approx(
        disagreement(expected, influence), abs=1e-8
    )


def test_default_opinions_are_seeded_and_said(run, edges) -> None:
    first, again, other = (run(edges, "--json", "--seed", seed) for seed in (0, 0, 1))
    assert "uniformly" in first.stderr
    means = [json.loads(one.stdout)["summary"]["mean"] for one in (first, again, other)]
    assert means[0] == means[1] != means[2]


def test_direction_matters_only_when_asked_for(run, edges) -> None:
    one_way = json.loads(run(edges, "--directed", "--json").stdout)
    both = json.loads(run(edges, "--json").stdout)
    assert both["solver"] == "conjugate-gradients"
    assert one_way["solver"] == "bicgstab"
    assert one_way["summary"] != both["summary"]


def test_the_table_names_the_solver_and_the_certificate(run, edges) -> None:
    shown = run(edges).stdout
    for expected in ("conjugate-gradients", "certified error", "peak memory", "polarization"):
        assert expected in shown


def test_nodes_named_only_by_opinions_are_isolated(run, edges, tmp_path) -> None:
    opinions = tmp_path / "innate.csv"
    opinions.write_text("1,0\n2,0\n3,0\n7,0\n99,0.75\n")
    final = tmp_path / "final.csv.gz"
    run(edges, "--innate", opinions, "--out", final)
    with gzip.open(final, "rt") as file:
        written = pd.read_csv(file)
    assert written.loc[written["node"] == 99, "opinion"].tolist() == [0.75]


def test_stubbornness_may_come_per_node_and_nodes_may_have_names(run, tmp_path) -> None:
    edges = tmp_path / "edges.tsv"
    edges.write_text("ann\tbob\nbob\teve\n")
    held = tmp_path / "held.csv"
    held.write_text("node,stubbornness\nbob,0\nann,1\neve,0\n")
    opinions = tmp_path / "innate.csv"
    opinions.write_text("ann,.3\nbob,.9\neve,.6\n")
    told = json.loads(run(edges, "--innate", opinions, "--stubbornness", held, "--json").stdout)
    assert told["summary"]["mean"] == pytest.approx(0.3, abs=1e-8)


def test_a_closed_group_without_stubbornness_is_named(run, edges) -> None:
    with pytest.raises(NotConvergentError, match="hear only each other"):
        run(edges, "--stubbornness", "0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,0\n2,0\n3,0\n", "lacks 1 of 4 nodes, e.g. 7"),
        ("1,0\n2,nan\n3,0\n7,0\n", "node 2 has no finite opinion"),
        ("1,0\n2,x\n3,0\n7,0\n", "node 2 has no finite opinion"),
        ("1,0\n1,0\n2,0\n3,0\n7,0\n", "names a node twice"),
        ("1\n2\n", "1 columns"),
        ("ann,1\n", "edge list numbers them"),
        ("", "no CSV"),
    ],
)
def test_opinions_that_do_not_fit_are_refused(run, edges, tmp_path, text, message) -> None:
    opinions = tmp_path / "innate.csv"
    opinions.write_text(text)
    with pytest.raises((ConfigError, ParameterError), match=message):
        run(edges, "--innate", opinions)


def test_mistakes_are_named(run, edges, tmp_path) -> None:
    for arguments, error, message in (
        ([tmp_path / "none.csv"], EdgeListError, "there is no file"),
        ([edges, "--innate", tmp_path / "none.csv"], ConfigError, "there is no file"),
        ([edges, "--stubbornness", "much"], ConfigError, "takes a number"),
        ([edges, "--stubbornness", "2"], ParameterError, "must lie in"),
        ([edges, "--stubbornness", "nan"], ParameterError, "must lie in"),
        ([edges, "--tolerance", "0"], ParameterError, "tolerance must be"),
        ([edges, "--tolerance", "1e-18"], ParameterError, "below what double precision"),
        ([edges, "--out", tmp_path / "no" / "folder.csv"], StorageError, "cannot write"),
    ):
        with pytest.raises(error, match=message):
            run(*arguments)
    edges.write_text("1,2\n2,oops\n")
    with pytest.raises(EdgeListError, match="line 2"):
        run(edges)


def test_the_help_shows_a_worked_example(run) -> None:
    assert "fjsim solve friends.csv.gz" in run("--help").stdout
