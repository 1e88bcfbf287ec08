from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from fjsim.beliefs import Array
from fjsim.contracts import Audit, Defense, Record, Validity
from fjsim.records import TurnKey
from fjsim.registry import register
from fjsim.runs import Run, run
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]
KEY, WRONG = {"kind": "scripted", "lines": ["key"]}, {"kind": "scripted", "lines": ["wrong"]}


def turn(run: Run, arm: str, number: int, agent: int, question: str | None = None) -> Any:
    name = question or next(iter(run.contents.turns)).question
    return run.contents.turns[TurnKey(arm, name, 0, number, agent)]  # type: ignore[arg-type]


def test_round_zero_is_alone_and_later_rounds_hear_the_round_before(small: Make) -> None:
    finished = run(small(attack="none"))
    transcript = finished.transcript
    assert (transcript.heard_round[:, 0] == -1).all()
    hub, leaf = transcript.heard_round[0, 2, 0], transcript.heard_round[0, 2, 1]
    assert hub.tolist() == [-1, 1, 1, 1]
    assert leaf.tolist() == [1, -1, -1, -1]


def test_round_zero_of_benign_seats_is_asked_once_for_both_arms(small: Make) -> None:
    finished = run(small())
    opening = [t for t in finished.contents.turns.values() if t.round == 0]
    asked = sum(t.cost.calls for t in opening)
    assert asked == 4 * (4 + 1)
    for seat in (1, 2, 3):
        clean, attacked = turn(finished, "clean", 0, seat), turn(finished, "attacked", 0, seat)
        assert attacked.shared
        assert (clean.text, clean.belief) == (attacked.text, attacked.belief)
    assert turn(finished, "attacked", 0, 0).text != turn(finished, "clean", 0, 0).text


def test_an_attack_never_shifts_the_clean_arm(small: Make) -> None:
    with_attack = run(small())
    without = run(small(attack="none"))
    clean = {t.essence() for t in with_attack.contents.turns.values() if t.arm == "clean"}
    assert clean == {t.essence() for t in without.contents.turns.values()}


def test_the_adversary_states_its_target_with_the_same_certainty_every_round(small: Make) -> None:
    finished = run(small(attack={"kind": "stubborn", "certainty": 0.9}))
    transcript = finished.transcript
    assert transcript.targets is not None
    for item, target in enumerate(transcript.targets):
        np.testing.assert_allclose(transcript.beliefs[item, :, 0, target], 0.9)
        assert target != transcript.keys[item]


def test_the_numeric_agent_is_the_law(small: Make) -> None:
    from fjsim.fitting.predict.beliefs import predicted_beliefs

    finished = run(small(agents={"kind": "numeric", "count": 4}, topology="complete"))
    for transcript in finished.arms.values():
        np.testing.assert_allclose(predicted_beliefs(transcript), transcript.beliefs, atol=1e-12)


def test_the_embedded_model_agrees_with_numeric_agents_up_to_the_printed_digits(
    small: Make,
) -> None:
    spoken = run(small(topology="complete"))
    numeric = run(small(topology="complete", agents={"kind": "numeric", "count": 4}))
    np.testing.assert_allclose(
        spoken.transcript.beliefs, numeric.transcript.beliefs, atol=3e-4, rtol=0
    )


def test_a_missing_turn_is_silent_and_never_replaced(small: Make) -> None:
    silent = {"kind": "scripted", "lines": ["key", "silent", "key"]}
    finished = run(small(attack="none", agents=[silent, *[{"kind": "numeric"}] * 3], rounds=2))
    missing = turn(finished, "clean", 1, 0)
    assert missing.validity is Validity.MISSING
    assert missing.belief is None
    leaf = turn(finished, "clean", 2, 1)
    assert leaf.heard == ()
    assert finished.outcome.missing_share == pytest.approx(1 / 12)
    assert np.isnan(finished.transcript.beliefs[:, 1, 0]).all()


def test_a_speaker_who_is_missing_leaves_its_share_with_the_listeners_last_belief(
    small: Make,
) -> None:
    silent = {"kind": "scripted", "lines": ["key", "silent"]}
    numeric = {"kind": "numeric", "stubbornness": 0.3, "stubbornness_concentration": 0}
    finished = run(small(attack="none", agents=[silent, numeric], rounds=2, topology="complete"))
    beliefs = finished.transcript.beliefs
    kept = 0.3 * beliefs[:, 0, 1] + 0.7 * beliefs[:, 1, 1]
    np.testing.assert_allclose(beliefs[:, 2, 1], kept)


