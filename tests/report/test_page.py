"""Pages that need nothing else, and hostile text that stays text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import pytest

from fjsim.errors import IncompleteRunWarning, StorageError
from fjsim.metrics.intervals import NOTHING, Estimate
from fjsim.questions import load_questions
from fjsim.records import EVENTS, reading
from fjsim.report.html.blocks import LONGEST_TEXT, block, unpacked
from fjsim.report.html.document import Section, document, table, text
from fjsim.report.html.figures import Curve, agreement_figure, curves_figure
from fjsim.report.html.writing import report_of, write_report
from fjsim.runs import run
from fjsim.scenario import Scenario
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.sweep import run_sweep

HOSTILE = (
    "</td></script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{constructor.constructor('alert(1)')()}}",
    "\x1b[31m\u202eevil",
    "</pre><iframe src=//evil>",
    "javascript:alert(1)",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "<!--<script>",
)


class Tags(HTMLParser):
    """Collect elements and attributes of a page, what its blocks hold, and its own scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Any] = []
        self.attributes: list[Any] = []
        self.words: list[str] = []
        self.scripts: list[Any] = []
        self.blocks: dict[str, Any] = {}
        self.links: list[Any] = []
        self._now: dict[str, Any] = {}

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]
        self._now = dict(attrs) if tag == "script" else {}
        self.links += [value for name, value in attrs if name in ("href", "xlink:href")]
        if tag == "script" and "type" not in self._now:
            self.scripts.append(self._now)

    def handle_data(self, data) -> None:
        if "type" in self._now:
            self.blocks[self._now["id"]] = unpacked(data)
            self._now = {}
        else:
            self.words.append(data)


def parsed(page):
    tags = Tags()
    tags.feed(page)
    return tags


def assert_harmless(page):
    tags = parsed(page)
    assert len(tags.scripts) == page.count("<script>") <= 2
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & set(tags.elements)
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert "src" not in tags.attributes
    assert all(link.startswith("./cells/") for link in tags.links)
    assert "\x1b" not in page
    assert "\u202e" not in page
    held = json.dumps(tags.blocks, ensure_ascii=False)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", held)
    return tags


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    scenario = Scenario(
        topology="star",
        attack="stubborn",
        agents={"kind": "numeric", "count": 4},
        questions={"limit": 3},
        rounds=2,
        events="full",
        defense={"kind": "fixed-trust", "level": 0.4},
    )
    run(scenario, out=folder)
    return folder


@pytest.fixture(scope="module")
def sweep_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    base = {"agents": {"kind": "numeric", "count": 4}, "questions": {"limit": 3}, "rounds": 2}
    defenses = ["none", {"kind": "fixed-trust", "level": 0.4}]
    label = {HOSTILE[1]: {"rounds": 1}, "plain": {"rounds": 2}}
    run_sweep(
        Sweep(base=base, attacks=["stubborn"], defenses=defenses, vary={"how long": label}), folder
    )
    return folder


def test_a_page_reads_its_log_once(run_folder, monkeypatch) -> None:
    read, whole = [], reading.read_events

    def counted(*given):
        read.append(given)
        return whole(*given)

    monkeypatch.setattr(reading, "read_events", counted)
    report_of(run_folder)
    assert len(read) == 1


def test_a_run_becomes_one_file_that_loads_nothing(run_folder) -> None:
    page = write_report(run_folder).read_text()
    assert (run_folder / "report.html").is_file()
    tags = assert_harmless(page)
    assert "Plotly" not in page
    assert '<span class="label">simulated</span>' in page
    assert "carry no arguments" in page
    words = " ".join(tags.words)
    for expected in ("attack success rate", "takeover by the law", "hostile hub of four"):
        assert expected in words
    assert [line["id"] for line in tags.blocks["overview"]["questions"]] == [
        "general-001",
        "general-002",
        "general-003",
    ]


def test_a_question_has_one_naming_its_text_and_what_was_heard(run_folder) -> None:
    asked = load_questions("builtin")[0]
    values = parsed(report_of(run_folder)).blocks["q0"]
    assert (values["text"], tuple(values["options"]), values["key"]) == (
        asked.text,
        asked.options,
        asked.key,
    )
    turns = {(t["r"], t["a"]): t for t in values["arms"]["attacked"]["turns"]}
    assert len(turns) == 3 * 4
    [heard] = turns[1, 1]["h"]
    assert heard[:4] == [0, 0, 0.4, 1.0]
    assert turns[1, 1]["o"] == turns[1, 1]["b"].index(max(turns[1, 1]["b"]))
    assert values["arms"]["clean"]["turns"]


def test_a_block_is_packed_and_read_again() -> None:
    values = {"words": "</script>\u2028 é", "numbers": [1, None, 0.5]}
    written = block("q0", values)
    assert "</script>" not in written[: -len("</script>\n")]
    assert unpacked(written.partition(">")[2].partition("<")[0]) == values
    with pytest.raises(ValueError, match="JSON compliant"):
        block("q0", [float("nan")])


def test_the_policy_allows_the_script_and_style_of_the_page_and_no_network(run_folder) -> None:
    page = report_of(run_folder)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert "default-src 'none'" in policy
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    scripts = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page, flags=re.S)
    hashes = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts}
    assert hashes == allowed
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle=|https?://(?!www\.w3\.org/2000/svg)", page)


def put_words(run_folder, folder, words):
    """Copy a run with every text of an agent replaced."""
    for path in run_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    events = []
    for line in (folder / EVENTS).read_text().splitlines():
        event = json.loads(line)
        del event["crc"]
        event["v"] = 1
        if event["type"] == "turn":
            event |= {"reason": words, "text": words, "problem": words}
        events.append(json.dumps(event))
    (folder / EVENTS).write_text("\n".join(events) + "\n")


