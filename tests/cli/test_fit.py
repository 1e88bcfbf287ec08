"""`fjsim fit` and `fjsim import` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fjsim
from fjsim.cli.program import main

KEYS = {
    "model", "n_items", "n_agents", "parameters", "intervals", "identified", "warnings",
    "comparison", "influence_shares",
}  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["item_id,agent_id,round,p_A,p_B,p_C,correct_answer"]
    for item in range(25):
        innate = rng.dirichlet(np.ones(3), 3)
        beliefs = innate
        for at in range(4):
            lines += [
                f"q{item},agent{seat},{at}," + ",".join(map(str, belief)) + ",A"
                for seat, belief in enumerate(beliefs)
            ]
            beliefs = 0.3 * innate + 0.3 * beliefs + 0.4 * beliefs[[1, 2, 0]]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    shown = capsys.readouterr()
    return int(caught.value.code or 0), shown.out, shown.err


def test_json_holds_the_promised_keys_and_nothing_else_is_printed(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "fit", str(log), "--json", "--resamples", "50")
    assert code == 0
    shown = json.loads(out)
    assert set(shown) >= KEYS
    assert np.allclose(shown["parameters"]["stubbornness"], 0.3, atol=1e-6)
    assert set(shown["comparison"][0]) >= {"model", "one_step_mse", "skill", "low", "high", "top1"}
    assert shown["comparison"][0]["metric"]
    assert shown["ledger"]


def test_the_tables_name_parameters_and_rivals(
    log: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out_folder = ("--out", str(tmp_path / "fitted"))
    code, out, _ = call(capsys, "fit", str(log), "--full", "--resamples", "50", *out_folder)
    assert code == 0
    for text in ("stubbornness", "persistence", "mixture of experts", "label oracle", "* pooled"):
        assert text in out
    assert max(map(len, out.splitlines())) <= 80
    assert json.loads((tmp_path / "fitted" / "fit.json").read_text())["model"] == "pooled"
    assert (tmp_path / "fitted" / "comparison.csv").exists()
    assert (tmp_path / "fitted" / "ledger.csv").exists()


def test_another_model_and_nulls(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(
        capsys, "fit", str(log), "--model", "gated", "--no-compare", "--nulls", "--resamples", "0"
    )
    assert code == 0
    assert "input-dependence" in out
    assert "which any shared evidence does" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "poold"), "did you mean 'pooled'"),
        (("--table", "html"), "--table is 'html'; give md, latex, csv"),
        (("--format", "lng"), "did you mean 'long'"),
        (("--target", "mood"), "--target is 'mood'"),
        (("--scale", "ten"), "LOW:HIGH"),
        (("--model", "persistence", "--no-compare"), "no parameter 'resamples'"),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_2(
    log: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call(capsys, "fit", str(log), *arguments)
    assert code == 2
    assert message in " ".join(err.split())
    assert out == ""


def test_a_broken_log_is_one_line_with_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.csv"
    path.write_text("item_id,agent_id,round,answer\na,x,zero,A\n")
    code, _, err = call(capsys, "fit", str(path))
    assert code == 2
    assert "line 2" in err
    assert "Traceback" not in err


def test_an_imported_log_is_a_run_folder_that_fits(
    log: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code, _, _ = call(capsys, "import", str(log), "--out", str(folder))
    assert code == 0
    code, out, _ = call(capsys, "fit", str(folder), "--json", "--resamples", "0", "--no-compare")
    assert code == 0
    assert np.allclose(json.loads(out)["parameters"]["stubbornness"], 0.3, atol=1e-6)
    assert json.loads(out)["simulated"] is False
    code, _, err = call(capsys, "import", str(log), "--out", str(folder))
    assert code == 5
    assert "another folder" in err


@pytest.mark.parametrize("kind", ["llm", "numeric"])
def test_what_is_fitted_to_simulated_agents_says_so(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = ("run", "--set", f"agents.kind={kind}", "--limit", "12", "--rounds", "3")
    folder = tmp_path / "run"
    assert call(capsys, *run, "--out", str(folder))[0] == 0
    code, out, _ = call(capsys, "fit", str(folder), "--full", "--resamples", "0")
    assert code == 0
    assert out.startswith("simulated · FJ fit '")
    assert "held-out-questions: folds over questions, one step ahead" in out
    assert fjsim.load_run(folder).simulated
    assert fjsim.fit(fjsim.load_transcript(folder, "clean")).summary().startswith("simulated · ")


def test_a_fit_begins_with_its_verdict_and_hides_the_details(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "fit", str(log), "--resamples", "50")
    assert code == 0
    verdict = out.split("\n\n")[0]
    assert len(verdict.splitlines()) <= 12
    assert "One law may hold for all items" in verdict
    assert "Per round an agent keeps 30% of its first belief" in verdict
    assert "Chosen: pooled" in verdict
    assert "persistence" not in out
    assert "--full" in out


def test_json_holds_the_verdict_the_choice_and_the_test(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = json.loads(call(capsys, "fit", str(log), "--json", "--resamples", "50")[1])
    assert shown["chosen"]["model"] == "pooled"
    assert set(shown["chosen"]) >= {"model", "gain", "low", "high"}
    assert shown["one_law"] == {"p": 1.0, "holds": True, "n_draws": 0}
    assert shown["population"] is None
    assert shown["unit"] == "probability"
    assert 1 <= len(shown["verdict"]) <= 12
    assert shown["split_half"]["stubbornness"]["n_splits"] == 50
    row = shown["comparison"][0]
    assert row["error"] == row["one_step_mse"]
    assert row["protocol"] == "held-out-questions"
    assert "calibration_error" in row


@pytest.mark.parametrize(
    ("format", "begins", "holds"),
    [
        ("md", "| agent | stubbornness |", "| a\\|b_1 | 0.300 |"),
        ("latex", "\\begin{tabular}{l", "a|b\\_1 & 0.300"),
        ("csv", "agent,stubbornness,", "a|b_1,0.3"),
    ],
)
def test_a_table_for_a_paper_escapes_names(
    log: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    format: str,
    begins: str,
    holds: str,
) -> None:
    path = tmp_path / "names.csv"
    path.write_text(log.read_text().replace("agent1", "a|b_1"))
    code, out, _ = call(capsys, "fit", str(path), "--table", format, "--resamples", "20")
    assert code == 0
    assert out.startswith(begins)
    assert holds in out


def test_a_path_fit_shows_no_interval_of_another_estimator(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "fit", str(log), "--model", "trajectory", "--no-compare", "--json")
    assert code == 0
    assert json.loads(out)["intervals"] is None
