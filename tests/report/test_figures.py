"""Figures from Python: what they hold, what they refuse, and how they are saved."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, RegularPolygon, Wedge
from typer.testing import CliRunner

import fjsim
from fjsim.cli import app
from fjsim.errors import ConfigError, ParameterError
from fjsim.report.figures import figures_of, save_figure
from fjsim.report.figures.canvas import HOSTILE, KEY, TARGET, Drawing
from fjsim.report.standing import standings
from fjsim.runs import Run, run
from fjsim.sweeps.sweep import SweepResult, run_sweep

BASE: dict[str, Any] = {
    "agents": {"kind": "numeric", "count": 4},
    "questions": {"limit": 6},
    "rounds": 2,
    "topology": "star",
}
STARTS = {"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Run:
    trust = {"kind": "fixed-trust", "level": 0.4}
    return run(BASE | {"attack": "stubborn", "defense": trust}, out=tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def swept() -> SweepResult:
    defenses = ["none", {"kind": "fixed-trust", "level": 0}, {"kind": "fixed-trust", "level": 0.5}]
    return run_sweep({"base": BASE, "attacks": ["none", "stubborn"], "defenses": defenses})


def hostile(axes: Axes) -> list[str]:
    diamonds = [one for one in axes.patches if isinstance(one, RegularPolygon)]
    return [to_hex(one.get_facecolor()) for one in diamonds]


def colours(figure: Figure) -> set[str]:
    lines = [line for axes in figure.axes for line in axes.lines]
    return {to_hex(str(line.get_color())) for line in lines}


def test_the_network_is_what_was_believed_after_the_round(played: Run) -> None:
    before, after = (played.figures.network(round=at) for at in (0, 2))
    for figure in (before, after):
        [axes] = figure.axes
        assert sum(isinstance(one, Wedge) for one in axes.patches) == 3 * 4
        assert sum(isinstance(one, FancyArrowPatch) for one in axes.patches) == 6
        assert hostile(axes) == [HOSTILE]
    spans = [[w.theta2 - w.theta1 for w in f.axes[0].patches if isinstance(w, Wedge)]
             for f in (before, after)]  # fmt: skip
    assert spans[0] != spans[1]
    assert sum(spans[1]) == pytest.approx(4 * 360)
    assert hostile(played.figures.network(arm="clean").axes[0]) == []
    with pytest.raises(ParameterError, match="rounds 0 to 2"):
        played.figures.network(round=3)


def test_each_agent_has_a_panel_with_both_arms_attacked_solid_and_clean_dashed(played: Run) -> None:
    figure = played.figures.trajectories()
    panels = [axes for axes in figure.axes if axes.lines]
    assert len(panels) == 4
    assert panels[0].get_title(loc="left").startswith("◆")
    for axes in panels:
        assert [line.get_linestyle() for line in axes.lines] == ["-", "-", "--", "--"]
        assert colours(figure) == {KEY, TARGET}


def test_takeover_shows_the_observed_number_filled_and_the_law_hollow(played: Run) -> None:
    figure = played.figures.takeover()
    [axes] = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:2] == ["takeover, observed", "takeover, law declared"]
    dots = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() == "o"}
    assert dots[0].get_xdata()[0] == pytest.approx(played.metrics["takeover_observed"].value)
    assert to_hex(str(dots[0].get_markerfacecolor())) == HOSTILE
    assert dots[1].get_markerfacecolor() == "white"
    calm = run(BASE | {"questions": {"limit": 2}})
    with pytest.raises(ParameterError, match="attacked run with a clean arm"):
        calm.figures.takeover()


def test_trust_is_the_gate_that_was_recorded(played: Run) -> None:
    figure = played.figures.trust()
    hostile = [line for line in figure.axes[0].lines if to_hex(str(line.get_color())) == HOSTILE]
    assert [round(value, 3) for value in hostile[0].get_ydata()[1:]] == [0.4, 0.4]


def test_a_sweeps_figures_hold_its_numbers(swept: SweepResult) -> None:
    ranked = standings(swept)
    board = swept.figures.leaderboard()
    names = [label.get_text() for label in board.axes[0].get_yticklabels()]
    assert names == [one.defense for one in ranked]
    words = [text.get_text() for text in swept.figures.matrix().axes[0].texts]
    assert len(words) == 3
    assert any(word.startswith(f"{ranked[0].worst.value:.2f}\n[") for word in words)
    accuracy = swept.figures.matrix("accuracy_final").axes[0].texts
    assert len(accuracy) == 6
    written = ", ".join(text.get_text() for text in swept.figures.frontier().axes[0].texts)
    assert set(written.split(", ")) == set(names)
    with pytest.raises(ParameterError, match="this sweep's tables have"):
        swept.figures.matrix("nothing")


def test_a_fits_figures_hold_its_numbers(played: Run) -> None:
    clean = played.arms["clean"]
    fit = fjsim.fit(clean, compare=True)
    panels = fit.figures.parameters().axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "stubbornness", "self weight", "influence shares"]  # fmt: skip
    seen = {float(x) for line in panels[0].lines if line.get_marker() == "o"
            for x in line.get_xdata()}  # fmt: skip
    assert {float(value) for value in fit.stubbornness} >= seen
    assert seen
    image = fit.figures.influence().axes[0].images[0].get_array()
    assert image.shape == (4, 4)
    assert len(fit.figures.observed(clean).axes) == 3
    protocols = list(dict.fromkeys(row.protocol for row in fit.comparison))
    drawn = [axes.get_title(loc="left") for axes in fit.figures.comparison().axes]
    assert drawn == protocols
    with pytest.raises(ParameterError, match="nothing was held out"):
        fjsim.fit(clean).figures.comparison()


def test_a_figure_shows_itself_in_a_notebook_and_a_dollar_is_no_formula() -> None:
    figure = run(BASE | {"attack": "stubborn", "questions": {"limit": 2}}).figures.success()
    assert isinstance(figure, Drawing)
    assert figure._repr_png_().startswith(STARTS["png"])


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_a_figure_is_saved_by_name_and_the_same_twice(
    played: Run, tmp_path: Path, kind: str
) -> None:
    paths = [tmp_path / f"{at}.{kind}" for at in (0, 1)]
    arguments = ["report", str(played.folder), "--figure", "takeover", "--save"]
    for path in paths:
        result = CliRunner().invoke(app, [*arguments, str(path)])
        assert result.exit_code == 0, result.output
    first, second = (path.read_bytes() for path in paths)
    assert first.startswith(STARTS[kind])
    assert first == second
    assert not (Path(str(played.folder)) / "report.html").exists()


def test_what_cannot_be_saved_is_one_line(played: Run, tmp_path: Path) -> None:
    drawer = played.figures
    assert figures_of(drawer) == ["network", "trajectories", "takeover", "success", "trust"]
    with pytest.raises(ConfigError, match=r"no figure 'netwrok' here; .*network"):
        save_figure(drawer, "netwrok", tmp_path / "a.pdf")
    with pytest.raises(ConfigError, match=r"saved as \.pdf, \.svg, \.png"):
        save_figure(drawer, "network", tmp_path / "a.docx")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_one_line_says_what_to_install(
    played: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.startswith("fjsim.report.figures")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[figures\]'"):
        importlib.import_module("fjsim.report.figures")
    with pytest.raises(ConfigError, match="figures need matplotlib"):
        _ = played.figures
