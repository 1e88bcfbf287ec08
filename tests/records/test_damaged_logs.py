"""What a log says is believed only as far as it can be, line by line."""

from __future__ import annotations

import json
import math
import random
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fjsim
from fjsim.errors import DamagedLogWarning, StorageError
from fjsim.records import (
    EVENTS,
    ItemEnd,
    LogContents,
    RunHeader,
    load_transcript,
    read_log,
    read_run,
)
from fjsim.records.lines import SCHEMA, line_of
from fjsim.runs import run
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]
Event = dict[str, Any]

HEADER: Event = {
    "rounds": 2,
    "agents": ["a", "b", "c"],
    "seats": [0],
    "influence": [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]],
    "questions": ["q", "r"],
    "options": [2, 3],
    "arms": ["attacked", "clean"],
    "replicas": 2,
    "residual": "self",
    "peers_read": "belief",
}
PLACE: Event = {"arm": "clean", "question": "q", "replica": 0}
TURN: Event = {
    **PLACE,
    "round": 1,
    "agent": 2,
    "validity": "ok",
    "answer": 1,
    "belief": [0.25, 0.75],
    "stated_belief": [0.25, 0.75],
    "confidence": 0.5,
    "mass": 0.9,
    "text": "so",
    "reason": "",
    "heard": [{"speaker": 0, "round": 0, "gate": 0.5, "weight": 0.5, "tampered": True}],
    "cost": {"model": "m", "tokens_in": 3, "calls": 1, "attempts": 1, "latency": 0.5},
    "at": 5.0,
}
PROBE: Event = {**PLACE, "agent": 1, "perceived": {"0": 0.5}, "cost": {}}
ITEM: Event = {
    **PLACE,
    "key": 1,
    "n_options": 2,
    "target": 0,
    "weights": HEADER["influence"],
    "stubbornness": [0.1, 0.2, 0.3],
    "self_weight": [0.1, 0.2, 0.3],
    "order": [1, 0],
}
KINDS = {"run": HEADER, "turn": TURN, "probe": PROBE, "item": ITEM}


def unchecked(kind: str, event: Event) -> bytes:
    """Return a line as a version without checksums, or a forger, would write it."""
    return json.dumps({"v": 1, "type": kind, **event}).encode() + b"\n"


def read(folder: Path, *lines: bytes) -> LogContents:
    (folder / EVENTS).write_bytes(b"".join(lines))
    return read_log(folder / EVENTS)


def holds(contents: LogContents, kind: str) -> bool:
    kept = {"turn": contents.turns, "probe": contents.probes, "item": contents.items}
    return bool(kept[kind])


@pytest.mark.parametrize("kind", ["turn", "probe", "item"])
@pytest.mark.parametrize("header", [HEADER, {k: v for k, v in HEADER.items() if k != "options"}])
def test_a_line_that_can_be_is_believed(tmp_path: Path, kind: str, header: Event) -> None:
    for line in (line_of, unchecked):
        contents = read(tmp_path, line("run", header), line(kind, KINDS[kind]))
        assert holds(contents, kind)
        assert contents.damaged == []


