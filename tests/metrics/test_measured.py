"""The typed view of a run's numbers."""

import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fjsim
from fjsim.cli import main
from fjsim.errors import UnknownNameError
from fjsim.metrics import NOTHING, Measured, MetricKey, Tally, registered
from fjsim.metrics.known import markdown
from fjsim.runs import run
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]
DOCS = Path(__file__).parents[2] / "docs"
MUTED = {"kind": "fixed-trust", "level": 0.4}


@pytest.fixture(scope="module")
def finished() -> fjsim.Run:
    team = {"kind": "numeric", "count": 4}
    scenario = Scenario(
        topology="star", attack="stubborn", agents=team, questions={"limit": 6}, rounds=3
    )
    return run(scenario)


def test_arm_and_round_default_to_the_attacked_arm_and_the_last_round(finished: fjsim.Run) -> None:
    measured = finished.measured
    assert measured["takeover_observed"] == measured["takeover_observed", "attacked", 3]
    assert measured["takeover_observed"] == measured["takeover_observed", None, -1]
    assert measured["accuracy_final", "clean"] != measured["accuracy_final"]
    assert measured[MetricKey("accuracy_final", "clean")] == measured["accuracy_final", "clean"]
    assert measured["takeover_observed", "attacked", 0].value == 0


def test_a_round_is_counted_on_that_rounds_beliefs(finished: fjsim.Run) -> None:
    early = finished.measured["belief_in_target", "attacked", 1].value
    seen = finished.transcript
    held = [seen.beliefs[item, 1, 1:, target] for item, target in enumerate(seen.targets)]
    assert early == pytest.approx(np.mean(held))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("takeover", r"no metric 'takeover'; there are attack_success_rate, .*did you mean"),
        (("takeover_observed", "clean"), "it is counted on no arm but its own"),
        (("accuracy_final", "control"), "it is counted on attacked, clean"),
        (("accuracy_final", "attacked", 4), "no round 4; there are 0 to 3"),
        (("accuracy_initial", "attacked", 1), "has no rounds"),
    ],
)
def test_what_is_not_there_is_one_line_that_says_what_is(
    finished: fjsim.Run, asked: str | tuple[str, ...], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message) as caught:
        finished.measured[asked]  # type: ignore[index]
    assert "\n" not in str(caught.value)
    assert asked not in finished.measured


def test_the_mappings_are_what_json_says_and_cannot_be_changed(finished: fjsim.Run) -> None:
    plain = finished.as_dict()
    for numbers, key in ((finished.metrics, "metrics"), (finished.baseline_metrics, "baseline")):
        assert numbers is not None
        said = plain[key]
        assert isinstance(said, dict)
        assert list(numbers) == list(said)
        for name, estimate in numbers.items():
            value = said[name]["value"] if isinstance(said[name], dict) else said[name]
            assert value == estimate.value
        with pytest.raises(TypeError):
            numbers["calls"] = NOTHING  # type: ignore[index]


def test_a_number_that_a_run_does_not_have_is_null_in_json_and_nothing_here(small: Make) -> None:
    alone = run(small(baseline=False))
    assert alone.measured.as_dict()["takeover_observed"] is None
    assert alone.metrics["takeover_observed"] == NOTHING
    assert alone.metrics["takeover_observed"].text == "n/a"
    assert "takeover_observed" not in alone.measured
    assert "attack_success_rate" in alone.measured


def test_detection_needs_a_defense_and_no_baseline(small: Make) -> None:
    defended = run(small(baseline=False, defense=MUTED)).measured
    assert defended["detection_auc"].n == 4 * 4
    assert defended["detected"].value == 1
    assert run(small()).measured.as_dict()["detected"] is None


def test_run_and_sweep_report_the_same_numbers(small: Make) -> None:
    sweep = fjsim.Sweep(base=small(), attacks=["stubborn"], defenses=["none", MUTED])
    columns = set(fjsim.run_sweep(sweep).table)
    assert set(run(small()).measured.as_dict()) <= columns


def test_the_view_is_a_table_that_escapes_and_a_value_that_travels(finished: fjsim.Run) -> None:
    measured = finished.measured
    frame = measured.to_frame()
    assert len(frame) == len(measured) == len(set(measured))
    assert set(frame["arm"]) == {"attacked", "clean", ""}
    assert "<table" in measured._repr_html_()
    again = pickle.loads(pickle.dumps(measured))
    assert again["takeover_observed"] == measured["takeover_observed"]
    assert again != measured
    assert measured == measured


def test_counts_are_read_only_here_and_in_another_process() -> None:
    counted = Tally.of_items([1, 2], [2, 2], ["a", "b"])
    for one in (counted, pickle.loads(pickle.dumps(counted))):
        with pytest.raises(ValueError, match="read-only"):
            one.numerator[0] = 5


def test_what_nothing_was_counted_for_pools_to_nothing() -> None:
    assert Tally.pooled([]).estimate() == NOTHING


def test_the_table_of_the_page_is_what_the_registry_says() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert markdown(registered()) in page, "run `fjsim list metrics --markdown`"


def test_the_python_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "metrics.md").read_text(), flags=re.S)
    exec(compile(code, "metrics.md", "exec"), {})
    assert "takeover_observed" in capsys.readouterr().out


@pytest.mark.slow
def test_metrics_are_typed_for_whoever_imports_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import fjsim\n"
        "run = fjsim.run(fjsim.Scenario())\n"
        'text: str = run.metrics["attack_success_rate"].text\n'
        'value: float | None = run.measured["takeover_observed", "attacked", 3].value\n'
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(program)],
        cwd=Path(fjsim.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named mypy" in checked.stderr:
        pytest.skip("mypy is not installed")
    assert checked.returncode == 0, checked.stdout


def test_the_list_shows_metrics_in_the_order_of_tables(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["list", "metrics"])
    printed = capsys.readouterr().out
    assert printed.index("attack_success_rate") < printed.index("takeover_observed")
    assert printed.index("takeover_observed") < printed.index("accuracy_final")


def test_measured_reads_sources_of_its_own(finished: fjsim.Run) -> None:
    only = {"accuracy_final": registered()["accuracy_final"]}
    assert list(Measured(finished.measured.source, metrics=only).as_mapping()) == ["accuracy_final"]
