"""A guard in a running team decides as the defense does on a record, and loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim.beliefs import Array, as_belief
from fjsim.contracts import Message as SeatMessage
from fjsim.contracts import Record
from fjsim.deliberation.hearing import as_read
from fjsim.deliberation.learning import remembered
from fjsim.errors import FjsimError, LogFormatError, ParameterError, UnknownNameError, UsageError
from fjsim.guard import Guard, Message
from fjsim.registry import build

TEAM = ("ann", "bob", "cleo", "dan", "eve")
OPTIONS = ("A", "B", "C")
KINDS = (
    "none", "ballot", "trust-adaptive", "peer-agreement", "consensus-distance",
    "bounded-confidence", "stubbornness-detector", "fj-residual", "beta-reputation", "quarantine",
    "w-msr", "robust-aggregate", {"kind": "trust-adaptive", "labels": "all"},
    {"kind": "beta-reputation", "labels": "all"}, "threshold",
)  # fmt: skip


def drawn(rng: np.random.Generator) -> Array:
    """Draw statements, (round, seat, option); now and then somebody says nothing."""
    raw = rng.dirichlet(np.full(len(OPTIONS), 0.5), size=(int(rng.integers(1, 5)), len(TEAM)))
    said = np.array([[as_belief(one, n_options=len(OPTIONS)) for one in row] for row in raw])
    said[:, 1:][rng.random((len(said), len(TEAM) - 1)) < 0.1] = np.nan
    return said


def tell(guard: Guard, beliefs: Array, number: int) -> None:
    for name, belief in zip(TEAM, beliefs, strict=True):
        if not np.isnan(belief).any():
            guard.said(Message(name, belief=belief, question="q", round=number))


def weights_of(gates: Array, said: Array) -> dict[str, dict[str, float]]:
    """Return a defense's gates as a guard names them; whoever never spoke is not judged."""
    mean = gates if gates.ndim == 2 else gates.mean(axis=-1)
    spoke = [not np.isnan(said[:, seat, 0]).all() for seat in range(len(TEAM))]
    return {
        listener: {
            speaker: float(mean[ear, seat]) if spoke[seat] else 1.0
            for seat, speaker in enumerate(TEAM)
            if seat != ear
        }
        for ear, listener in enumerate(TEAM)
    }


def record_of(said: Array) -> Record:
    influence = (1 - np.eye(len(TEAM))) / (len(TEAM) - 1)
    there = ~np.isnan(said).any(axis=-1)
    answers = np.where(there, np.nan_to_num(said).argmax(axis=-1), -1)
    return Record("q", influence, said, said, answers, np.full(answers.shape, np.nan))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_decisions_equal_those_of_the_defense_on_the_same_record_to_the_last_bit(kind: Any) -> None:
    rng = np.random.default_rng(5)
    guard = Guard(TEAM, kind, options=OPTIONS, shadow=False)
    defense = build("defense", kind)
    state = defense.initial_state(len(TEAM))
    for _ in range(14):  # 15 defenses: 210 deliberations in all
        said = drawn(rng)
        for number, beliefs in enumerate(said):
            tell(guard, beliefs, number)
            gates = defense.gates(record_of(said[: number + 1]), state)
            found = {listener: guard.weights(listener, "q") for listener in TEAM}
            assert found == weights_of(gates, said[: number + 1])
        key = int(rng.integers(3))
        if defense.memory != "none":
            shown = key if defense.labels != "none" else None
            state = defense.update(remembered(defense, record_of(said)), state, shown)
        guard.close("q", outcome=OPTIONS[key])


def test_words_other_than_those_on_record_are_judged_for_themselves() -> None:
    guard = asked()
    honest = guard.heard("ann", Message("eve", "A", round=0, question="q"))
    lie = guard.heard("bob", Message("eve", "B", round=0, question="q"))
    defense, record = build("defense", "trust-adaptive"), answers_record("AAABA")
    told = as_read(record, SeatMessage(4, 0, 1, None), 4)
    expected = defense.gates(told, defense.initial_state(5))[1, 4]
    assert honest.gate == 1.0
    assert lie.gate == expected == 0.0
    assert lie.verdict == "shut out"


def asked(**options: Any) -> Guard:
    guard = Guard(TEAM, options=OPTIONS, **{"shadow": False} | options)
    for name, answer in zip(TEAM, "AAABA", strict=True):
        guard.said(Message(name, answer, question="q"))
    return guard


def answers_record(answers: str) -> Record:
    return record_of(np.eye(3)[[OPTIONS.index(answer) for answer in answers]][None])