WRONG: list[tuple[str, Event, str]] = [
    ("turn", {"agent": 3}, "agent is 3, outside 0..2"),
    ("turn", {"agent": -1}, "agent is -1, outside 0..2"),
    ("turn", {"agent": "1"}, "agent is '1', not an integer"),
    ("turn", {"agent": True}, "agent is True, not an integer"),
    ("turn", {"agent": 1.0}, "agent is 1.0, not an integer"),
    ("turn", {"round": 3}, "round is 3, outside 0..2"),
    ("turn", {"round": "one"}, "not an integer"),
    ("turn", {"replica": 2}, "replica is 2, outside 0..1"),
    ("turn", {"replica": None}, "replica is None, not an integer"),
    ("turn", {"arm": "third"}, "arm 'third' is not of this run"),
    ("turn", {"arm": ["clean"]}, "wrong kind"),
    ("turn", {"question": "s"}, "question 's' is not of this run"),
    ("turn", {"question": 7}, "wrong kind"),
    ("turn", {"validity": "odd"}, "'odd' is missing or unknown"),
    ("turn", {"answer": 2}, "answer is 2, outside 0..1"),
    ("turn", {"answer": "B"}, "answer is 'B', not an integer"),
    ("turn", {"belief": [0.2, 0.3, 0.5]}, "a belief over 3 options, and there are 2"),
    ("turn", {"belief": []}, "a belief over 0 options"),
    ("turn", {"belief": [5, 5]}, "no probability for each option"),
    ("turn", {"belief": [-0.5, 1.5]}, "no probability for each option"),
    ("turn", {"belief": [math.nan, 1.0]}, "no probability for each option"),
    ("turn", {"belief": [math.inf, -math.inf]}, "no probability for each option"),
    ("turn", {"belief": [10**400, 1]}, "no probability for each option"),
    ("turn", {"belief": ["0.5", "0.5"]}, "no probability for each option"),
    ("turn", {"belief": [None, 1.0]}, "no probability for each option"),
    ("turn", {"belief": [True, False]}, "no probability for each option"),
    ("turn", {"belief": "ab"}, "no probability for each option"),
    ("turn", {"belief": 0.5}, "wrong kind"),
    ("turn", {"belief": None}, "only one of belief and stated_belief"),
    ("turn", {"stated_belief": None}, "only one of belief and stated_belief"),
    ("turn", {"stated_belief": [0.7, 0.7]}, "no probability for each option"),
    ("turn", {"confidence": 1.5}, "confidence is 1.5"),
    ("turn", {"confidence": "high"}, "confidence is 'high'"),
    ("turn", {"mass": -1}, "mass is -1"),
    ("turn", {"text": 3}, "is not text"),
    ("turn", {"reason": None}, "is not text"),
    ("turn", {"problem": ["x"]}, "is not text"),
    ("turn", {"prompt_hash": 1}, "is not text"),
    ("turn", {"shared": 1}, "neither true nor false"),
    ("turn", {"at": "noon"}, "at is 'noon', not a time"),
    ("turn", {"at": -1}, "at is -1, not a time"),
    ("turn", {"at": 1e300}, "not a time"),
    ("turn", {"heard": [{"speaker": 3, "round": 0}]}, "speaker is 3, outside 0..2"),
    ("turn", {"heard": [{"speaker": "x", "round": 0}]}, "speaker is 'x'"),
    ("turn", {"heard": [{"speaker": 0, "round": 2}]}, "round of a message is 2, outside 0..1"),
    ("turn", {"heard": [{"speaker": 0, "round": 0, "gate": -5}]}, "gate is -5"),
    ("turn", {"heard": [{"speaker": 0, "round": 0, "gate": 1.5}]}, "gate is 1.5"),
    ("turn", {"heard": [{"speaker": 0, "round": 0, "weight": -1}]}, "weight is -1"),
    ("turn", {"heard": [{"speaker": 0, "round": 0, "weight": 1e999}]}, "weight is inf"),
    ("turn", {"heard": [{"speaker": 0, "round": 0, "tampered": 1}]}, "tampered is neither"),
    ("turn", {"heard": [{"speaker": [0], "round": 0}]}, "speaker is [0]"),
    ("turn", {"heard": [{"round": 0}]}, "wrong kind"),
    ("turn", {"heard": ["speaker"]}, "wrong kind"),
    ("turn", {"heard": 7}, "wrong kind"),
    ("turn", {"cost": {"tokens_in": -5}}, "not counts"),
    ("turn", {"cost": {"tokens_in": "5"}}, "not counts"),
    ("turn", {"cost": {"calls": 10**30}}, "not counts"),
    ("turn", {"cost": {"attempts": True}}, "not counts"),
    ("turn", {"cost": {"latency": -1}}, "latency is -1"),
    ("turn", {"cost": {"model": 3}}, "model or finish_reason is not text"),
    ("turn", {"cost": "free"}, "wrong kind"),
    ("item", {"n_options": 10**8}, "n_options is 100000000, outside 1..26"),
    ("item", {"n_options": 3, "order": None}, "n_options is 3, and there are 2"),
    ("item", {"n_options": "2"}, "not an integer"),
    ("item", {"key": 99}, "key is 99, outside 0..1"),
    ("item", {"target": -1}, "target is -1"),
    ("item", {"warmup": 1}, "warmup is neither"),
    ("item", {"weights": [[1]]}, "weights is not 3 rows of 3 numbers"),
    ("item", {"weights": [["0"] * 3] * 3}, "weights is not 3 rows of 3 numbers"),
    ("item", {"weights": [[9.0] * 3] * 3}, "weights has a row that is no row of shares"),
    ("item", {"persuasion": [[1.0] * 3] * 2}, "persuasion has 2 rows, not 3"),
    ("item", {"persuasion": [[1.0] * 2] * 3}, "persuasion has a row of 2 numbers, not 3"),
    ("item", {"persuasion": [[0.0] * 3] * 3}, "persuasion holds 0.0, not a finite number > 0"),
    ("item", {"persuasion": [["2"] * 3] * 3}, "persuasion holds '2', not a finite number > 0"),
    ("item", {"persuasion": [[1e300] * 3] * 3}, "persuasion holds 1e+300, not a finite number"),
    ("item", {"stubbornness": [0.1]}, "stubbornness has 1 entries, not 3"),
    ("item", {"self_weight": [0.1, 0.2, "x"]}, "self_weight is 'x'"),
    ("item", {"order": [0, 0]}, "order is no order"),
    ("item", {"arm": "third"}, "arm 'third'"),
    ("item", {"question": {}}, "wrong kind"),
    ("probe", {"agent": 9}, "agent is 9"),
    ("probe", {"perceived": {"9": 0.5}}, "speaker is 9"),
    ("probe", {"perceived": {"x": 0.5}}, "wrong kind"),
    ("probe", {"perceived": {"0": 7}}, "perceived is 7"),
    ("probe", {"perceived": [1]}, "wrong kind"),
    ("probe", {"problem": 1}, "problem is not text"),
]