def test_an_abstention_is_heard_and_is_not_correct(small: Make) -> None:
    quiet = {"kind": "scripted", "lines": ["abstain"]}
    finished = run(small(attack="none", agents=[quiet, KEY], topology="complete", rounds=1))
    assert [heard.speaker for heard in turn(finished, "clean", 1, 1).heard] == [0]
    metrics = finished.outcome.as_dict()["metrics"]
    assert metrics["accuracy_final"]["value"] == 0.5
    assert metrics["missing_turns"] == 0


def test_in_the_sequential_protocol_later_speakers_hear_the_same_round(small: Make) -> None:
    finished = run(small(attack="none", topology="complete", protocol="sequential"))
    heard = finished.transcript.heard_round[:, 1]
    assert (heard == 1).any()
    assert (heard == 0).any()
    # Of two agents, exactly one has heard the other in the same round.
    first, second = heard[:, 0, 1], heard[:, 1, 0]
    assert ((first == 1) ^ (second == 1)).all()


@register("defense", "test-deaf")
@dataclass(frozen=True)
class Deaf(Defense):
    """Hear nobody.

    Parameters
    ----------
    channel, residual : str
        As in every defense.

    References
    ----------
    .. [1] A test.
    """

    channel: Any = "blend"
    residual: Any = "innate"

    def gates(self, record: Record, state: Any) -> Array:
        return np.zeros((record.n_agents, record.n_agents))


@pytest.mark.parametrize("kind", ["llm", "numeric"])
def test_closed_gates_with_the_innate_residual_keep_everybody_at_round_zero(
    small: Make, kind: str
) -> None:
    numeric = {"kind": kind, "count": 4}
    finished = run(small(agents=numeric, defense="test-deaf"))
    beliefs = finished.transcript.beliefs[:, :, 1:]
    if kind == "llm":
        np.testing.assert_allclose(beliefs[:, -1], beliefs[:, 0])
    stated = finished.transcript.stated_beliefs
    assert stated is not None
    if kind == "llm":
        assert not np.allclose(stated[:, 1:, 1:], finished.transcript.beliefs[:, 1:, 1:])


@pytest.mark.parametrize("channel", ["withhold", "sample"])
def test_withheld_messages_do_not_reach_model_agents(small: Make, channel: str) -> None:
    finished = run(small(defense={"kind": "test-deaf", "channel": channel}))
    assert (finished.transcript.heard_round == -1).all()


def test_labels_are_shown_beside_the_message_and_weigh_it(small: Make) -> None:
    finished = run(small(defense={"kind": "test-deaf", "channel": "label"}))
    assert (finished.transcript.gates[:, 1, 1, 0] == 0).all()
    np.testing.assert_allclose(
        finished.transcript.beliefs[:, -1, 1], finished.transcript.beliefs[:, 0, 1], atol=1e-4
    )


@register("defense", "test-counting")
@dataclass(frozen=True)
class Counting(Defense):
    """Count finished questions and the keys that were shown.

    Parameters
    ----------
    memory, labels, channel : str
        As in every defense.

    References
    ----------
    .. [1] A test.
    """

    memory: Any = "history"  # type: ignore[misc]
    labels: Any = "all"
    channel: Any = "blend"

    def initial_state(self, n_agents: int) -> Any:
        return (0, 0)

    def gates(self, record: Record, state: Any) -> Array:
        return np.full((record.n_agents, record.n_agents), state[0] / 100)

    def update(self, record: Record, state: Any, key: int | None) -> Any:
        return (state[0] + 1, state[1] + (key is not None))


@pytest.mark.parametrize("memory", ["round0", "history"])
def test_state_is_carried_in_the_seeded_order_and_is_explicit(small: Make, memory: str) -> None:
    finished = run(small(defense={"kind": "test-counting", "memory": memory}))
    gates = finished.transcript.gates[:, 1, 1, 0]
    assert sorted(gates.tolist()) == [0.0, 0.01, 0.02, 0.03]


