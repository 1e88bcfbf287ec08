"""The pages in a real browser: what a reader sees, clicks and types."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fjsim.ledger.influencers import influencers
from fjsim.records import EVENTS
from fjsim.report.html.document import INFLUENCERS
from fjsim.report.html.writing import write_cells, write_comparison, write_report
from fjsim.runs import run
from fjsim.scenario import Scenario
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.sweep import run_sweep
from studies.influencer_truths import planted

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOSTILE = (
    "</script><script>window.owned=1</script>",
    "<img src=x onerror='window.owned=1'>",
    "<svg onload='window.owned=1'>",
    "<a href='javascript:window.owned=1'>x</a>",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("FJSIM_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with api.sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium; `make test-browser` installs one, or set FJSIM_CHROMIUM")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page of each kind of run."""
    common = {"topology": "star", "attack": "stubborn", "rounds": 4}
    kinds: dict[str, dict[str, Any]] = {
        "attacked": {"agents": 6, "questions": {"limit": 12}},
        "defended": {
            "topology": "complete",
            "defense": "trust-adaptive",
            "questions": {"limit": 6},
        },
        "calm": {"attack": "none", "questions": {"limit": 4}},
        "crowd": {
            "topology": "complete",
            "agents": {"kind": "numeric", "count": 40},
            "questions": {"limit": 2},
            "rounds": 3,
        },
    }
    made = {}
    for name, changes in kinds.items():
        folder = tmp_path_factory.mktemp(name)
        run(Scenario(**(common | changes)), out=folder)
        made[name] = write_report(folder)
    return made


@pytest.fixture(params=["light"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Reader:
    """A browser tab that notes everything it must not see."""

    def __init__(self, browser: Any, scheme: str = "light", width: int = 1280) -> None:
        self.context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        self.tab = self.context.new_page()
        self.problems: list[str] = []
        self.tab.on("console", lambda message: self.problems.append(f"console: {message.text}"))
        self.tab.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.tab.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "blob:")):
            self.problems.append(f"request: {request.url}")

    def open(self, file: Path, fragment: str = "") -> Any:
        self.tab.goto(f"{file.as_uri()}{fragment}")
        self.tab.wait_for_selector("html[data-ready]", state="attached")
        return self.tab

    def shot(self, name: str, whole: bool = True) -> None:
        folder = os.environ.get("FJSIM_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.tab.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=whole)


@pytest.fixture
def reader(chromium: Any) -> Iterator[Reader]:
    made = Reader(chromium)
    yield made
    assert made.problems == []
    made.context.close()


def round_name(tab: Any) -> str:
    return str(tab.locator("#round-name").inner_text())


def openers(tab: Any) -> list[str]:
    return [str(name) for name in tab.locator("#question-rows button.open").all_inner_texts()]


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["attacked", "defended", "calm", "crowd"])
def test_every_page_opens_without_an_error_a_request_or_a_sideways_scroll(
    chromium: Any, files: dict[str, Path], kind: str, width: int, look: str
) -> None:
    made = Reader(chromium, look, width)
    tab = made.open(files[kind])
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (look == "light")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    made.shot(f"{kind}-{look}-{width}")
    tab.locator("#question-rows button.open").first.click()
    tab.wait_for_selector(".turn")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    made.shot(f"{kind}-{look}-{width}-question", whole=False)
    assert made.problems == []
    made.context.close()


def test_arrows_and_the_slider_move_the_round(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["attacked"])
    assert round_name(tab) == "round 4 of 4"
    before = tab.locator("#graph").inner_html()
    tab.keyboard.press("ArrowLeft")
    assert round_name(tab) == "round 3 of 4"
    tab.locator("#round").fill("0")
    assert round_name(tab) == "round 0 of 4"
    assert tab.locator("#graph").inner_html() != before
    tab.keyboard.press("ArrowLeft")
    assert round_name(tab) == "round 0 of 4"
    assert tab.url.endswith("round=0")


def test_agents_keep_their_place_over_all_rounds(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["attacked"])
    where = "[...document.querySelectorAll('.node')].map((one) => one.getAttribute('transform'))"
    before = tab.evaluate(where)
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate(where) == before
    assert len(set(before)) == 6


def test_play_runs_to_the_last_round_and_stops(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["attacked"])
    tab.clock.install()
    tab.locator("#play").click()
    assert round_name(tab) == "round 0 of 4"
    assert "stop" in tab.locator("#play").inner_text()
    tab.clock.run_for(1500)
    assert round_name(tab) == "round 2 of 4"
    tab.clock.run_for(5000)
    assert round_name(tab) == "round 4 of 4"
    assert "play" in tab.locator("#play").inner_text()