@pytest.mark.parametrize(("kind", "changes", "problem"), WRONG)
def test_a_line_with_a_value_that_cannot_be_is_skipped_and_named(
    tmp_path: Path, kind: str, changes: Event, problem: str
) -> None:
    header = line_of("run", HEADER)
    for line in (line_of, unchecked):
        contents = read(tmp_path, header, line(kind, {**KINDS[kind], **changes}))
        assert not holds(contents, kind)
        ((number, described),) = contents.damaged
        assert number == 2
        # What orjson writes of NaN and infinity is null, which is no number either.
        assert problem in described or (line is line_of and "None" in described)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rounds": "two"}, "rounds is 'two'"),
        ({"rounds": -1}, "rounds is -1"),
        ({"agents": []}, "agents is not a list of different texts"),
        ({"agents": ["a", "a", "b"]}, "agents is not a list of different texts"),
        ({"seats": [9]}, "seat is 9"),
        ({"seats": None}, "seats is None, not a list"),
        ({"influence": [[1.0]]}, "influence is not 3 rows of 3 numbers"),
        ({"influence": "full"}, "influence is not 3 rows of 3 numbers"),
        ({"influence": [[0.0, math.nan, 0.5]] * 3}, "influence"),
        ({"questions": ["q", 7]}, "questions is not a list of different texts"),
        ({"options": [2]}, "1 numbers of options, 2 questions"),
        ({"options": [2, 0]}, "options is 0"),
        ({"arms": ["third"]}, "arms are not attacked and clean"),
        ({"replicas": 1.5}, "replicas is 1.5"),
        ({"residual": "none"}, "no word of ours"),
        ({"imported": "yes"}, "imported is neither"),
        ({"abstention": "C"}, "abstention is 'C'"),
        ({"control": 5}, "control is 5"),
    ],
)
def test_a_run_line_that_cannot_be_is_no_header(
    tmp_path: Path, changes: Event, problem: str
) -> None:
    contents = read(tmp_path, unchecked("run", {**HEADER, **changes}), line_of("turn", TURN))
    assert contents.header is None
    assert problem in contents.damaged[0].problem
    with pytest.raises(StorageError, match=r"no line of it says what run it holds \(1 damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{broken\n", "not JSON"),
        (b"\n", "blank"),
        (b"\0" * 100 + b"\n", "not JSON"),
        (b"[1]\n", "not a JSON object"),
        (b"7\n", "not a JSON object"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b'{"v":1,"type":"turn","agent":' + b"9" * 5000 + b"}\n", "missing"),
        (b'{"type":"turn"}\n', "not an event"),
        (b'{"v":1}\n', "not an event"),
        (b'{"v":"1","type":"turn"}\n', "not an event"),
        (b'{"v":1,"type":["turn"]}\n', "not an event"),
        (b'{"v":1,"type":"turn"}\n', "'round' is missing"),
        (b'{"v":1,"type":"session","at":"noon"}\n', "not a time"),
        (line_of("turn", TURN)[:60] + line_of("end", {"at": 6.0}), "not JSON"),
    ],
)
def test_what_is_no_event_is_skipped_and_the_rest_believed(
    tmp_path: Path, line: bytes, problem: str
) -> None:
    after = line_of("turn", {**TURN, "agent": 0})
    contents = read(tmp_path, line_of("run", HEADER), line_of("turn", TURN), line, after)
    assert [key.agent for key in contents.turns] == [2, 0]
    ((number, described),) = contents.damaged
    assert number == 3
    assert problem in described


