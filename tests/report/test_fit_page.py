"""The page of a fit and of an imported log: what it shows, and what it refuses."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

import fjsim
from fjsim.cli.program import main
from fjsim.errors import StorageError
from fjsim.fitting import fit
from fjsim.records.importers.run_folder import write_run_folder
from fjsim.report.html.fit import summary_page
from fjsim.report.html.writing import report_of
from fjsim.report.paths import fit_paths

SECTIONS = ("Parameters", "Observed against predicted", "Held out", "Mixture of experts")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three seats that follow the law exactly; the last one is hostile and never moves."""
    rng = np.random.default_rng(0)
    lines = ["item_id,agent_id,round,p_A,p_B,p_C,correct_answer,role,target,neighbours"]
    for item in range(12):
        innate = rng.dirichlet(np.ones(3), 3)
        beliefs = innate
        for at in range(4):
            lines += [
                f"q{item},<b>{seat}</b>,{at},{','.join(map(str, belief))},A,"
                f"{'hostile' if seat == 2 else 'benign'},B,all"
                for seat, belief in enumerate(beliefs)
            ]
            others = (beliefs.sum(axis=0) - beliefs) / 2
            moved = 0.3 * innate + 0.3 * beliefs + 0.4 * others
            beliefs = np.concatenate([moved[:2], innate[2:]])
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert not caught.value.code


def titles(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def test_a_fit_has_a_page_with_all_that_it_found(log: Path, tmp_path: Path) -> None:
    command("fit", str(log), "--model", "pooled", "--resamples", "50", "--out", str(tmp_path / "f"))
    command("report", str(tmp_path / "f"))
    page = (tmp_path / "f" / "report.html").read_text()
    assert [title for title in titles(page) if title in SECTIONS] == list(SECTIONS)
    assert "0.300 [0.300, 0.300]" in page
    assert "Mean belief in the key" in page
    assert "Mean belief in the lie" in page
    assert "&lt;b&gt;0&lt;/b&gt;" in page
    assert "<b>" not in page.split("<script>")[0]


def test_an_imported_log_has_the_page_of_its_fit(log: Path, tmp_path: Path) -> None:
    write_run_folder(fjsim.read_log(log), tmp_path / "imported")
    page = report_of(tmp_path / "imported")
    assert [title for title in titles(page) if title in SECTIONS] == list(SECTIONS)
    assert "The attack" in titles(page)
    assert "attack success rate" in page


def test_a_page_says_in_words_what_the_fit_found_and_whose_law_varies(log: Path) -> None:
    transcript = fjsim.read_log(log).transcript
    values = fit(transcript, "pooled", resamples=0, compare=("last-round",)).as_json()
    part = {"mean": 0.38, "low": 0.31, "high": 0.45}
    part |= {"spread": 0.41, "spread_low": 0.4, "spread_high": 0.43}
    values["population"] = {"stubbornness": part, "self_weight": part}
    values["parameters"] = {name: [0.25] * 3 for name in ("stubbornness", "self_weight")}
    values["influence_shares"] = [None] * 3
    page = summary_page("a log", values)
    assert titles(page)[0] == "In words"
    for sentence in values["verdict"][1:]:
        assert html.escape(sentence) in page
    assert "0.410 [0.400, 0.430]" in page
    assert ">all 3</th>" in page
    assert "measured in probability" not in page
    assert page.count("★ ") == 1


def test_predicted_paths_of_an_exact_log_are_the_observed_ones(log: Path) -> None:
    transcript = fjsim.read_log(log).transcript
    found = fit_paths(transcript, fit(transcript, "pooled", resamples=0))
    observed, told = (path for path in found.paths if path.of == "the key")
    seen = transcript.beliefs[:, :, :2, transcript.keys[0]].mean(axis=(0, 2))
    assert [one.value for one in observed.estimates] == pytest.approx(seen.tolist())
    assert [one.value for one in told.estimates] == pytest.approx(seen.tolist(), abs=1e-6)
    for one in found.bins:
        assert one.predicted.value == pytest.approx(one.observed.value, abs=1e-6)
    assert sum(one.observed.n for one in found.bins) == 12 * 3 * 2 * 3


def test_opinions_are_drawn_on_their_scale(tmp_path: Path) -> None:
    rows = ["item_id,agent_id,round,opinion"]
    rng = np.random.default_rng(1)
    for item in range(6):
        said = rng.uniform(0, 100, 3)
        for at in range(3):
            rows += [f"q{item},a{seat},{at},{value}" for seat, value in enumerate(said)]
            said = 0.5 * said + 0.5 * said.mean()
    path = tmp_path / "opinions.csv"
    path.write_text("\n".join(rows) + "\n")
    write_run_folder(fjsim.read_log(path, opinions="bounded:0:100"), tmp_path / "imported")
    assert "Mean belief in the opinion, as a share of its scale" in report_of(tmp_path / "imported")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": 3, "warnings": 5}', "\x00"])
def test_a_file_that_is_no_fit_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "fit.json").write_text(content)
    with pytest.raises(StorageError, match="is not what fjsim fit --out writes") as caught:
        report_of(tmp_path)
    assert "\n" not in str(caught.value)


def test_words_of_a_file_stay_words(log: Path, tmp_path: Path) -> None:
    command("fit", str(log), "--model", "pooled", "--resamples", "20", "--out", str(tmp_path / "f"))
    path = tmp_path / "f" / "fit.json"
    values = json.loads(path.read_text())
    evil = "</script><script>alert(1)</script>"
    values["warnings"] = [evil]
    values["agents"][0] = values["model"] = values["paths"]["paths"][0]["of"] = evil
    path.write_text(json.dumps(values))
    page = report_of(tmp_path / "f")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