def test_audits_show_a_share_of_the_keys(small: Make) -> None:
    from fjsim.deliberation.item import Item
    from fjsim.deliberation.learning import shown_key
    from fjsim.runs.resolve import resolve

    setup = resolve(small(questions={"limit": 100}))
    policy = Counting(labels=Audit(0.2))
    keys = [shown_key(policy, Item(question), 0) for question in setup.questions]
    assert 8 <= sum(key is not None for key in keys) <= 35


def test_warm_up_questions_play_round_zero_only_and_leave_every_metric(small: Make) -> None:
    finished = run(small(warmup=1, defense="test-counting"))
    assert finished.transcript.n_items == 3
    rounds = [t.round for t in finished.contents.turns.values() if t.arm == "clean"]
    assert max(rounds) == 3
    assert sum(number == 0 for number in rounds) == 16
    assert sum(number == 1 for number in rounds) == 12


def test_second_best_waits_for_round_zero_and_takes_the_likeliest_wrong_option(small: Make) -> None:
    finished = run(small(attack={"kind": "stubborn", "target": "second-best"}))
    transcript = finished.transcript
    assert transcript.targets is not None
    means = transcript.beliefs[:, 0, 1:].mean(axis=1)
    means[np.arange(4), transcript.keys] = -1
    assert transcript.targets.tolist() == means.argmax(axis=1).tolist()


def test_a_mixed_team_asks_each_seats_own_backend(small: Make) -> None:
    stiff = {"kind": "llm", "backend": {"kind": "simulated", "stubbornness": 1.0}}
    soft = {"kind": "llm", "backend": {"kind": "simulated", "stubbornness": 0.0}}
    finished = run(small(attack="none", topology="complete", agents=[stiff, soft]))
    beliefs = finished.transcript.beliefs
    np.testing.assert_allclose(beliefs[:, -1, 0], beliefs[:, 0, 0], atol=1e-5)
    assert not np.allclose(beliefs[:, -1, 1], beliefs[:, 0, 1], atol=1e-3)


def test_without_self_view_the_prediction_still_is_the_law(small: Make) -> None:
    finished = run(small(self_view=False, topology="complete"))
    prediction = finished.outcome.prediction["declared"]
    assert prediction is not None
    assert prediction.error == pytest.approx(0, abs=3e-4)


@pytest.mark.parametrize("residual", ["innate", "self"])
def test_without_self_view_no_blended_view_is_shown_either(small: Make, residual: str) -> None:
    defense = {"kind": "trust-adaptive", "residual": residual}
    finished = run(small(self_view=False, topology="complete", defense=defense))
    assert np.nanmin(finished.transcript.gates) < 1
    prediction = finished.outcome.prediction["declared"]
    assert prediction is not None
    assert prediction.error == pytest.approx(0, abs=3e-4)


@pytest.mark.parametrize("shown", [["answer", "reason"], ["answer", "confidence"]])
def test_predictions_assume_the_expressed_belief_where_beliefs_are_not_seen(
    small: Make, shown: list[str]
) -> None:
    finished = run(small(peers_see=shown, topology="complete"))
    prediction = finished.outcome.prediction["declared"]
    assert prediction is not None
    assert prediction.error == pytest.approx(0, abs=1e-3)
    assert "answer" in finished.outcome.assumes


@pytest.mark.parametrize("channel", ["logprobs", "frequency"])
def test_other_elicitation_channels_run_end_to_end(small: Make, channel: str) -> None:
    finished = run(small(elicitation={"channel": channel, "samples": 3}))
    assert finished.outcome.missing_share == 0
    if channel == "frequency":
        assert set(np.unique(finished.transcript.beliefs[:, 0])) <= {0.0, 1.0}
        assert turn(finished, "clean", 1, 1).cost.calls == 3
    else:
        assert turn(finished, "clean", 1, 1).mass == pytest.approx(1)


def test_without_neighbours_every_round_is_self_reflection(small: Make) -> None:
    finished = run(small(attack="none", topology="isolated"))
    beliefs = finished.transcript.beliefs
    np.testing.assert_allclose(beliefs[:, -1], beliefs[:, 0], atol=1e-5)
    assert (finished.transcript.heard_round == -1).all()
