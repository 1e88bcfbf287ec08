"""Why turns went missing, said at the end and, where nothing works, at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fjsim.cli.program import app
from fjsim.contracts import Validity
from fjsim.records import Turn
from fjsim.runs.lost import FIRST, EarlyWarning, lost, reason_of

SUMS = "the probabilities must sum to 1; they sum to 2.000: A=1 B=1"


def missing(problem: str) -> Turn:
    return Turn("clean", "q", 0, 0, 0, Validity.MISSING, problem=problem)


@pytest.mark.parametrize(
    ("problem", "why", "advice"),
    [
        (f"it is not a JSON object; then {SUMS}", "the belief is no distribution", "choice"),
        ("it is not a JSON object", "it is not in the form asked for", "choice"),
        ("it was cut off at the length limit; be shorter", "it was cut off", "max_tokens"),
        ("2 options have no log-probability and may", "labels lack log-probabilities", "stated"),
        ("no reply after 8 attempts: status 503", "the server gave no reply", "doctor"),
    ],
)
def test_every_problem_has_a_reason_and_something_to_do(
    problem: str, why: str, advice: str
) -> None:
    found = reason_of(problem)
    assert found[0].startswith(why)
    assert advice in found[1]


def test_reasons_are_counted_and_the_commonest_stands_first() -> None:
    turns = [missing(SUMS), missing("it is not a JSON object"), missing(SUMS)]
    found = lost([*turns, Turn("clean", "q", 0, 0, 1, Validity.OK)], "stated")
    assert [(row.why, row.turns) for row in found] == [
        ("the belief is no distribution", 2),
        ("it is not in the form asked for", 1),
    ]
    assert lost(turns, "choice")[0].advice == ""


def test_the_first_twenty_turns_lost_for_one_reason_are_said_once_and_at_once() -> None:
    early = EarlyWarning("stated")
    said = [early.see(missing(SUMS)) for _ in range(FIRST + 5)]
    assert [at for at, one in enumerate(said) if one] == [FIRST - 1]
    assert "try --elicitation choice" in said[FIRST - 1]


@pytest.mark.parametrize("other", [Turn("clean", "q", 0, 0, 1, Validity.OK), missing("no reply")])
def test_one_turn_that_is_there_or_lost_otherwise_keeps_the_warning_quiet(other: Turn) -> None:
    early = EarlyWarning("stated")
    assert not any(early.see(one) for one in [other, *[missing(SUMS)] * FIRST])


def test_run_ends_with_a_table_and_warns_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = "run --rounds 1 --limit 5 --set backend.invalid=1 --set max_missing=1 --no-cache"
    with pytest.warns(UserWarning, match="first 20 turns are all missing"):
        found = CliRunner().invoke(app, [*words.split(), "--out", "r"], env={"COLUMNS": "80"})
    table = found.stdout[found.stdout.index("\nmissing turns ") :]
    assert "not in the form" in table
    assert "--elicitation choice" in " ".join(table.replace("│", " ").split())
    assert max(map(len, table.splitlines()[:8])) <= 80
