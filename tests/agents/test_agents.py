import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fjsim.contracts import ModelAgent
from fjsim.contracts.population import Population
from fjsim.errors import ConfigError
from fjsim.questions import load_questions
from fjsim.registry import build
from fjsim.runs import run
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]


def test_the_neutral_persona_adds_nothing() -> None:
    agent = build("agent", "llm")
    assert isinstance(agent, ModelAgent)
    assert agent.describe() == ""


def test_personas_cover_roles_experts_and_styles_and_none_says_how_far_to_move() -> None:
    from fjsim_agents.llm import AGREEABLENESS, PERSUASIVENESS, personas

    assert {"devils-advocate", "scientist", "concise"} <= set(personas())
    texts = [*personas().values(), *AGREEABLENESS.values(), *PERSUASIVENESS.values()]
    for text in texts:
        assert not any(character.isdigit() or character == "%" for character in text)
        for word in ("update your belief", "probability", "average", "weight"):
            assert word not in text.lower()


def test_traits_reach_the_prompt_in_words() -> None:
    shy = build("agent", {"kind": "llm", "persona": "scientist", "persuasiveness": "low"})
    bold = build("agent", {"kind": "llm", "persona": "scientist", "persuasiveness": "high"})
    assert shy.describe() != bold.describe()
    assert "natural sciences" in shy.describe()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "llm", "persona": "sceptic"}, "did you mean 'skeptic'"),
        ({"kind": "llm", "agreeableness": "very"}, "'low', 'medium' or 'high'"),
        ({"kind": "numeric", "stubbornness": 2}, "must lie in"),
        ({"kind": "scripted", "lines": []}, "lines is empty"),
        ({"kind": "scripted", "certainty": 7}, "must lie in"),
        ({"kind": "replay", "run": "nowhere"}, "no run in 'nowhere'"),
    ],
)
def test_a_wrong_parameter_is_one_clear_line(block: dict[str, object], message: str) -> None:
    with pytest.raises((ConfigError, ValueError), match=message):
        build("agent", block)


def test_a_replayed_run_says_the_same_again(small: Make, tmp_path: Path) -> None:
    first = run(small(attack="none"), out=tmp_path / "r")
    replay = {"kind": "replay", "run": str(tmp_path / "r"), "count": 4}
    second = run(small(attack="none", agents=replay))
    np.testing.assert_array_equal(first.transcript.beliefs, second.transcript.beliefs)
    np.testing.assert_array_equal(first.transcript.answers, second.transcript.answers)


@pytest.mark.parametrize("line", ["{", "[1]", "{}", "[" * 100_000])
def test_a_damaged_line_of_a_replayed_run_is_named(small: Make, tmp_path: Path, line: str) -> None:
    run(small(attack="none"), out=tmp_path / "r")
    events = tmp_path / "r" / "events.jsonl"
    events.write_text(line + "\n" + events.read_text())
    replay = {"kind": "replay", "run": str(tmp_path / "r"), "count": 4}
    with pytest.raises(ConfigError, match="line 1 is damaged"):
        run(small(attack="none", agents=replay))


@pytest.mark.parametrize(
    "changes",
    [
        {"stated_belief": [5, 5, 5, 5, 5]},
        {"stated_belief": [0.5, 0.5]},
        {"stated_belief": ["x"]},
        {"answer": 99},
        {"answer": "B"},
        {"confidence": "high"},
        {"confidence": 7},
        {"validity": "odd"},
    ],
)
def test_a_replayed_turn_that_cannot_be_is_one_clear_line(
    small: Make, tmp_path: Path, changes: dict[str, object]
) -> None:
    run(small(attack="none"), out=tmp_path / "r")
    events = tmp_path / "r" / "events.jsonl"
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    changed = [{**line, **changes} if line["type"] == "turn" else line for line in lines]
    events.write_text("".join(json.dumps(line) + "\n" for line in changed))
    replay = {"kind": "replay", "run": str(tmp_path / "r"), "count": 4}
    with pytest.raises(ConfigError, match="does not fit it"):
        run(small(attack="none", agents=replay))


def test_what_was_not_recorded_is_missing_in_a_replay(small: Make, tmp_path: Path) -> None:
    run(small(attack="none"), out=tmp_path / "r")
    replay = {"kind": "replay", "run": str(tmp_path / "r"), "count": 4}
    longer = run(small(attack="none", agents=replay, rounds=4))
    assert np.isnan(longer.transcript.beliefs[:, 4]).all()
    assert not np.isnan(longer.transcript.beliefs[:, 3]).any()


def test_a_script_repeats_its_last_line(small: Make) -> None:
    script = {"kind": "scripted", "lines": ["key", "wrong", 2], "count": 2}
    finished = run(small(attack="none", agents=script, topology="complete"))
    answers = finished.transcript.answers[:, :, 0]
    keys = finished.transcript.keys
    assert (answers[:, 0] == keys).all()
    assert (answers[:, 1] != keys).all()
    assert (answers[:, 2:] == 2).all()


def test_the_population_draws_what_its_parameters_say() -> None:
    population = Population(competence=0.7, stubbornness=0.3, stubbornness_concentration=2.0)
    questions = load_questions("builtin")
    members = [population.member(q, r, s, 0) for q in questions for r in (0, 1) for s in range(5)]
    keys = [q.key for q in questions for _ in range(10)]
    right = np.mean([m.innate.argmax() == key for m, key in zip(members, keys, strict=True)])
    held = np.array([m.stubbornness for m in members])
    assert right == pytest.approx(0.7, abs=0.03)
    assert held.mean() == pytest.approx(0.3, abs=0.02)
    assert held.var() == pytest.approx(0.3 * 0.7 / 3.0, abs=0.01)
    for member in members:
        assert member.innate.sum() == pytest.approx(1)
        assert member.innate.min() >= 0


@pytest.mark.parametrize("calibration", [0.0, 0.5, 1.0])
def test_calibration_is_how_far_being_right_follows_confidence(calibration: float) -> None:
    population = Population(
        competence=0.6,
        lowest_confidence=0.3,
        confidence_alpha=1.0,
        confidence_beta=1.0,
        calibration=calibration,
    )
    questions = [q for q in load_questions("builtin") for _ in range(20)]
    members = [population.member(q, 0, seat, 0) for seat, q in enumerate(questions)]
    top = np.array([member.innate.max() for member in members])
    right = [m.innate.argmax() == q.key for m, q in zip(members, questions, strict=True)]
    for low, high in ((0.3, 0.5), (0.5, 0.75), (0.75, 1.0)):
        among = (top >= low) & (top < high)
        expected = (1 - calibration) * 0.6 + calibration * top[among].mean()
        assert np.mean(np.array(right)[among]) == pytest.approx(expected, abs=0.05)


def test_half_of_the_wrong_answers_share_a_distractor() -> None:
    population = Population(competence=0.0, shared_distractor=0.5)
    shares = []
    for question in load_questions("builtin"):
        answers = [int(population.member(question, 0, s, 0).innate.argmax()) for s in range(12)]
        shares.append(np.bincount(answers).max() / 12)
    # The shared one gets half, and a quarter of the rest by chance.
    assert np.mean(shares) == pytest.approx(0.5 + 0.5 / 4, abs=0.06)
