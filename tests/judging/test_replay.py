"""A defense replayed over a recorded run gives the gates that it gave while the run was played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.contracts import Record
from fjsim.errors import PluginError
from fjsim.judging.replay import replay
from fjsim.judging.source import judged_log
from fjsim.registry import build
from fjsim.scenario import Scenario
from fjsim_defenses.shared.policy import TrustPolicy

NUMERIC = {"kind": "numeric", "count": 5, "stubbornness": 0.1, "self_weight": 0.3}


def played(defense: Any, attack: str = "stubborn", **values: Any) -> fjsim.Run:
    given: dict[str, Any] = {
        "topology": "complete", "attack": attack, "defense": defense, "agents": NUMERIC,
        "questions": {"limit": 8}, "rounds": 4, "seed": 3,
    }  # fmt: skip
    return fjsim.run(Scenario(**(given | values)))


def gap(run: fjsim.Run, labels: bool = True) -> float:
    """Largest distance of replayed gates from recorded ones, over both arms."""
    log, worst = judged_log(run), 0.0
    defense = build("defense", run.scenario.defense.as_dict())
    for arm in (log.main, log.clean):
        assert arm is not None
        found = replay(arm, defense, labels, run.scenario.seed).gates
        recorded = arm.transcript.gates
        assert np.array_equal(np.isnan(found), np.isnan(recorded))
        worst = max(worst, float(np.nanmax(np.abs(found - recorded))))
    return worst


@pytest.mark.parametrize(
    "defense",
    [
        "ballot", "trust-adaptive", "peer-agreement", "consensus-distance", "bounded-confidence",
        "stubbornness-detector", "fj-residual", "beta-reputation", "quarantine", "w-msr",
        {"kind": "trust-adaptive", "labels": "all"},
        {"kind": "beta-reputation", "labels": {"audit": 0.5}},
        {"kind": "trust-adaptive", "scope": "local", "residual": "renormalise"},
    ],
)  # fmt: skip
def test_replayed_gates_are_those_of_the_run(defense: Any) -> None:
    run = played(defense, "wobble")
    assert run.transcript.gates.shape[0] == 8
    assert gap(run) <= 1e-12


@pytest.mark.parametrize("defense", ["t-w", "t-ws", "t-s", "audit"])
def test_policies_with_a_warm_up_learn_from_it_again(defense: str) -> None:
    limit = 13 if defense in ("t-w", "t-ws") else 8
    run = played(defense, "sleeper", warmup=limit - 3, questions={"limit": limit})
    assert run.transcript.n_items == 3
    assert gap(run) <= 1e-12


@pytest.mark.parametrize("channel", ["withhold", "sample", "label"])
def test_messages_that_a_channel_kept_back_are_judged_as_well(channel: str) -> None:
    run = played({"kind": "ballot", "channel": channel, "threshold": 0.7}, questions={"limit": 3},
                 agents=4, rounds=2)  # fmt: skip
    assert gap(run) <= 1e-12


def test_speakers_in_turn_are_judged_by_what_they_say_in_their_round() -> None:
    assert gap(played("ballot", protocol="sequential")) <= 1e-12
    assert gap(played("trust-adaptive", protocol="sequential")) <= 1e-12


def test_every_replica_has_a_memory_of_its_own(tmp_path: Path) -> None:
    run = fjsim.run(played("trust-adaptive", replicas=2).scenario, out=tmp_path / "run")
    assert gap(run) <= 1e-12
    assert gap(fjsim.load_run(tmp_path / "run")) <= 1e-12


def test_the_order_of_play_is_that_of_the_run_and_not_of_the_file(tmp_path: Path) -> None:
    run = fjsim.run(played("beta-reputation").scenario, out=tmp_path / "run")
    in_order = judged_log(tmp_path / "run").main
    by_file = replace(in_order, tracks=(tuple(sorted(in_order.tracks[0], key=lambda s: s.item)),))
    assert by_file.tracks != in_order.tracks
    defense = build("defense", "beta-reputation")
    recorded = run.transcript.gates
    assert np.nanmax(np.abs(replay(in_order, defense).gates - recorded)) <= 1e-12
    assert np.nanmax(np.abs(replay(by_file, defense).gates - recorded)) > 1e-6


def test_without_labels_no_defense_sees_a_key() -> None:
    class Curious(TrustPolicy):
        memory = "history"
        labels = "all"
        seen: list[int | None] = []  # noqa: RUF012

        def gates(self, record: Record, state: Any) -> Any:
            return np.ones((record.n_agents, record.n_agents))

        def update(self, record: Record, state: Any, key: int | None) -> None:
            self.seen.append(key)

    log = judged_log(played("none", questions={"limit": 3}, rounds=1))
    replay(log.main, Curious())
    assert Curious.seen == [None] * 3
    replay(log.main, Curious(), labels=True)
    assert all(key is not None for key in Curious.seen[3:])


def test_gates_of_another_shape_are_refused_with_the_name_of_the_defense() -> None:
    class Narrow(TrustPolicy):
        def gates(self, record: Record, state: Any) -> Any:
            return np.ones(record.n_agents)

    log = judged_log(played("none", questions={"limit": 2}, rounds=1))
    with pytest.raises(PluginError, match="Narrow gave gates of shape"):
        replay(log.main, Narrow())


def test_an_option_that_nobody_could_name_shifts_no_other() -> None:
    rng = np.random.default_rng(0)
    whole = played("none", questions={"limit": 2}).transcript
    answers = rng.choice([0, 2, 3], whole.answers.shape)
    beliefs = np.where(np.arange(whole.n_options) == answers[..., None], 1.0, 0.0)
    log = replace(whole, beliefs=beliefs, stated_beliefs=None, answers=answers)
    gaps = beliefs.copy()
    gaps[..., 1] = np.nan
    gapped = replace(log, beliefs=gaps)
    for name in ("ballot", "unlike"):
        defense = build("defense", name)
        expected, found = (replay(judged_log(one).main, defense).gates for one in (log, gapped))
        np.testing.assert_array_equal(found, expected)
        assert (found < 1).any()
