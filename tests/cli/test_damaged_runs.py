"""Every command on a run folder that is damaged or foreign: a result or one clear line."""

from __future__ import annotations

import copy
import json
import math
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fjsim.records import EVENTS, LogContents, read_log
from fjsim.runs import run
from fjsim.scenario import Scenario

Call = Callable[..., Any]
Event = dict[str, Any]
Lines = list[bytes]
Mutation = Callable[[Lines], Lines]

COMMAND = "run --topology star --attack stubborn --limit 2 --rounds 1 --agents 3 --out r --no-cache"
READERS = {
    "show": ["show", "r"],
    "show one": ["show", "r", "general-001"],
    "report": ["report", "r"],
    "fit": ["fit", "r", "--resamples", "20", "--no-compare"],
}
RUN = COMMAND.split()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run, made once."""
    folder = tmp_path_factory.mktemp("made") / "r"
    scenario = Scenario(
        topology="star", attack="stubborn", questions={"limit": 2}, rounds=1, agents=3
    )
    run(scenario, out=folder, cache=False)
    return folder


def event(line: bytes) -> Event:
    """Return the values of a line as the version without checksums would have written them."""
    values: Event = json.loads(line)
    del values["crc"]
    return {**values, "v": 1}


def change(kind: str, edit: Callable[[Event], object], which: int = 3) -> Mutation:
    """Edit one event of a kind."""

    def mutate(lines: Lines) -> Lines:
        at = [n for n, line in enumerate(lines) if f'"type":"{kind}"'.encode() in line]
        number = at[which % len(at)]
        values = copy.deepcopy(event(lines[number]))
        edit(values)
        lines[number] = json.dumps(values).encode() + b"\n"
        return lines

    return mutate


def put(kind: str, name: str, value: Any, which: int = 3) -> Mutation:
    return change(kind, lambda values: values.__setitem__(name, value), which)


def belief(value: Any) -> Mutation:
    return change("turn", lambda values: values.update(belief=value, stated_belief=value))


def heard(name: str, value: Any) -> Mutation:
    """Change what an agent of the last round heard."""

    def edit(values: Event) -> None:
        values["heard"][0][name] = value

    def mutate(lines: Lines) -> Lines:
        at = next(n for n, line in enumerate(lines) if b'"heard":[{' in line)
        values = event(lines[at])
        edit(values)
        lines[at] = json.dumps(values).encode() + b"\n"
        return lines

    return mutate


def cost(name: str, value: Any) -> Mutation:
    return change("turn", lambda values: values["cost"].__setitem__(name, value))


def drop(kind: str, which: slice) -> Mutation:
    """Take lines of a kind out."""

    def mutate(lines: Lines) -> Lines:
        at = [n for n, line in enumerate(lines) if f'"type":"{kind}"'.encode() in line]
        gone = set(at[which])
        return [line for n, line in enumerate(lines) if n not in gone]

    return mutate


def insert(line: bytes) -> Mutation:
    return lambda lines: [*lines[:9], line, *lines[9:]]


def cut(number: int) -> Mutation:
    def mutate(lines: Lines) -> Lines:
        lines[number] = lines[number][: len(lines[number]) // 2] + b"\n"
        return lines

    return mutate


def shuffled(lines: Lines) -> Lines:
    random.Random(0).shuffle(lines)
    return lines


def flipped(lines: Lines) -> Lines:
    """Change a digit of a belief, and leave the checksum as it was."""
    line, place = lines[12], lines[12].index(b'"belief":[0.') + len(b'"belief":[0.')
    digit = b"8" if line[place : place + 1] != b"8" else b"7"
    lines[12] = line[:place] + digit + line[place + 1 :]
    return lines


MUTATIONS: dict[str, Mutation] = {
    "nothing": lambda lines: lines,
    "agent out of range": put("turn", "agent", 77),
    "agent below zero": put("turn", "agent", -1),
    "agent as text": put("turn", "agent", "one"),
    "agent true": put("turn", "agent", True),
    "round out of range": put("turn", "round", 10**9),
    "round as text": put("turn", "round", "last"),
    "replica out of range": put("turn", "replica", 4),
    "belief too short": belief([0.5, 0.5]),
    "belief too long": belief([0.1] * 10),
    "belief empty": belief([]),
    "belief with text": belief(["0.2"] * 5),
    "belief with null": belief([None, 0.25, 0.25, 0.25, 0.25]),
    "belief beyond one": belief([5, 5, 5, 5, 5]),
    "belief not a number": belief([math.nan] * 5),
    "belief infinite": belief([math.inf, 0, 0, 0, 0]),
    "belief one text": belief("certain"),
    "stated belief alone": put("turn", "belief", None),
    "answer out of range": put("turn", "answer", 99),
    "answer as text": put("turn", "answer", "B"),
    "confidence as text": put("turn", "confidence", "high"),
    "speaker out of range": heard("speaker", 77),
    "speaker as text": heard("speaker", "hub"),
    "gate below zero": heard("gate", -5),
    "gate as text": heard("gate", "open"),
    "heard of a later round": heard("round", 2),
    "cost as text": put("turn", "cost", "free"),
    "tokens as text": cost("tokens_in", "many"),
    "tokens below zero": cost("tokens_in", -(10**6)),
    "tokens beyond counting": cost("tokens_in", 10**30),
    "model as a number": cost("model", 5),
    "half a character": put("turn", "reason", "\ud83d"),
    "unknown question": put("turn", "question", "nobody asked"),
    "unknown arm": put("turn", "arm", "third"),
    "unknown validity": put("turn", "validity", "great"),
    "unknown type": put("turn", "type", "tern"),
    "no run line": drop("run", slice(None)),
    "thin run line": lambda lines: [b'{"v":1,"type":"run"}\n', *lines[1:]],
    "run line with many rounds": put("run", "rounds", 10**8, 0),
    "run line with fewer rounds": put("run", "rounds", 0, 0),
    "run line with other agents": put("run", "agents", ["a", "b"], 0),
    "run line with other questions": put("run", "questions", ["x", "y"], 0),
    "run line with text for a graph": put("run", "influence", "star", 0),
    "run line with another graph": put("run", "influence", [[0, 0.5, 0.5]] * 3, 0),
    "key out of range": put("item", "key", 99, 0),
    "key as text": put("item", "key", "B", 0),
    "many options": put("item", "n_options", 10**8, 0),
    "weights of another shape": put("item", "weights", [[1]], 0),
    "stubbornness as text": put("item", "stubbornness", ["x"] * 3, 0),
    "order of other options": put("item", "order", [7, 7], 0),
    "item of an unknown question": put("item", "question", "nobody asked", 0),
    "empty file": lambda _: [],
    "only a run line": lambda lines: lines[:1],
    "a turn taken out": drop("turn", slice(3, 4)),
    "all turns taken out": drop("turn", slice(None)),
    "items taken out": drop("item", slice(None)),
    "duplicated": lambda lines: lines * 2,
    "shuffled": shuffled,
    "reversed": lambda lines: lines[::-1],
    "ends of lines as on Windows": lambda lines: [x[:-1] + b"\r\n" for x in lines],
    "NUL bytes": insert(b"\0" * 4096 + b"\n"),
    "NUL bytes at the end": lambda lines: [*lines, b"\0" * 4096],
    "blank line": insert(b"\n"),
    "no UTF-8": insert(b"\xff\xfe\n"),
    "line cut in the middle": cut(9),
    "run line cut": cut(0),
    "torn": lambda lines: [*lines[:-3], lines[-3][:40]],
    "half a line and another behind it": lambda lines: [*lines[:9], lines[9][:50], *lines[10:]],
    "a line of 5 MB": insert(b'{"v":1,"type":"turn","text":"' + b"x" * 5_000_000 + b'"}\n'),
    "schema as text": put("turn", "v", "two"),
    "newer schema": put("turn", "v", 99),
    "deep nesting": insert(b"[" * 100_000 + b"\n"),
    "an integer of 5000 digits": insert(b'{"v":1,"type":"turn","at":' + b"9" * 5000 + b"}\n"),
    "a digit of a belief": flipped,
    "a list": insert(b"[1]\n"),
    "session at noon": put("session", "at", "noon", 0),
    "time beyond all clocks": put("turn", "at", 1e300),
}


def damaged(finished: Path, folder: Path, mutation: Mutation) -> Path:
    shutil.copytree(finished, folder / "r")
    lines = (finished / EVENTS).read_bytes().splitlines(keepends=True)
    (folder / "r" / EVENTS).write_bytes(b"".join(mutation(lines)))
    return folder / "r"


SILENT = (
    "nothing",
    "duplicated",
    "shuffled",
    "reversed",
    "ends of lines as on Windows",
    "torn",
    "NUL bytes at the end",
    "half a character",
    "unknown type",
    "no run line",
    "empty file",
    "only a run line",
    "a turn taken out",
    "all turns taken out",
    "items taken out",
)
"""Not a damaged line: the log is whole, or lines are gone, which leaves no line to name."""
REFUSED = (
    "newer schema",
    "run line with many rounds",
    "run line with fewer rounds",
    "run line with other questions",
    "run line with another graph",
)
"""Says itself that it is of another run or another version."""


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_damaged_run_is_shown_or_refused_in_one_line_and_brought_back(
    finished: Path, fjsim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name not in SILENT:
        # The ledger takes most of a fit's time, and lines that are skipped are no news to it.
        monkeypatch.setattr("fjsim.cli.fit._ledger", lambda *_: None)
    folder = damaged(finished, tmp_path, MUTATIONS[name])
    before = (folder / EVENTS).read_bytes()
    for command, arguments in READERS.items():
        printed = fjsim(*arguments)
        assert printed.code in (0, 2, 5), (command, printed.err)
        assert printed.err.count("error: ") == (printed.code != 0), (command, printed.err)
        assert (folder / EVENTS).read_bytes() == before
    printed = fjsim(*RUN)
    if name in REFUSED:
        assert printed.code in (2, 5)
        assert len(printed.error) < 400
        assert (folder / EVENTS).read_bytes() == before
        return
    assert printed.code == 0, printed.err
    assert ("damaged line" in printed.err) == (name not in SILENT), printed.err
    whole, again = read_log(finished / EVENTS), read_log(folder / EVENTS)
    assert essence(again) == essence(whole)


def essence(contents: LogContents) -> set[tuple[Any, ...]]:
    return {turn.essence() for turn in contents.turns.values()}


@pytest.mark.filterwarnings("default")
def test_a_run_cut_before_its_agents_comes_back_where_the_log_knows_it(
    finished: Path, fjsim: Call, tmp_path: Path
) -> None:
    folder = damaged(finished, tmp_path, MUTATIONS["nothing"])
    scenario = folder / "scenario.yaml"
    whole = scenario.read_text()
    for text in (whole[: whole.index("agents:")], whole[: whole.index("agents:") + 30], ""):
        scenario.write_text(text)
        for command in ("show", "show one", "report", "fit"):
            assert fjsim(*READERS[command]).code == 0
        other = [*RUN, "--set", "attack.certainty=0.5"]
        printed = fjsim(*other)
        assert printed.code == 5
        assert "scenario.yaml is missing or cut off, and not this one" in printed.error
        assert fjsim(*RUN).code == 0
        assert scenario.read_text().startswith(whole[: whole.index("versions:")])
    scenario.unlink()
    assert fjsim(*RUN).code == 0


def test_a_run_folder_whose_log_is_a_link_is_neither_written_nor_read(
    finished: Path, fjsim: Call, tmp_path: Path
) -> None:
    folder = damaged(finished, tmp_path, MUTATIONS["nothing"])
    (tmp_path / "diary").write_text("one line without its end")
    (folder / EVENTS).unlink()
    (folder / EVENTS).symlink_to(tmp_path / "diary")
    for arguments in (RUN, *READERS.values()):
        printed = fjsim(*arguments)
        assert printed.code == 5
        assert "is a link, which is not followed" in printed.error
    assert (tmp_path / "diary").read_text() == "one line without its end"


def test_no_file_of_a_run_folder_is_written_through_a_link(
    finished: Path, fjsim: Call, tmp_path: Path
) -> None:
    folder = damaged(finished, tmp_path, MUTATIONS["nothing"])
    (tmp_path / "diary").write_text("mine")
    names = ("metrics.json", "turns.csv", "turns.parquet", "report.html", "fit.json")
    for name in names:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(tmp_path / "diary")
    assert fjsim(*RUN).code == 0
    assert fjsim(*READERS["report"]).code == 0
    assert fjsim(*READERS["fit"], "--out", "r").code == 0
    assert (tmp_path / "diary").read_text() == "mine"