def test_only_the_first_damaged_lines_are_named_and_all_are_counted(tmp_path: Path) -> None:
    contents = read(tmp_path, line_of("run", HEADER), *[b"{\n"] * 1000)
    described = contents.described_damage()
    assert described.startswith("1000 damaged lines are skipped: line 2 (not JSON), line 3 (")
    assert described.endswith("line 6 (not JSON) and 995 more")
    with pytest.warns(DamagedLogWarning, match="1000 damaged lines"):
        read_run(tmp_path)


def test_what_a_damaged_line_says_cannot_reach_the_terminal(tmp_path: Path) -> None:
    nasty = "\x1b[31m\u202e" + "x" * 1000 + "\n"
    for name in ("question", "validity", "arm", "agent", "answer", "at"):
        turn = unchecked("turn", {**TURN, name: nasty})
        described = read(tmp_path, line_of("run", HEADER), turn).described_damage()
        assert described.isprintable()
        assert len(described) < 200


def test_a_line_that_changed_and_is_json_all_the_same_is_found(tmp_path: Path) -> None:
    line = line_of("turn", TURN)
    for old, new in ((b"0.25,0.75", b"0.75,0.25"), (b'"so"', b'"no"'), (b'"m"', b'"n"')):
        assert old in line
        contents = read(tmp_path, line_of("run", HEADER), line.replace(old, new))
        assert not contents.turns
        assert (
            contents.damaged[0].problem == "changed after it was written: its checksum does not fit"
        )
    contents = read(
        tmp_path, line_of("run", {**HEADER, "rounds": 1}).replace(b'"rounds":1', b'"rounds":2')
    )
    assert contents.header is None


def test_a_line_without_its_checksum_is_damaged_unless_it_is_of_a_version_that_had_none(
    tmp_path: Path,
) -> None:
    line = line_of("turn", TURN)
    bare = line[: line.rindex(b',"crc"')].replace(b"0.25,0.75", b"0.75,0.25") + b"}\n"
    contents = read(tmp_path, line_of("run", HEADER), bare)
    assert contents.damaged == [(2, "its checksum is missing")]
    contents = read(tmp_path, line_of("run", HEADER), bare.replace(b'"v":2', b'"v":1'))
    assert [turn.belief for turn in contents.turns.values()] == [(0.75, 0.25)]


def test_keys_of_a_newer_minor_version_are_ignored(tmp_path: Path) -> None:
    newer = {"shade": {"deep": [1, [2]]}}
    heard = [{**TURN["heard"][0], "by_option": [0.5, 0.5]}]
    turn = {**TURN, **newer, "heard": heard, "cost": {**TURN["cost"], **newer}}
    lines = [
        line_of("run", {**HEADER, **newer}),
        line_of("turn", turn),
        line_of("item", {**ITEM, **newer}),
        line_of("probe", {**PROBE, **newer}),
        line_of("weather", newer),
    ]
    contents = read(tmp_path, *lines)
    assert contents.damaged == []
    plain = read(tmp_path, *[line_of(kind, event) for kind, event in KINDS.items()])
    assert (contents.turns, contents.items) == (plain.turns, plain.items)
    assert contents.probes == plain.probes


def test_a_newer_schema_is_refused_and_a_wrong_one_is_a_damaged_line(tmp_path: Path) -> None:
    newer = line_of("turn", TURN).replace(b'"v":2', b'"v":3')
    with pytest.raises(StorageError, match="written with schema 3, this fjsim reads up to 2"):
        read(tmp_path, line_of("run", HEADER), newer[: newer.rindex(b',"crc"')] + b"}\n")
    assert SCHEMA == 2


