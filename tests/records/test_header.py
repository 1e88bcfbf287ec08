"""What a log says of its run: typed, and the same after it was written and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fjsim.errors import ConfigError, StorageError
from fjsim.records import LogContents, RunHeader, load_transcript
from fjsim.records.deliberation import recorded_deliberation
from fjsim.records.lines import DamagedLineError
from fjsim.runs import run
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"attack": "none"},
        {"defense": {"kind": "fixed-trust", "level": 0.4}, "attack": "tamper"},
        {"router": "self-confidence", "replicas": 3, "peers_see": ["answer"]},
        {
            "peers_see": ["answer", "reason"],
            "backend": {"kind": "simulated", "profile": "stubborn-neighbors"},
        },
    ],
)
def test_the_header_of_a_run_comes_back_from_its_line_as_it_was(
    small: Make, values: dict[str, object]
) -> None:
    header = resolve(small(**values)).header()
    again = RunHeader.from_dict(json.loads(json.dumps(header.as_dict())))
    assert again == header
    for arm in ("attacked", "clean"):
        assert again.played(arm) == header.played(arm)
    assert not header.graph.flags.writeable


def test_the_header_of_an_imported_log_comes_back_from_its_line_as_it_was() -> None:
    header = RunHeader(
        rounds=2,
        agents=("ann", "bob"),
        seats=(),
        influence=((0.0, 1.0), (1.0, 0.0)),
        questions=("q", "r"),
        residual="innate",
        peers_read="answer",
        imported=True,
        exchangeable=True,
        opinions=True,
        abstention=2,
        control=("r",),
    )
    assert RunHeader.from_dict(json.loads(json.dumps(header.as_dict()))) == header


@pytest.mark.parametrize(
    ("law", "problem"),
    [
        ("star", "law does not say how the run was played"),
        ({"router": "shout"}, "law does not say how the run was played"),
        ({"strength": True}, "law does not say how the run was played"),
        ({"models": [9]}, "law does not say|seat of a model is 9"),
        ({"unread": []}, "law does not say how the run was played"),
    ],
)
def test_a_law_that_cannot_be_is_no_header(small: Make, law: object, problem: str) -> None:
    values = resolve(small()).header().as_dict()
    values["law"] = {**values["law"], **law} if isinstance(law, dict) else law
    with pytest.raises(DamagedLineError, match=problem):
        RunHeader.from_dict(values)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"peers_read": "words"}, "peers read words, and 'words' is missing"),
        ({"words": [0.5]}, "words has 1 entries, not 4"),
        ({"words": [0.5, 2, 0.5, 0]}, "words is 2, not a number in"),
    ],
)
def test_words_of_which_it_is_not_said_what_they_convey_are_no_header(
    small: Make, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(DamagedLineError, match=problem):
        RunHeader.from_dict({**resolve(small()).header().as_dict(), **changes})


def test_contents_without_a_header_say_so_in_one_line() -> None:
    with pytest.raises(StorageError, match="no line of the log says what run it holds"):
        _ = LogContents().known_header


def test_one_arm_of_a_folder_is_the_attacked_one_where_nobody_says_which(
    small: Make, tmp_path: Path
) -> None:
    played = run(small(), out=tmp_path)
    assert load_transcript(tmp_path).arm == "attacked" == played.transcript.arm
    assert load_transcript(str(tmp_path), "clean").arm == "clean"
    with pytest.raises(ConfigError, match="arm is 'third'; give attacked or clean"):
        load_transcript(tmp_path, "third")  # type: ignore[arg-type]


def test_one_question_is_there_round_by_round_with_what_was_heard(small: Make) -> None:
    played = run(small())
    found = played.deliberation("general-001")
    assert (found.arm, found.replica, found.finished) == ("attacked", 0, True)
    assert [len(turns) for turns in found.rounds] == [4] * 4
    assert found.seats == (0,)
    leaf = found.rounds[2][1]
    (message,) = found.heard_by(leaf)
    assert (message.heard.speaker, message.heard.round) == (0, 1)
    assert message.said is found.rounds[1][0]
    clean = played.deliberation("general-001", arm="clean")
    assert (clean.seats, clean.key) == ((), found.key)
    assert clean.target is None
    assert found.target is not None
    with pytest.raises(ConfigError, match=r"no question 'general-01' in .*did you mean 'general-0"):
        played.deliberation("general-01")
    with pytest.raises(ConfigError, match="replica 4"):
        recorded_deliberation(played.contents, "general-001", "clean", 4)
