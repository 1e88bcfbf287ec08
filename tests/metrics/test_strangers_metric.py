"""A metric of twenty lines from outside the package is shown wherever ours are."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console, Group, RenderableType

import fjsim
from fjsim import registry
from fjsim.cli import main
from fjsim.errors import PluginError
from fjsim.metrics import registered
from fjsim.metrics.known import markdown
from fjsim.registry import Entry
from fjsim.report.html.writing import report_of
from fjsim.report.terminal.run import run_table
from fjsim.report.terminal.sweep import settings_lines
from fjsim.scenario import Scenario
from fjsim.sweeps.sweep import run_sweep

Make = Callable[..., Scenario]
SOURCE = Path(__file__).parents[1] / "sample_plugin" / "src" / "fjsim_sample" / "steadfast.py"
LABEL = "kept its answer"


def printed(table: RenderableType) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


@pytest.fixture
def sweep(small: Make) -> fjsim.Sweep:
    return fjsim.Sweep(
        base=small(), attacks=["stubborn"], defenses=["none", {"kind": "fixed-trust", "level": 0.0}]
    )


def test_it_is_written_in_twenty_lines_and_two_imports() -> None:
    lines = SOURCE.read_text().splitlines()
    assert len(lines) <= 20
    assert sum(line.startswith("from fjsim") for line in lines) == 2


def test_a_run_shows_it_in_table_json_frame_and_page(
    small: Make, tmp_path: Path, strangers_metric: Entry
) -> None:
    finished = fjsim.run(small(), out=tmp_path)
    assert f"{LABEL} ↑" in printed(run_table(finished))
    saved = json.loads((tmp_path / "metrics.json").read_text())
    assert saved["metrics"]["steadfast"]["n"] > 0
    assert saved["baseline"]["steadfast"]["value"] > saved["metrics"]["steadfast"]["value"]
    assert "steadfast" in set(finished.frames["metrics"].metric)
    assert finished.measured["steadfast", "clean", 0].value == 1
    page = report_of(tmp_path)
    assert f">{LABEL} ↑</th>" in page
    assert f"<figcaption>{LABEL} ↑</figcaption>" in page


def test_a_sweep_shows_it_in_table_leaderboard_and_page(
    sweep: fjsim.Sweep, tmp_path: Path, strangers_metric: Entry
) -> None:
    result = run_sweep(sweep, tmp_path)
    assert result.table[["steadfast_low", "steadfast_high"]].notna().all(axis=None)
    assert result.table.attrs["direction"]["steadfast"] == "higher is better"
    known = result.table.set_index("defense")["steadfast"]
    ranked = result.leaderboard.set_index("defense")["steadfast_lowest"]
    assert ranked.to_dict() == known.to_dict()
    assert f"{LABEL} ↑" in printed(Group(*settings_lines(result.table, simulated=True)))
    page = report_of(tmp_path)
    assert f'<th scope="col">{LABEL} ↑</th>' in page
    assert f'<th scope="col">worst {LABEL} ↑</th>' in page
    assert f"By round: {LABEL} ↑" in page


def register_crooked(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a stranger's metric of this body for one test."""
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    source = (
        "from fjsim.metrics import ArmMetric, tally\nfrom fjsim.registry import register\n"
        f'@register("metric", "crooked")\nclass Crooked(ArmMetric):\n    {body}\n'
    )
    exec(source, {"__name__": "strangers.crooked"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('label = "a"\n    def count(self, arm, number=-1): return 1 / 0', "ZeroDivisionError"),
        (
            'label = "a"\n    def count(self, arm, number=-1):\n'
            "        return tally(arm, arm.beliefs[:, -1, :, 0] * float('nan'), arm.valid[:, -1])",
            "numerator holds NaN or infinity",
        ),
        (
            'label = "a"\n    def count(self, arm, number=-1):\n'
            "        return tally(arm, arm.valid[:, -1], -1.0 * arm.valid[:, -1])",
            "denominator is below 0",
        ),
    ],
)
def test_one_that_does_not_work_is_named_in_one_line_and_loses_nothing(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    register_crooked(body, monkeypatch)
    with pytest.raises(PluginError, match="metric 'crooked' of package strangers") as caught:
        fjsim.run(small(), out=tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    del registry._entries["metric", "crooked"]
    turns = (tmp_path / "events.jsonl").read_text().count('"type":"turn"')
    assert fjsim.run(small(), out=tmp_path).metrics["missing_turns"].value == 0
    assert (tmp_path / "events.jsonl").read_text().count('"type":"turn"') == turns


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def count(self, arm, number=-1): return None", "needs a label, and a direction"),
        ('label = "a"', "cannot be made: Can't instantiate abstract class"),
        (
            'label = "a"; direction = "up"\n    def count(self, arm, number=-1): return None',
            "a direction out of lower is safer, higher is better, neither",
        ),
    ],
)
def test_one_that_cannot_be_made_stops_a_run_before_anybody_is_asked(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    register_crooked(body, monkeypatch)
    with pytest.raises(PluginError, match=message):
        fjsim.run(small(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_list_and_the_table_of_the_docs_hold_it_at_their_end(
    strangers_metric: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert markdown(registered()).splitlines()[-1].startswith(f"| `steadfast` | {LABEL} ↑ | share")
    with pytest.raises(SystemExit):
        main(["list", "metrics", "--json"])
    (found,) = (m for m in json.loads(capsys.readouterr().out)["metrics"] if m["third_party"])
    assert (found["name"], found["package"]) == ("steadfast", "fjsim_sample")
    assert found["direction"] == "higher is better"