def test_a_turn_that_stands_twice_is_read_once_and_otherwise_named(tmp_path: Path) -> None:
    lines = [line_of("run", HEADER), line_of("turn", TURN), line_of("turn", TURN)]
    contents = read(tmp_path, *lines)
    assert (len(contents.turns), contents.damaged) == (1, [])
    other = line_of("turn", {**TURN, "answer": 0})
    contents = read(tmp_path, *lines, other)
    assert [turn.answer for turn in contents.turns.values()] == [1]
    assert contents.damaged == [(4, "another line of the same turn says otherwise")]


def test_lines_may_stand_in_any_order_and_end_as_windows_ends_them(tmp_path: Path) -> None:
    grown = {**HEADER, "questions": ["q", "r", "s"], "options": [2, 3, 2], "replicas": 3}
    late = {**TURN, "question": "s", "replica": 2}
    lines = [
        line_of("run", HEADER),
        *[line_of("turn", {**TURN, "agent": agent}) for agent in range(3)],
        line_of("item", ITEM),
        line_of("run", grown),
        line_of("turn", late),
    ]
    whole = read(tmp_path, *lines)
    assert (len(whole.turns), whole.damaged) == (4, [])
    rng = random.Random(0)
    for _ in range(20):
        rng.shuffle(lines)
        shuffled = read(tmp_path, *lines)
        assert shuffled.header == whole.header
        assert (shuffled.turns, shuffled.items) == (whole.turns, whole.items)
        assert shuffled.damaged == []
    windows = read(tmp_path, *[line.replace(b"\n", b"\r\n") for line in lines])
    assert (windows.turns, windows.damaged) == (whole.turns, [])


def test_run_lines_that_disagree_are_named_and_the_first_is_believed(tmp_path: Path) -> None:
    for changes, word in (({"rounds": 9}, "rounds"), ({"questions": ["x", "r"]}, "questions")):
        contents = read(tmp_path, line_of("run", HEADER), line_of("run", {**HEADER, **changes}))
        assert contents.known_header.rounds == 2
        assert contents.damaged[0].number == 2
        assert word in contents.damaged[0].problem


def test_without_numbers_of_options_in_the_header_most_lines_decide(tmp_path: Path) -> None:
    old = {
        key: value for key, value in HEADER.items() if key not in ("options", "arms", "replicas")
    }
    thirds = [0.25, 0.25, 0.5]
    lines = [
        unchecked("run", old),
        *[unchecked("turn", {**TURN, "agent": agent}) for agent in (0, 1)],
        unchecked("turn", {**TURN, "belief": thirds, "stated_belief": thirds}),
        unchecked("turn", {**TURN, "replica": 1, "answer": 4}),
        unchecked("item", {**ITEM, "n_options": 3, "order": None}),
        unchecked("item", {**ITEM, "replica": 1}),
    ]
    contents = read(tmp_path, *lines)
    assert [key.agent for key in contents.turns] == [0, 1]
    assert list(contents.items) == [("clean", "q", 1)]
    assert [number for number, _ in contents.damaged] == [4, 5, 6]


def test_a_log_that_asks_for_more_memory_than_it_could_fill_is_refused(tmp_path: Path) -> None:
    header = {**HEADER, "rounds": 10**8}
    read(tmp_path, line_of("run", header), line_of("turn", TURN), line_of("item", ITEM))
    with pytest.raises(StorageError, match=r"3 agents x 2 options, .* GiB, and holds 1 turns"):
        load_transcript(tmp_path)


def test_beliefs_of_an_imported_log_may_be_padded_and_rounded(tmp_path: Path) -> None:
    header = {**HEADER, "imported": True}
    del header["options"]
    padded = {**TURN, "belief": [0.33, 0.66, None], "stated_belief": [0.33, 0.66, None]}
    end = {**PLACE, "key": None, "n_options": 3}
    contents = read(
        tmp_path, unchecked("run", header), unchecked("turn", padded), unchecked("item", end)
    )
    assert contents.damaged == []
    assert math.isnan(load_transcript(tmp_path).beliefs[0, 1, 2, 2])