def test_a_message_of_a_megabyte_is_cut_and_the_page_stays_small(run_folder, tmp_path) -> None:
    put_words(run_folder, tmp_path, "x<" * 500_000)
    page = report_of(tmp_path)
    [turn, *_] = assert_harmless(page).blocks["q0"]["arms"]["attacked"]["turns"]
    assert turn["w"].endswith("… [cut: 1000000 characters in the log]")
    assert len(turn["w"]) < LONGEST_TEXT + 60
    assert len(page) < 400_000


@pytest.mark.parametrize("words", HOSTILE)
def test_what_a_model_says_stays_text(run_folder, tmp_path, words) -> None:
    put_words(run_folder, tmp_path, words)
    tags = assert_harmless(report_of(tmp_path))
    [turn, *_] = tags.blocks["q0"]["arms"]["attacked"]["turns"]
    visible = re.sub(r"[\x07\x1b\u202e]", "", words)
    assert (turn["w"], turn["raw"], turn["p"]) == (visible, visible, visible)


def test_a_sweep_becomes_a_page_with_labels_escaped(sweep_folder) -> None:
    page = write_report(sweep_folder).read_text()
    assert_harmless(page)
    assert "Plotly" not in page
    assert HOSTILE[1] in "".join(parsed(page).words)
    for expected in ("Defenses, safest first", "All settings", "simulated"):
        assert expected in page


def test_a_setting_leads_to_its_runs_page_once_there_is_one(sweep_folder) -> None:
    cells = sorted((sweep_folder / "cells").iterdir())
    assert parsed(report_of(sweep_folder)).links == []
    write_report(cells[0])
    tags = parsed(report_of(sweep_folder))
    assert tags.links == [f"./cells/{cells[0].name}/report.html"]
    assert (sweep_folder / tags.links[0]).is_file()
    assert [one["page"] for one in tags.blocks["settings"] if one["page"]] == tags.links


def test_a_folder_with_neither_is_one_line(tmp_path) -> None:
    with pytest.raises(StorageError, match="holds neither a run"):
        write_report(tmp_path)


def test_the_page_of_an_unfinished_run_says_how_much_of_it_is_there(run_folder, tmp_path) -> None:
    (tmp_path / "scenario.yaml").write_bytes((run_folder / "scenario.yaml").read_bytes())
    lines = (run_folder / EVENTS).read_bytes().splitlines(keepends=True)
    ends = [at for at, line in enumerate(lines) if b'"type":"item"' in line]
    (tmp_path / EVENTS).write_bytes(b"".join(lines[: ends[3] + 1]))
    with pytest.warns(IncompleteRunWarning):
        page = report_of(tmp_path)
    assert "4 of 6 deliberations are finished" in "".join(parsed(page).words)
    (tmp_path / EVENTS).write_bytes(b"".join(lines[: ends[0]]))
    with (
        pytest.warns(IncompleteRunWarning),
        pytest.raises(StorageError, match="run it further first"),
    ):
        report_of(tmp_path)


def test_numbers_and_reasons_that_a_folder_records_stay_text(run_folder, tmp_path) -> None:
    (tmp_path / EVENTS).write_bytes((run_folder / EVENTS).read_bytes())
    (tmp_path / "scenario.yaml").write_text("topology: nowhere\nagents: 4\nrounds: 2\n")
    told = json.loads((run_folder / "metrics.json").read_text())
    told["prediction"] |= {"assumes": HOSTILE[0], "because": {"declared": HOSTILE[1]}}
    (tmp_path / "metrics.json").write_text(json.dumps(told))
    with pytest.warns(IncompleteRunWarning, match="no topology 'nowhere'"):
        page = report_of(tmp_path)
    assert_harmless(page)
    assert "its numbers are those of metrics.json" in page.lower()


def test_a_page_has_no_style_but_its_own() -> None:
    page = document("plain", False, [], [Section("a", (table(["b"], [["c"]]),))])
    assert len(page) < 60_000
    assert "unsafe-inline" not in page


def test_a_figure_shows_its_title_and_names_as_text() -> None:
    curve = Curve(HOSTILE[0], (0, 1), (NOTHING, Estimate(1, 0, 1, 1)))
    drawn = curves_figure(HOSTILE[0], [curve])
    assert parsed(drawn).elements.count("script") == 0
    assert HOSTILE[0] in "".join(parsed(drawn).words)
    assert curves_figure("", [Curve("a", (0,), (NOTHING,))]) == ""


def test_intervals_are_drawn_as_they_are() -> None:
    known = (Estimate(0.5, 0.25, 0.75, 9), Estimate(0.5, 0.25, 1.0, 9))
    drawn = agreement_figure("", {"a": known, "b": (known[0], NOTHING)})
    [circle] = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)
    across, up = re.findall(r'whisker thin" d="M([\d.]+) ([\d.]+) [HV]([\d.]+)"', drawn)
    left, right = (abs(float(end) - float(circle[0])) for end in (across[0], across[2]))
    top, bottom = (abs(float(end) - float(circle[1])) for end in (up[1], up[2]))
    assert left == pytest.approx(right, abs=0.2)
    assert top == pytest.approx(2 * bottom, abs=0.3)


def test_quotes_and_controls_are_taken_care_of() -> None:
    assert text('a"b\x00\x1b') == "a&quot;b"
    assert text(None) == ""


def test_no_script_of_the_page_writes_markup_or_asks_for_anything() -> None:
    folder = resources.files("fjsim.report.html") / "assets"
    scripts = [one for one in folder.iterdir() if one.name.endswith(".js")]
    assert len(scripts) >= 10
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|\bFunction\("
        r"|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\("
    )
    for one in scripts:
        assert forbidden.search(one.read_text(encoding="utf-8")) is None, one.name