def test_in_shadow_mode_the_team_goes_on_as_before_and_reads_what_would_have_been() -> None:
    guard = asked(shadow=True)
    assert set(guard.weights("ann").values()) == {1.0}
    explained = guard.explain("ann")
    (only,) = explained.held_back
    assert (only.speaker, only.gate, only.applied) == ("dan", 0.0, 1.0)
    assert "shadow: nothing is changed" in str(explained)
    assert "observed only" in str(explained)
    assert Guard(TEAM).shadow


def test_an_explanation_names_the_facts_and_fits_a_narrow_screen() -> None:
    text = str(asked().explain("ann"))
    assert text == (
        "question 'q', trust-adaptive: 1 of 4 messages are not heard in full.\n"
        "  dan -> ann: shut out (weight 0.00); dan says B; first answers without its own: "
        "0 for that, 4 for A, ann's own"
    )
    agreed = Guard(["a", "b"], options=OPTIONS)
    agreed.said(Message("a", "A"))
    assert str(agreed.explain()).endswith("everybody is heard in full.")


def test_only_those_whom_a_listener_hears_are_weighed() -> None:
    guard = Guard(TEAM, options=OPTIONS, influence={"ann": ["bob"], "bob": ["ann", "eve"]})
    guard.said(Message("eve", "A"))
    assert guard.weights("ann") == {"bob": 1.0}
    assert list(guard.weights("bob")) == ["ann", "eve"]
    assert guard.weights("cleo") == {}
    shares = Guard(TEAM, influence=np.full((5, 5), 3.0))._influence
    assert np.allclose(shares.sum(axis=1), 1)
    assert not np.diag(shares).any()


def test_without_rounds_a_message_is_the_first_that_its_listener_has_not_heard() -> None:
    guard = Guard(TEAM, options=OPTIONS)
    for listener in ("bob", "cleo"):
        assert guard.heard(listener, Message("ann", "A", question="q")).round == 0
        assert guard.heard(listener, Message("ann", "B", question="q")).round == 1
    assert [len(said) for said in guard._open["q"].rounds] == [1, 1]


def test_answers_in_own_words_are_grouped_and_text_is_read() -> None:
    guard = Guard(TEAM, shadow=False)
    for name, text in zip(
        TEAM,
        ["It is the Nile. Answer: the river Nile", "answer = The river Nile.", "The Nile river",
         "Final answer: Amazon", "I think so.\nThe river Nile!"], strict=True,
    ):  # fmt: skip
        guard.said(Message(name, text=text, question="q"))
    assert guard.weights("ann") == {"bob": 1.0, "cleo": 1.0, "dan": 0.0, "eve": 1.0}
    assert len(guard._open["q"].options.names) == 2