def test_the_graph_marks_the_adversary_in_the_attacked_arm_alone(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["attacked"])
    assert tab.locator(".node.hostile").count() == 1
    assert "hostile" in (tab.locator(".node.hostile").get_attribute("aria-label") or "")
    tab.locator("#arm-clean").click()
    assert tab.locator(".node.hostile").count() == 0
    assert tab.url.endswith("arm=clean")


def test_search_filter_and_sort_change_the_list(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["attacked"])
    everything = openers(tab)
    assert len(everything) == 12
    tab.keyboard.press("/")
    tab.keyboard.type("general-003")
    assert openers(tab) == ["general-003"]
    assert tab.locator("#question-count").inner_text() == "1 of 12 questions"
    tab.locator("#search").fill("no such words")
    assert "No question fits" in tab.locator("#question-rows").inner_text()
    tab.locator("#search").fill("")
    tab.locator("th[data-sort=flipped] button").click()
    flipped = [
        int(cell.split(" of ")[0])
        for cell in tab.locator("#question-rows td:nth-child(4)").all_inner_texts()
    ]
    assert flipped == sorted(flipped, reverse=True)
    assert tab.locator("th[data-sort=flipped]").get_attribute("aria-sort") == "ascending"
    tab.locator("th[data-sort=question] button").click()
    assert openers(tab) == everything
    tab.locator("#filter-flipped").click()
    assert openers(tab) == [name for name, n in zip(everything, _flips(tab), strict=True) if n]


def _flips(tab: Any) -> list[int]:
    lines = tab.evaluate("page.data.questions.map((line) => line.attacked.flipped)")
    return [int(number) for number in lines]


def test_a_question_opens_by_enter_and_closes_by_escape(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["attacked"])
    tab.locator("#question-rows button.open").first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".turn")
    assert tab.locator("#opened").inner_text() == "general-002"
    assert tab.evaluate("document.activeElement.id") == "opened"
    assert "#general-002,round=4" in tab.url
    assert tab.locator(".option em").all_inner_texts().count("key") == 1
    tab.keyboard.press("Escape")
    assert not tab.locator("#conversation").is_visible()


def test_both_arms_stand_side_by_side_with_every_turn(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["attacked"], "#general-001,round=2")
    assert tab.locator(".arm.attacked .turn").count() == 5 * 6
    assert tab.locator(".arm.clean .turn").count() == 5 * 6
    assert tab.locator(".arm.attacked .turn.hostile").count() == 5
    left, right = (tab.locator(f"#turn-{arm}-0-1").bounding_box() for arm in ("attacked", "clean"))
    assert abs(left["y"] - right["y"]) < 40
    assert left["x"] < right["x"]
    assert round_name(tab) == "round 2 of 4"


def test_a_letter_in_an_agents_words_has_the_letter_of_the_file_beside_it(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["attacked"], "#general-001")
    block = tab.evaluate("page.opened")
    assert block["order"] != sorted(block["order"]), "this question was shown in another order"
    hub = tab.locator("#turn-attacked-1-0")
    target = "ABCDEFGH"[block["target"]]
    assert f"[{target} here] ({block['options'][block['target']]})" in hub.text_content()
    assert hub.locator(".chip").first.text_content() == target


def test_a_click_on_a_flip_tells_what_was_heard_and_who_made_the_difference(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["attacked"])
    tab.locator("#question-rows button.move").first.click()
    tab.wait_for_selector(".why")
    words = tab.locator(".why").inner_text()
    assert "agent-0" in words
    assert "gate 1.00" in words
    assert "Without agent-0, agent-" in words
    assert "By the law with the parameters that the agents declare" in words
    reader.shot("flip-light", whole=False)
    button = tab.locator(".why").locator("xpath=ancestor::article").locator("button.flip")
    button.click()
    assert button.get_attribute("aria-expanded") == "false"


def test_a_click_on_an_agent_leaves_its_turns_alone(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["attacked"], "#general-001")
    tab.locator(".node").nth(3).click()
    assert tab.locator(".arm.attacked .turn").count() == 5
    assert tab.locator(".node.picked").count() == 1
    tab.locator(".node").nth(3).press("Enter")
    assert tab.locator(".arm.attacked .turn").count() == 5 * 6


def test_the_switch_turns_the_theme_over(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["attacked"])
    paper = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(paper) == "rgb(255, 255, 255)"
    tab.locator("#theme").click()
    assert tab.evaluate(paper) == "rgb(20, 23, 27)"
    tab.locator("#theme").click()
    assert tab.evaluate(paper) == "rgb(255, 255, 255)"