def test_a_finished_item_that_lacks_turns_is_open_again() -> None:
    end = ItemEnd("clean", "q", 0, 1, 2)
    header = RunHeader.from_dict(HEADER)
    contents = LogContents(header=header, items={end.identity: end})
    assert contents.turns_lacking(header) == {end.identity: 9}
    assert contents.turns_lacking(replace(header, imported=True)) == {}
    contents.reopen(header)
    assert contents.items == {}


def damage(folder: Path, change: Callable[[bytes], bytes], *numbers: int) -> None:
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    for number in numbers:
        lines[number - 1] = change(lines[number - 1])
    (folder / EVENTS).write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    "change",
    [
        lambda line: b"\0" * (len(line) - 1) + b"\n",
        lambda line: b"\n",
        lambda line: line[: len(line) // 2] + b"\n",
        lambda line: line.replace(b'"ok"', b'"no"'),
        lambda line: line.replace(b'"answer":', b'"answer":1'),
    ],
)
def test_a_damaged_turn_is_asked_again_when_the_run_is_resumed(
    tmp_path: Path, small: Make, change: Callable[[bytes], bytes]
) -> None:
    whole = run(small(), out=tmp_path)
    turns = [
        number
        for number, line in enumerate((tmp_path / EVENTS).read_bytes().splitlines(), start=1)
        if b'"type":"turn"' in line
    ]
    damage(tmp_path, change, turns[7], turns[40])
    with pytest.warns(DamagedLogWarning, match="finished questions lack 2 turns"):
        assert load_transcript(tmp_path, "attacked").n_items == 4
    before = (tmp_path / EVENTS).read_bytes()
    with pytest.warns(DamagedLogWarning, match=f"2 damaged lines are skipped: line {turns[7]} "):
        resumed = run(small(), out=tmp_path)
    added = (tmp_path / EVENTS).read_bytes().removeprefix(before)
    assert added.count(b'"type":"turn"') == 2
    assert essence(resumed) == essence(whole)
    with pytest.warns(DamagedLogWarning, match="no finished question lacks a turn"):
        load_transcript(tmp_path)


def essence(finished: fjsim.Run) -> set[tuple[object, ...]]:
    return {turn.essence() for turn in finished.contents.turns.values()}


def test_a_damaged_run_line_is_written_anew_by_the_same_command(
    tmp_path: Path, small: Make
) -> None:
    whole = run(small(), out=tmp_path)
    damage(tmp_path, lambda line: line[:50] + b"\n", 1)
    with pytest.raises(
        StorageError, match=r"no line of it says what run it holds .*line 1 .not JSON"
    ):
        load_transcript(tmp_path)
    with pytest.warns(DamagedLogWarning, match="1 damaged line is skipped: line 1"):
        assert essence(run(small(), out=tmp_path)) == essence(whole)
    with pytest.warns(DamagedLogWarning):
        load_transcript(tmp_path)


def test_a_damaged_run_line_hides_no_turn_that_is_gone(tmp_path: Path, small: Make) -> None:
    whole = run(small(), out=tmp_path)
    damage(tmp_path, lambda _: b"\n", 1, 10)
    with pytest.warns(DamagedLogWarning, match="2 damaged lines are skipped"):
        assert essence(run(small(), out=tmp_path)) == essence(whole)


def test_the_log_of_another_run_is_not_taken_for_this_one(tmp_path: Path, small: Make) -> None:
    run(small(), out=tmp_path / "one")
    run(small(rounds=2), out=tmp_path / "two")
    log = (tmp_path / "two" / EVENTS).read_bytes()
    (tmp_path / "one" / EVENTS).write_bytes(log)
    with pytest.raises(StorageError, match="line 1: its rounds is not that of this run"):
        run(small(), out=tmp_path / "one")
    assert (tmp_path / "one" / EVENTS).read_bytes() == log


def test_a_log_that_was_written_before_there_were_checksums_is_resumed(
    tmp_path: Path, small: Make
) -> None:
    whole = run(small(), out=tmp_path)
    lines = []
    for line in (tmp_path / EVENTS).read_bytes().splitlines():
        event = json.loads(line)
        del event["crc"]
        for name in ("options", "arms", "replicas"):
            event.pop(name, None) if event["type"] == "run" else None
        lines.append(json.dumps({**event, "v": 1}).encode() + b"\n")
    (tmp_path / EVENTS).write_bytes(b"".join(lines[: len(lines) // 2]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert essence(run(small(), out=tmp_path)) == essence(whole)