def test_an_extractor_of_ones_own_reads_the_answer() -> None:
    guard = Guard(TEAM, options=OPTIONS, extract=lambda text: text[-1], shadow=False)
    for name, answer in zip(TEAM, "AAABA", strict=True):
        guard.said(Message(name, text=f"well, well: {answer}"))
    assert guard.weights("bob")["dan"] == 0.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda g: g.said(Message("zoe", "A")), UnknownNameError, "nobody in the team is called"),
        (lambda g: g.said(Message("ann", "D")), ParameterError, "the options are"),
        (lambda g: g.said(Message("ann", 7)), ParameterError, "there are 3 options"),
        (lambda g: g.said(Message("ann", True)), ParameterError, "give an option"),
        (lambda g: g.heard("ann", Message("ann", "A")), UsageError, "hears itself"),
        (lambda g: g.weights("ann", "other"), UsageError, "is not open"),
        (lambda g: g.open("q"), UsageError, "is open already"),
        (lambda g: Message("ann", confidence=2), ParameterError, "must lie in"),
        (lambda g: Message("ann", round=-1), ParameterError, "rounds count from 0"),
        (lambda g: g.said(Message("ann", belief=[1, 2])), FjsimError, "3"),
        (lambda g: Guard(["ann"]), UsageError, "two or more"),
        (lambda g: Guard(["ann", "ann"]), UsageError, "stands twice"),
        (lambda g: Guard("ann"), UsageError, "two or more"),
        (lambda g: g.open("r", ["A"]), ParameterError, "give two or more"),
        (lambda g: Guard(TEAM, influence=[[1]]), UsageError, "one row a"),
        (lambda g: Guard(TEAM, influence=-np.ones((5, 5))), UsageError, "numbers >= 0"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(call: Any, error: type[Exception], words: str) -> None:
    guard = asked()
    with pytest.raises(error, match=words):
        call(guard)


@pytest.mark.parametrize("kind", ["trust-adaptive", "quarantine", "beta-reputation", "none"])
def test_a_saved_guard_goes_on_as_if_nothing_had_been(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    guard = Guard(TEAM, kind, options=OPTIONS, shadow=False)
    play(guard, rng, 4)
    guard.said(Message("ann", "B", question="open"))
    guard.save(tmp_path / "guard.json")
    again = Guard.load(tmp_path / "guard.json")
    seed = int(rng.integers(99))
    ours, theirs = (play(one, np.random.default_rng(seed), 3) for one in (guard, again))
    assert ours == theirs
    assert again.n_closed == 7
    assert again.explain(question="open") == guard.explain(question="open")


def play(guard: Guard, rng: np.random.Generator, n_questions: int) -> list[dict[str, float]]:
    found = []
    for number in range(n_questions):
        name = f"q{guard.n_closed}-{number}"
        for _ in range(2):
            for member in TEAM:
                guard.said(Message(member, belief=rng.dirichlet([0.6] * 3), question=name))
            found += [guard.weights(member, name) for member in TEAM]
        guard.close(name)
    return found


KILLED = """
import os, sys
from fjsim.guard import Guard, Message
guard = Guard(["ann", "bob", "cleo"], options=["A", "B"], shadow=False, path=sys.argv[1])
for question in ("one", "two"):
    for name in guard.team:
        guard.said(Message(name, "AB"[name == "cleo"], question=question))
    if question == "one":
        guard.close(question, outcome="A")
guard.heard("ann", Message("cleo", "B", question="two"))
os.kill(os.getpid(), 9)
"""


def test_a_killed_program_loses_nothing_that_its_guard_was_told(tmp_path: Path) -> None:
    path = tmp_path / "guard.json"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    audit = tmp_path / "guard.audit.jsonl"
    audit.write_bytes(audit.read_bytes() + b'{"type":"said","question":"two","sea')
    guard = Guard(["ann", "bob", "cleo"], options=["A", "B"], shadow=False, path=path)
    assert guard.n_closed == 1
    assert guard.weights("ann", "two") == {"bob": 1.0, "cleo": 0.0}
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    (decision,) = [line for line in lines if line["type"] == "decision"]
    assert decision["gate"] == 0.0
    assert "cleo says B" in decision["reason"]


def test_a_file_of_another_guard_or_none_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "guard.json"
    Guard(TEAM, options=OPTIONS, path=path)
    with pytest.raises(UsageError, match="the file of another guard: its team"):
        Guard(["x", "y"], path=path)
    values = json.loads(path.read_text())
    for damage in (b"", b"[]", b'{"fjsim_guard": 1}', json.dumps({**values, "memory": {
        "array": [["x"]], "dtype": "object"}}).encode(), b"\xff{"):  # fmt: skip
        path.write_bytes(damage)
        with pytest.raises(LogFormatError):
            Guard.load(path)


def test_threads_may_share_a_guard() -> None:
    names = [f"m{number}" for number in range(12)]
    guard = Guard(names, options=OPTIONS, shadow=False)

    def speak(seat: int) -> None:
        for number in range(20):
            guard.said(Message(names[seat], OPTIONS[seat % 2], question="q", round=number))
            guard.weights(names[seat], "q")

    threads = [threading.Thread(target=speak, args=(seat,)) for seat in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = guard._open["q"].record()
    assert record.answers.shape == (20, 12)
    assert (record.answers == np.arange(12) % 2).all()


def test_the_condition_is_said_for_the_team_at_hand() -> None:
    guard = asked(defense="ballot")
    text = guard.condition()
    assert (
        "Question 'q': A leads by 3 first answers; whoever gave it cannot be flipped by any 1 "
        in (text)
    )
    assert "With 1 hostile of 5, at most 5.0%" in text
    guard.close("q", outcome="A")
    assert "So far 80% of the first answers were right" in guard.condition()
    assert "Nothing is proved of peer-agreement" in Guard(TEAM, "peer-agreement").condition()


def test_nobody_whom_the_condition_covers_is_flipped_and_others_are() -> None:
    rng = np.random.default_rng(8)
    flipped = {True: 0, False: 0}
    for _ in range(400):
        guard = Guard(TEAM, "ballot", options=OPTIONS, shadow=False)
        first = rng.integers(2, size=5)
        for name, answer in zip(TEAM, first.tolist(), strict=True):
            guard.said(Message(name, answer, question="q"))
        # Two hostile members, whose first answers are among those counted.
        lead = (first[:3] == 0).sum() - (first[:3] == 1).sum()
        weights = guard.weights("ann", "q")
        pull = sum(weights[TEAM[seat]] for seat in (3, 4) if first[seat] == 1)
        flipped[bool(lead >= 2)] += int(first[0] == 0 and pull > 0)
    assert flipped[True] == 0
    assert flipped[False] > 0
