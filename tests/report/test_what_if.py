"""What an agent would have held had another been silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fjsim.dynamics import FJParameters, rollout
from fjsim.report.what_if import WhatIf, what_if
from fjsim.runs import Run, run
from fjsim.scenario import Scenario


def played(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "topology": "star",
        "attack": "stubborn",
        "agents": {"kind": "numeric", "count": 5},
        "questions": {"limit": 8},
        "rounds": 4,
    }
    return run(Scenario(**(values | changes)))


def replays(done: Run) -> WhatIf:
    found = what_if(done, done.spoken_arm())
    assert found is not None
    return found


def test_numeric_agents_are_replayed_exactly() -> None:
    found = replays(played())
    assert found.replayed
    assert float(np.nanmax(found.error)) < 1e-9
    assert found.sentences(0, 1)[-1] == "Replayed exactly: numeric agents follow the law."


def test_without_the_hub_a_leaf_hears_nobody_and_keeps_its_own_last_belief() -> None:
    found = replays(played())
    # Nobody but the hub speaks to a leaf, so that without it its belief never moves.
    first, alone = found.transcript.beliefs[:, 0], found.silenced[0]
    np.testing.assert_allclose(alone[:, 1:], first[:, 1:], atol=1e-12)


def test_a_silent_speaker_is_the_law_without_it() -> None:
    found = replays(played(topology="complete", attack="none"))
    arm = found.transcript
    assert arm.influence is not None
    assert arm.stubbornness is not None
    assert arm.self_weight is not None
    weights, self_weight = np.array(arm.influence), arm.self_weight[0]
    # What listeners gave to seat 2 goes to their own last belief.
    given = weights[:, 2].copy()
    given[2] = 0.0
    own = self_weight + (1 - self_weight) * given
    weights[np.arange(5) != 2, 2] = 0.0
    rest = weights.sum(axis=1, keepdims=True)
    law = FJParameters(arm.stubbornness[0], influence=weights / rest, self_weight=own)
    expected = rollout(law, arm.innate[0], arm.n_rounds)[-1]
    np.testing.assert_allclose(found.silenced[2][0], expected, atol=1e-12)


def test_the_sentence_names_who_made_the_difference() -> None:
    found = replays(played())
    arm, said = found.transcript, 0
    for at in range(arm.n_items):
        for agent in arm.benign:
            first, last = arm.beliefs[at, [0, -1], agent].argmax(axis=-1)
            sentence = found.sentences(at, agent)[0]
            if first != last and arm.answers[at, -1, agent] == last:
                assert sentence.startswith(f"Without agent-0, agent-{agent} stays")
                said += 1
            elif first == last:
                assert sentence == (
                    f"Without any one of the others, agent-{agent} still ends at "
                    f"{'ABCDEFGH'[last]}."
                )
    assert said > 3


def test_a_pull_is_what_the_law_adds_for_one_message() -> None:
    found = replays(played())
    pulls, arm = found.pulls, found.transcript
    assert pulls is not None
    assert arm.targets is not None
    assert arm.stubbornness is not None
    assert arm.self_weight is not None
    target = arm.targets[0]
    heard = (1 - arm.stubbornness[0, 1]) * (1 - arm.self_weight[0, 1])
    gap = arm.beliefs[0, 0, 0, target] - arm.beliefs[0, 0, 1, target]
    assert pulls[0, 0, 1, 0] == pytest.approx(heard * gap)
    assert pulls[0, 0, 1, 2] == 0.0


def test_models_are_replayed_by_the_law_and_marked_so() -> None:
    found = replays(played(agents={"kind": "llm", "count": 5}))
    assert not found.replayed
    assert found.sentences(0, 1)[-1].startswith("By the law with the parameters that the agents")


def test_gates_are_taken_as_they_were_and_said_to_be() -> None:
    found = replays(played(defense={"kind": "fixed-trust", "level": 0.5}))
    assert not found.replayed
    assert "the gates as recorded" in found.sentences(0, 1)[-1]


def test_forged_messages_leave_the_answer_unknown_with_the_reason() -> None:
    found = replays(played(attack={"kind": "tamper", "seat": 1}, topology="complete"))
    [sentence] = found.sentences(0, 2)
    assert sentence.startswith("How it would have ended without another is not known, because")
    assert "forged" in sentence
    assert found.pulls is None


def test_where_the_law_ends_elsewhere_it_does_not_speak() -> None:
    found = replays(played())
    wrong = replace(found, law=FJParameters(1.0, influence=np.full((5, 5), 0.2)))
    arm = found.transcript
    moved = [
        (at, agent)
        for at in range(arm.n_items)
        for agent in arm.benign
        if len(set(arm.beliefs[at, [0, -1], agent].argmax(axis=-1))) == 2
    ]
    for at, agent in moved:
        [sentence] = wrong.sentences(at, agent)
        assert sentence.startswith("Not known: by the law")
    assert moved