def test_every_figure_has_words_and_every_chart_its_data(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["defended"])
    figures = tab.locator("figure svg").all()
    assert len(figures) > 12
    assert all(len(one.get_attribute("aria-label") or "") > 20 for one in figures)
    assert "agent-0, hostile" in (tab.locator("#graph").get_attribute("aria-label") or "")
    tab.locator("#graph-data summary").click()
    assert tab.locator("#graph-data tbody tr").count() == 6 + 30
    tab.locator("#trajectories summary").click()
    assert tab.locator("#trajectories tbody tr").count() == 6 * 4
    tab.locator("#trust summary").click()
    assert tab.locator("#trust tbody tr").count() == 6 * 2


def test_every_control_has_a_name_and_every_head_a_scope(
    reader: Reader, files: dict[str, Path]
) -> None:
    tab = reader.open(files["attacked"], "#general-001")
    unnamed = (
        "[...document.querySelectorAll('button, input, select')].filter((one) => "
        "!one.textContent.trim() && !one.getAttribute('aria-label') && !one.hidden).length"
    )
    assert tab.evaluate(unnamed) == 0
    assert tab.evaluate("document.querySelectorAll('th:not([scope])').length") == 0


def test_tables_and_turns_leave_as_csv(
    reader: Reader, files: dict[str, Path], tmp_path: Path
) -> None:
    tab = reader.open(files["attacked"])
    with tab.expect_download() as started:
        tab.locator("#save-turns").click()
    started.value.save_as(tmp_path / "turns.csv")
    with (tmp_path / "turns.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 12 * 2 * 5 * 6
    assert {row["answer"] for row in rows} <= set("ABCDEFGH")
    with tab.expect_download() as started:
        tab.locator("#numbers button.csv").click()
    assert started.value.suggested_filename == "metrics.csv"
    started.value.save_as(tmp_path / "metrics.csv")
    written = (tmp_path / "metrics.csv").read_text(encoding="utf-8")
    assert "attack success rate" in written
    assert not set("\u00a0\u2009") & set(written)


def test_a_crowd_of_forty_is_drawn_and_counted(reader: Reader, files: dict[str, Path]) -> None:
    tab = reader.open(files["crowd"])
    assert tab.locator(".node").count() == 40
    assert "flipped" in tab.locator("#question-rows td.moves").first.inner_text()


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words_in_the_browser(
    reader: Reader, files: dict[str, Path], tmp_path: Path, words: str
) -> None:
    source = files["calm"].parent
    (tmp_path / "scenario.yaml").write_bytes((source / "scenario.yaml").read_bytes())
    events = []
    for line in (source / EVENTS).read_text().splitlines():
        event = json.loads(line)
        del event["crc"]
        if event["type"] == "turn":
            event |= {"reason": words, "text": words}
        events.append(json.dumps(event | {"v": 1}))
    (tmp_path / EVENTS).write_text("\n".join(events) + "\n")
    tab = reader.open(write_report(tmp_path), "#general-001")
    tab.locator(".turn summary").first.click()
    assert tab.locator(".turn .words").first.inner_text() == words
    assert tab.evaluate("window.owned") is None
    assert tab.locator("#conversation img, #conversation a, #conversation script").count() == 0


def test_ten_thousand_turns_open_round_by_round(
    reader: Reader, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("long")
    agents = {"kind": "numeric", "count": 50}
    run(Scenario(agents=agents, rounds=200, questions={"limit": 1}), out=folder)
    tab = reader.open(write_report(folder), "#general-001,round=0")
    assert tab.evaluate("page.opened.arms.clean.turns.length") == 201 * 50
    assert tab.locator(".turn").count() <= 400
    before = tab.locator(".turn").count()
    tab.locator("#conversation button", has_text="show rounds").click()
    assert tab.locator(".turn").count() > before


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of three defenses against two attacks, with the page of one of its runs."""
    folder = tmp_path_factory.mktemp("sweep")
    base = {"agents": {"kind": "numeric", "count": 4}, "questions": {"limit": 6}, "rounds": 2}
    levels = [{"kind": "fixed-trust", "level": level} for level in (0.4, 0)]
    attacks = ["none", "stubborn", "tamper"]
    shapes = ["star", "complete"]
    run_sweep(
        Sweep(base=base, attacks=attacks, defenses=["none", *levels], topologies=shapes), folder
    )
    write_cells(folder)
    return write_report(folder)


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_sweeps_page_opens_in_both_themes_and_widths(
    chromium: Any, sweep: Path, width: int, look: str
) -> None:
    made = Reader(chromium, look, width)
    tab = made.open(sweep)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert "holds best" in tab.locator(".verdict").inner_text()
    made.shot(f"sweep-{look}-{width}")
    tab.locator(".cell:visible").first.click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    made.shot(f"sweep-{look}-{width}-cell", whole=False)
    assert made.problems == []
    made.context.close()


def test_a_cell_opens_its_worst_questions_and_leads_to_its_run(reader: Reader, sweep: Path) -> None:
    tab = reader.open(sweep)
    cell = tab.locator(".measure:not([hidden]) .cell").first
    cell.click()
    assert cell.get_attribute("aria-expanded") == "true"
    assert tab.evaluate("document.activeElement.id") == "opened"
    assert "#setting-" in tab.url
    question = tab.locator("#setting ol a").first
    name = question.inner_text()
    assert "right agents ended wrong" in tab.locator("#setting ol li").first.inner_text()
    tab.keyboard.press("Escape")
    assert not tab.locator("#setting").is_visible()
    assert tab.evaluate("document.activeElement.classList.contains('cell')")
    tab.keyboard.press("Enter")
    question.click()
    tab.wait_for_selector("html[data-ready] .turn")
    assert tab.locator("#opened").inner_text() == name


def test_arrows_move_in_the_matrix_and_the_measure_changes_it(reader: Reader, sweep: Path) -> None:
    tab = reader.open(sweep)
    at = "Number(document.activeElement.dataset.setting)"
    tab.locator(".measure:not([hidden]) .cell").first.focus()
    first = tab.evaluate(at)
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate(at) != first
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowUp")
    assert tab.evaluate(at) == first
    attacked = tab.locator(".measure:not([hidden]) .cell").count()
    tab.locator("#measure").select_option("accuracy_final")
    assert tab.locator(".measure:not([hidden])").get_attribute("data-measure") == "accuracy_final"
    assert tab.locator(".measure:not([hidden]) .cell").count() > attacked
    reader.open(sweep, f"#setting-{first}")
    tab.wait_for_selector("#setting h3")


def test_a_sweeps_tables_sort_and_its_figures_have_words(reader: Reader, sweep: Path) -> None:
    tab = reader.open(sweep)
    cells = "table[data-csv=settings] tbody td:nth-child(5)"
    head = tab.locator("table[data-csv=settings] thead button").nth(4)
    head.click()
    values = [
        float(one.split()[0]) for one in tab.locator(cells).all_inner_texts() if one[0] != "n"
    ]
    assert values == sorted(values)
    head.click()
    assert tab.locator("table[data-csv=settings] [aria-sort=descending]").count() == 1
    figures = tab.locator("figure svg").all()
    assert len(figures) > 5
    assert all(len(one.get_attribute("aria-label") or "") > 20 for one in figures)
    unnamed = "[...document.querySelectorAll('.cell')].filter((one) => !one.ariaLabel).length"
    assert tab.evaluate(unnamed) == 0


@pytest.mark.parametrize(("look", "width"), [("light", 1280), ("dark", 390)])
def test_two_runs_side_by_side_lead_to_the_questions_that_changed(
    chromium: Any, sweep: Path, look: str, width: int
) -> None:
    cells = sweep.parent / "cells"
    one, other = (
        next(place for place in sorted(cells.iterdir()) if place.name.startswith(name))
        for name in ("star-stubborn-s", "star-stubborn-fixed")
    )
    made = Reader(chromium, look, width)
    tab = made.open(write_comparison(one, other))
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    made.shot(f"compare-{look}-{width}")
    link = tab.locator("#changed tbody a").first
    question = link.locator("xpath=ancestor::tr").locator("th").inner_text()
    link.click()
    tab.wait_for_selector("html[data-ready] .turn")
    assert tab.locator("#opened").inner_text() == question
    assert made.problems == []
    made.context.close()


@pytest.mark.parametrize(("look", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_the_page_of_influencers_fits_and_its_tables_sort_by_keyboard(
    chromium: Any, look: str, width: int, tmp_path: Path
) -> None:
    found = influencers(planted("competence", 0, 40))
    (tmp_path / INFLUENCERS).write_text(json.dumps(found.as_json()))
    reader = Reader(chromium, look, width)
    tab = reader.tab
    tab.goto(write_report(tmp_path).as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    table = tab.locator('table[data-csv="proxies"]')
    table.locator("button.head").nth(1).focus()
    tab.keyboard.press("Enter")
    cells = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
    values = [float(cell.split()[0]) for cell in cells]
    assert values == sorted(values)
    reader.shot(f"influencers-{look}-{width}")
    assert reader.problems == []
    reader.context.close()
