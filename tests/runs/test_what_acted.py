"""What acted on a listener is kept beside the defense's gate, in the log and in the transcript."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.errors import StorageError
from fjsim.fitting.predict.beliefs import one_step_beliefs
from fjsim.fitting.rows.hearing import hearing
from fjsim.metrics.detection import mean_trust
from fjsim.records import EVENTS, Turn
from fjsim.records.building import load_transcript
from fjsim.records.lines import line_of
from fjsim.runs import Run, run
from fjsim.runs.unread import INVENTED, MIXED, RECRUITED, REWRITTEN
from fjsim.scenario import Scenario

TEAM = {"topology": "complete", "attack": "stubborn", "agents": 4, "rounds": 3}


def play(folder: Path | None = None, **changes: Any) -> Run:
    values = {**TEAM, "questions": {"limit": 3}, **changes}
    return run(Scenario(**values), folder, cache=False)


FRAME = ("v", "type", "crc")


def rewritten(event: dict[str, Any]) -> bytes:
    """Return a changed line with the checksum that belongs to it."""
    return line_of(event["type"], {k: v for k, v in event.items() if k not in FRAME})


def gated(channel: str, kind: str = "beta-reputation", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "channel": channel, **more}


@pytest.mark.parametrize("channel", ["withhold", "sample"])
def test_a_delivered_message_acts_in_full_and_its_gate_is_kept_beside_it(channel: str) -> None:
    transcript = play(defense=gated(channel, "consensus-distance")).transcript
    assert transcript.acting is not None
    sent, reached = ~np.isnan(transcript.gates), transcript.heard_round >= 0
    fractional = sent & (transcript.gates < 1)
    assert (fractional & reached).any()
    assert (fractional & ~reached).any()
    np.testing.assert_array_equal(transcript.acting[fractional & reached], 1.0)
    np.testing.assert_array_equal(transcript.acting[sent & ~reached], 0.0)
    read = hearing(transcript)
    assert set(np.unique(read.gate[read.heard])) == {1.0}


@pytest.mark.parametrize("channel", ["withhold", "sample", "label", "blend"])
def test_trust_is_read_off_the_gates_that_the_defense_gave(channel: str) -> None:
    defense = gated(channel, "fixed-trust", level=0.4, threshold=0.3)
    transcript = play(defense=defense).transcript
    assert transcript.heard_round.max() > 0
    np.testing.assert_allclose(np.unique(mean_trust(transcript)[:, 1:]), 0.4)


def test_what_was_kept_back_did_not_reach_the_agent() -> None:
    done = play(defense=gated("withhold", "fixed-trust", level=0.4))
    later = [turn for turn in done.contents.turns.values() if turn.round]
    assert {turn.reached for turn in later} == {()}
    assert {len(turn.heard) for turn in later} == {3}


def test_numeric_agents_are_gated_by_the_gate_itself() -> None:
    numeric = {"kind": "numeric", "count": 4}
    transcript = play(agents=numeric, defense=gated("withhold")).transcript
    assert transcript.acting is None
    read = hearing(transcript)
    assert (read.gate[read.heard] < 1).any()


@pytest.mark.parametrize("agents", [4, {"kind": "numeric", "count": 4}], ids=["models", "numeric"])
def test_gates_that_differ_by_option_are_recorded_by_option(agents: Any) -> None:
    transcript = play(agents=agents, defense="w-msr").transcript
    by_option = transcript.option_gates
    assert by_option is not None
    written = ~np.isnan(by_option).all(axis=-1)
    assert written.any()
    assert (np.ptp(by_option[written], axis=-1) > 0).all(), "equal gates need one number"
    np.testing.assert_allclose(by_option[written].mean(axis=-1), transcript.gates[written])


def test_a_run_without_a_defense_writes_nothing_of_it(tmp_path: Path) -> None:
    play(tmp_path / "r")
    text = (tmp_path / "r" / EVENTS).read_text()
    for name in ("acting", "option_gates", "kept"):
        assert f'"{name}"' not in text


def test_gates_by_option_stay_small_beside_what_was_said(tmp_path: Path) -> None:
    sizes = {}
    for defense in ("none", "w-msr"):
        play(tmp_path / defense, defense=defense)
        sizes[defense] = (tmp_path / defense / EVENTS).stat().st_size
    assert sizes["w-msr"] < 1.5 * sizes["none"]


def test_a_log_that_says_nothing_of_the_law_is_still_read(tmp_path: Path) -> None:
    play(tmp_path / "r", defense=gated("blend"))
    path = tmp_path / "r" / EVENTS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("law", None)
        line.pop("kept", None)
    path.write_bytes(b"".join(rewritten(line) for line in lines))
    old = load_transcript(tmp_path / "r", "attacked")
    assert (old.played, old.kept, old.acting) == (None, None, None)
    passed = hearing(old).passed
    assert passed is not None
    assert passed.min() < 1, "the accepted share is read off stated and accepted beliefs"
    assert Turn.from_dict({k: v for k, v in lines[2].items() if k not in FRAME})


def test_a_damaged_law_is_a_clear_line(tmp_path: Path) -> None:
    play(tmp_path / "r")
    path = tmp_path / "r" / EVENTS
    head, rest = path.read_bytes().split(b"\n", 1)
    line = json.loads(head)
    line["law"]["router"] = "shout"
    path.write_bytes(rewritten(line) + rest)
    with pytest.raises(StorageError, match="does not say how the run was played"):
        load_transcript(tmp_path / "r")


def test_a_blending_router_is_known_to_a_fit_of_its_folder(tmp_path: Path) -> None:
    known = {"stubbornness": 0.2, "stubbornness_concentration": 0, "self_weight": 0.3}
    play(
        tmp_path / "r",
        router=gated("blend", "self-confidence"),
        backend={"kind": "simulated", **known},
        questions={"limit": 8},
    )
    found = fjsim.fit(tmp_path / "r", resamples=50)
    np.testing.assert_allclose(found.stubbornness, 0.2, atol=1e-5)
    np.testing.assert_allclose(found.self_weight, 0.3, atol=1e-5)
    assert found.influence_shares.sum() == pytest.approx(1)


def test_the_clean_arm_of_a_blending_router_predicts_the_attacked_one() -> None:
    done = play(router=gated("blend", "self-confidence"), questions={"limit": 8})
    fitted = done.outcome.prediction["fitted_clean"]
    assert fitted is not None
    assert fitted.error is not None
    assert fitted.error < 0.02
    assert done.outcome.because == {}


MIXED_TEAM = [{"kind": "llm", "count": 2}, {"kind": "numeric", "count": 2}]


@pytest.mark.parametrize(
    ("changes", "attacked", "clean"),
    [
        ({"attack": "sybil"}, INVENTED, ""),
        ({"attack": "tamper"}, REWRITTEN, ""),
        ({"attack": "infect", "agents": {"kind": "numeric", "count": 4}}, RECRUITED, ""),
        ({"agents": MIXED_TEAM, "defense": gated("label")}, MIXED, MIXED),
    ],
    ids=["invented", "rewritten", "recruited", "mixed"],
)
def test_what_a_prediction_refuses_a_fit_says_in_the_same_words(
    changes: dict[str, Any], attacked: str, clean: str
) -> None:
    done = play(**changes)
    for arm, reason in (("attacked", attacked), ("clean", clean)):
        transcript = done.arms[arm]  # type: ignore[index]
        assert transcript.played is not None
        assert transcript.played.unread == reason
        found = fjsim.fit(transcript, resamples=0)
        told = [text for text in found.warnings if text.startswith("no law can be read")]
        assert told == ([f"no law can be read off this arm: {reason}"] if reason else [])
    if attacked != REWRITTEN:
        assert set(done.outcome.because.values()) == {attacked}
    else:
        assert done.outcome.because == {"fitted_first_rounds": REWRITTEN}


def test_a_reason_is_in_the_json_of_a_run() -> None:
    told = play(attack="sybil").as_dict()["prediction"]
    assert told["because"] == dict.fromkeys(  # type: ignore[index]
        ("declared", "fitted_clean", "fitted_first_rounds"), INVENTED
    )


def test_a_missing_speaker_is_shown_by_the_same_weights_as_the_others() -> None:
    transcript = play(
        router=gated("withhold", "self-confidence", threshold=0.1),
        backend={"kind": "simulated", "invalid": 0.3},
        elicitation={"repairs": 0},
    ).arms["clean"]
    assert (transcript.validity == 3).any()
    steps = one_step_beliefs(transcript)
    assert np.nanmax(np.abs(steps - transcript.beliefs)) < 1e-6


def test_selecting_items_and_rounds_keeps_what_acted() -> None:
    transcript = play(defense="w-msr", router=gated("blend", "self-confidence")).transcript
    part = transcript.select(np.array([2, 0])).first_rounds(2)
    for name in ("option_gates", "kept", "gates"):
        whole = getattr(transcript, name)
        np.testing.assert_array_equal(getattr(part, name), whole[[2, 0], :3])
    assert transcript.routed is not None
    np.testing.assert_array_equal(part.routed, transcript.routed[[2, 0]])
    assert replace(part, played=None).played is None


def test_a_run_in_which_peers_read_nothing_is_read_again_from_its_folder(tmp_path: Path) -> None:
    scenario = Scenario(
        topology="complete", agents=3, rounds=2, questions={"limit": 2}, peers_see=["reason"]
    )
    whole = run(scenario, tmp_path / "r")
    assert load_transcript(tmp_path / "r").peers_read == whole.transcript.peers_read == "nothing"
