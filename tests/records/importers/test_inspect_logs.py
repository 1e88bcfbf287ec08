"""Logs of inspect_ai whose samples hold a deliberation."""

from __future__ import annotations

import json
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim.errors import LogFormatError
from fjsim.fitting import fit
from fjsim.records.importers import detect_format, read_log

CHOICES = ["3", "4", "5"]


def turns(shift: float = 0.0) -> list[dict[str, Any]]:
    beliefs = {"ann": [0.2, 0.7 - shift, 0.1 + shift], "bob": [0.5, 0.25, 0.25]}
    return [
        {"agent_id": agent, "round": at, "belief": belief, "neighbours": ["ann"] if at else None}
        for at in range(3)
        for agent, belief in beliefs.items()
    ]


def sample(name: str = "q1", epoch: int = 1, **entries: Any) -> dict[str, Any]:
    plain = {"id": name, "epoch": epoch, "choices": CHOICES, "target": "B", "messages": []}
    return {**plain, "store": {"deliberation": turns(epoch / 10)}, **entries}


def archive(folder: Path, *samples: dict[str, Any]) -> Path:
    """Write an archive as inspect_ai does."""
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("header.json", json.dumps({"version": 2, "eval": {}}))
        for one in samples:
            made.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
    return path


def as_json(folder: Path, *samples: dict[str, Any]) -> Path:
    path = folder / "log.json"
    path.write_text(json.dumps({"version": 2, "eval": {}, "samples": samples}), encoding="utf-8")
    return path


@pytest.mark.parametrize("write", [archive, as_json])
def test_epochs_are_replicas_and_samples_name_key_and_options(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path, sample(), sample(epoch=2), sample("q/2", target="5"))
    assert detect_format(path) == "inspect"
    log = read_log(path)
    transcript = log.transcript
    assert transcript.question_ids == ("q1", "q1", "q/2")
    assert transcript.replicas.tolist() == [0, 1, 0]
    assert transcript.keys.tolist() == [1, 1, 2]
    assert log.options == (tuple(CHOICES),) * 3
    assert np.allclose(transcript.beliefs[1, 0, 0], [0.2, 0.5, 0.3])
    assert transcript.heard_round[0, 1].tolist() == [[-1, -1], [0, -1]]
    assert fit(transcript, resamples=0).n_turns == 12


def test_turns_may_stand_in_the_metadata_and_samples_without_any_are_left_out(
    tmp_path: Path,
) -> None:
    held = sample(store={}, metadata={"deliberation": turns()})
    log = read_log(as_json(tmp_path, held, sample("q2", store={})))
    assert log.transcript.question_ids == ("q1",)
    assert log.warnings == ("1 samples hold no turns and are left out",)


def test_answers_are_compared_with_the_target(tmp_path: Path) -> None:
    said = [
        {"agent_id": agent, "round": at, "answer": answer}
        for at in (0, 1)
        for agent, answer in (("ann", "A"), ("bob", "B"))
    ]
    log = read_log(archive(tmp_path, sample(store={"deliberation": said})))
    assert log.target == "answer"
    assert log.options[0][log.transcript.keys[0]] == "B"


BROKEN = {
    "no convention": ([sample(store={})], "none of its 1 samples holds turns"),
    "no list": ([sample(store={"deliberation": "x"})], "'deliberation' is a str"),
    "no object": ([sample(store={"deliberation": [1]})], "line 1: a turn of sample 'q1'"),
    "no round": ([sample(), sample("q2", store={"deliberation": [{"agent_id": "ann"}]})],
                 "line 7: round is ''"),
    "off one": (
        [sample(store={"deliberation": [{"agent_id": "a", "round": 0, "belief": [0.5, 0.1]}]})],
        "line 1: the probabilities must sum to 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_deliberation_gives_its_turn(case: str, tmp_path: Path) -> None:
    samples, message = BROKEN[case]
    with pytest.raises(LogFormatError) as caught:
        read_log(archive(tmp_path, *samples))
    assert message in str(caught.value)


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    for text in ("[]", "{", '{"samples": []}'):
        other.write_text(text, encoding="utf-8")
        with pytest.raises(LogFormatError, match="no log of inspect_ai"):
            read_log(other)


class _Recorded:
    """What inspect_ai hands out for a sample."""

    def model_dump(self, mode: str, include: set[str]) -> dict[str, Any]:
        return {name: value for name, value in sample().items() if name in include}


def unreadable(archive: zipfile.ZipFile, name: object) -> bytes:
    raise NotImplementedError("That compression method is not supported")


def test_what_python_cannot_unpack_is_left_to_inspect_ai(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path, sample())
    expected = read_log(path).transcript.beliefs
    monkeypatch.setattr(zipfile.ZipFile, "open", unreadable)
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    with pytest.raises(LogFormatError, match=r"pip install .\.\[inspect\]"):
        read_log(path)
    module: Any = types.ModuleType("inspect_ai.log")
    module.read_eval_log_samples = lambda path, all_samples_required: [_Recorded()]
    monkeypatch.setitem(sys.modules, "inspect_ai", types.ModuleType("inspect_ai"))
    monkeypatch.setitem(sys.modules, "inspect_ai.log", module)
    assert np.array_equal(read_log(path).transcript.beliefs, expected)
