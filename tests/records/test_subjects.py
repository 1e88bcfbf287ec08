"""What a question is about travels through the log into the transcript."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.records.header import RunHeader
from fjsim.records.lines import DamagedLineError


def test_subjects_of_a_question_set_are_read_again_from_the_log(tmp_path: Path) -> None:
    team = fjsim.Scenario(
        agents={"kind": "numeric", "count": 3}, rounds=1, replicas=2, questions={"limit": 6}
    )
    fjsim.run(team, out=tmp_path / "run")
    transcript = fjsim.load_transcript(tmp_path / "run")
    known = {one.id: one.subject for one in fjsim.load_questions("builtin", 6)}
    assert transcript.subjects == tuple(known[name] for name in transcript.question_ids)
    assert len(transcript.subjects) == 12
    assert transcript.select(np.array([0, 5])).subjects == (
        transcript.subjects[0],
        transcript.subjects[5],
    )


def test_questions_without_a_subject_leave_none(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"question": "1 + 1?", "options": ["2", "3"], "answer": 0}\n')
    team = fjsim.Scenario(agents={"kind": "numeric", "count": 3}, rounds=1, questions=str(file))
    assert fjsim.run(team).transcript.subjects == ()


def header(**values: Any) -> RunHeader:
    plain = RunHeader(
        rounds=1,
        agents=("a", "b"),
        seats=(),
        influence=((0.0, 1.0), (1.0, 0.0)),
        questions=("q0", "q1"),
        residual="self",
        peers_read="belief",
    )
    return replace(plain, **values)


def test_subjects_survive_the_header_and_may_repeat() -> None:
    given = header(subjects=("history", "history"))
    assert RunHeader.from_dict(given.as_dict()).subjects == ("history", "history")
    assert "subjects" not in header().as_dict()


@pytest.mark.parametrize("subjects", [["history"], ["history", 3], "history", {"q0": "history"}])
def test_subjects_that_cannot_be_are_a_damaged_line(subjects: Any) -> None:
    with pytest.raises(DamagedLineError):
        RunHeader.from_dict({**header().as_dict(), "subjects": subjects})
