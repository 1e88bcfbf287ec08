"""Documents and runs of absurd size are refused at load, with the number, before they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fjsim.errors import ConfigError
from fjsim.limits import MOST_AGENTS, MOST_ROUNDS, MOST_TURNS
from fjsim.runs.estimate import estimate
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario, load_scenario
from fjsim.serial.yaml import MOST_BYTES, MOST_VALUES
from fjsim.sweeps.cells import expand
from fjsim.sweeps.grid import Sweep

LAUGHS = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"l{at}: &l{at} [{', '.join([f'*l{at - 1}'] * 10)}]\n" for at in range(1, 9)
)


def refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    "block",
    [
        f"rounds:\n  {LAUGHS.replace(chr(10), chr(10) + '  ')}",
        f"backend:\n  kind: openai\n  extra_body:\n    {LAUGHS.replace(chr(10), chr(10) + '    ')}",
        LAUGHS,
    ],
    ids=["rounds", "extra_body", "top"],
)
def test_aliases_are_counted_as_what_they_stand_for(tmp_path: Path, block: str) -> None:
    message = refusal(tmp_path / "s.yaml", block.rstrip() + "\n")
    assert "1,234,567," in message
    assert f"{MOST_VALUES:,}" in message


@pytest.mark.parametrize(
    "text",
    [
        "rounds: &a [*a]",
        "backend: {kind: openai, extra_body: &a {b: {c: *a}}}",
        "attack: &a {<<: *a, kind: none}",
    ],
)
def test_a_block_that_holds_itself_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    assert "line 2: a block holds itself" in refusal(tmp_path / "s.yaml", f"seed: 1\n{text}\n")


def test_a_merge_bomb_is_counted_too(tmp_path: Path) -> None:
    text = "m0: &m0 {k: v}\n" + "".join(
        f"m{at}: &m{at} {{<<: [{', '.join([f'*m{at - 1}'] * 10)}]}}\n" for at in range(1, 9)
    )
    assert "with every alias spelled out" in refusal(tmp_path / "s.yaml", text)


def test_a_file_above_the_size_is_not_read_to_its_end(tmp_path: Path) -> None:
    assert "larger than" in refusal(tmp_path / "s.yaml", "#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load_scenario("/dev/zero")


def test_a_file_of_many_values_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fjsim.serial.yaml.MOST_VALUES", 1000)
    assert "more than the 1,000 values" in refusal(tmp_path / "s.yaml", f"a: [{'x, ' * 2000}]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: " + "9" * 5000, "cannot be read as what it looks like"),
        ("seed: 1" + ":1" * 200, "more than forty digits"),
        ("seed: !!int x", "cannot be read as what it looks like"),
        ("name: !!binary x", "could not determine a constructor"),
        ("name: !!set {x}", "could not determine a constructor"),
        ('name: "\\ud800"', "half a character"),
        ("name: \x00", "not YAML"),
    ],
)
def test_a_scalar_that_is_none_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path / "s.yaml", text)


def test_a_date_is_the_text_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: 2024-01-31\n")
    assert load_scenario(tmp_path / "s.yaml").name == "2024-01-31"


@pytest.mark.parametrize(
    ("values", "number", "limit"),
    [
        ({"rounds": 10**9}, "1,000,000,000", f"{MOST_ROUNDS:,}"),
        ({"agents": 10**8}, "100,000,000", f"{MOST_AGENTS:,}"),
        ({"agents": [{"kind": "llm", "count": 10**8}]}, "100,000,000", f"{MOST_AGENTS:,}"),
        ({"replicas": 10**9}, "1,000,000,000", "1,000,000"),
        ({"agents": 1000, "rounds": 10**5}, "100,001,000 turns", f"{MOST_TURNS:,}"),
        ({"agents": 1000, "rounds": 10**3, "replicas": 10**3}, "turns", f"{MOST_TURNS:,}"),
    ],
)
def test_a_run_that_no_memory_holds_is_refused_at_load(
    tmp_path: Path, values: dict[str, Any], number: str, limit: str
) -> None:
    for attempt in (
        lambda: Scenario(**values),
        lambda: load_scenario(None, values),
        lambda: load_scenario(None, settings=[f"{key}={value}" for key, value in values.items()]),
    ):
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert number in str(caught.value)
        assert limit in str(caught.value)


def test_questions_times_replicas_are_counted_when_the_questions_are_known() -> None:
    with pytest.raises(ConfigError, match="20,000,000, and a run has at most 1,000,000"):
        resolve(Scenario(replicas=200_000, agents=2, rounds=1))
    with pytest.raises(ConfigError, match=r"1,200,000,000 turns .* lower agents, rounds"):
        resolve(Scenario(replicas=10_000, agents=100, rounds=11))


def test_samples_have_a_limit() -> None:
    with pytest.raises(ConfigError, match=r"elicitation\.samples: got 1000000000; .* 1000"):
        Scenario(elicitation={"samples": 10**9})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": 10**9}, "seeds is 1,000,000,000, and at most"),
        (
            {"vary": {f"budget.{name}": list(range(1, 101)) for name in ("max_calls", "max_tokens")}
             | {"rounds": list(range(100))}},
            "cells is 1,000,000, and at most",
        ),
        ({"fortify": [{"more": 10**9}]}, r"agents is 1,000,000,006, and at most"),
        ({"best_response": {"budget": 10**9}}, "10000"),
    ],
)  # fmt: skip
def test_a_sweep_that_nobody_could_play_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        expand(Sweep(**values))


def test_an_estimate_of_many_replicas_asks_each_question_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fjsim.runs import estimate as module

    asked: list[str] = []
    original = module._prompt_tokens

    def counted(setup: Any, question: Any, last: Any) -> Any:
        asked.append(question.id)
        return original(setup, question, last)

    monkeypatch.setattr(module, "_prompt_tokens", counted)
    scenario = Scenario(replicas=2000, questions={"limit": 3}, attack="stubborn", rounds=2)
    expected = estimate(resolve(scenario), tmp_path)
    assert len(asked) == 3
    assert expected.turns == 3 * 2000 * 6 * 3 * 2
    # Round 0 of the five benign seats is asked once for both arms.
    assert expected.calls == 3 * 2000 * (6 * 3 * 2 - 5)
