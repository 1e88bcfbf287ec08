"""Answer and reason alone: the law by which they are heard, its predictions and its fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim import fit, takeover
from fjsim.beliefs import Array, certain
from fjsim.records import Transcript, load_transcript
from fjsim.runs import Run, load_run, run
from fjsim.scenario import Scenario

SHOWN = ("answer", "reason")
HEARD: dict[str, Any] = {"words": 0.7, "persuasiveness_spread": 0.6, "readiness": 0.25}


def scenario(kind: str, heard: dict[str, Any], **changes: Any) -> Scenario:
    team: dict[str, Any] = {"kind": kind, "count": 5}
    values: dict[str, Any] = {
        "agents": team if kind == "llm" else {**team, **heard},
        "backend": {"kind": "simulated", **heard} if kind == "llm" else "simulated",
        "topology": "complete",
        "attack": "stubborn",
        "rounds": 5,
        "peers_see": SHOWN,
        "questions": {"limit": 8},
    }
    return Scenario(**{**values, **changes})


def played(kind: str, heard: dict[str, Any], **changes: Any) -> Run:
    return run(scenario(kind, heard, **changes), cache=False)


def declared_error(finished: Run) -> float:
    prediction = finished.prediction["declared"]
    assert prediction is not None
    assert prediction.error is not None
    return prediction.error


def expressed(belief: Array, words: float) -> Array:
    return certain(int(belief.argmax()), len(belief), 1 - words * (1 - float(belief.max())))


def by_hand(transcript: Transcript, item: int) -> Array:
    """Play the law of one clean item from what the log declares of it."""
    assert transcript.stubbornness is not None
    assert transcript.influence is not None
    there = ~np.isnan(transcript.beliefs[item, 0, 0])
    first = transcript.beliefs[item, 0][:, there]
    gamma, weights = transcript.stubbornness[item][:, None], transcript.influence[item]
    belief = first
    for _ in range(transcript.n_rounds):
        said = np.array([expressed(one, HEARD["words"]) for one in belief])
        belief = gamma * first + (1 - gamma) * (0.1 * belief + 0.9 * weights @ said)
    return belief


def test_agents_without_text_move_by_the_law_that_the_page_states() -> None:
    clean = played("numeric", HEARD).arms["clean"]
    for item in range(clean.n_items):
        there = ~np.isnan(clean.beliefs[item, 0, 0])
        np.testing.assert_allclose(
            clean.beliefs[item, -1][:, there], by_hand(clean, item), atol=1e-9
        )


def test_the_log_declares_what_is_left_of_stubbornness_and_whom_a_listener_prefers() -> None:
    plain = played("numeric", {}).arms["clean"]
    heard = played("numeric", HEARD).arms["clean"]
    assert plain.stubbornness is not None
    assert heard.stubbornness is not None
    assert heard.influence is not None
    np.testing.assert_allclose(heard.stubbornness, 0.75 * plain.stubbornness)
    assert (plain.peers_read, heard.peers_read) == ("answer", "words")
    assert heard.influence.shape == (8, 5, 5)
    np.testing.assert_allclose(heard.influence.sum(axis=-1), 1)
    # Every listener of one speaker is persuaded by the same factor.
    ratios = heard.influence[:, 0, 3] / heard.influence[:, 0, 4]
    np.testing.assert_allclose(heard.influence[:, 1, 3] / heard.influence[:, 1, 4], ratios)
    assert np.log(ratios).std() > 0.3


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"topology": "star", "attack": {"kind": "stubborn", "seat": "leaf"}},
        {"attack": {"kind": "stubborn", "persuasiveness": 4.0}},
        {"attack": "tamper"},
        {"attack": {"kind": "stubborn", "stubbornness": 0.6}},
        {"protocol": "sequential"},
        {"defense": "trust-adaptive"},
        {"router": "self-confidence"},
        {"router": {"kind": "alignment", "channel": "blend"}, "self_view": False},
        {"router": {"kind": "top-k", "channel": "withhold"}},
        {"defense": {"kind": "t-s", "channel": "sample"}},
    ],
    ids=str,
)
@pytest.mark.parametrize(("kind", "within"), [("numeric", 1e-6), ("llm", 1e-5)])
def test_the_declared_law_predicts_what_is_played(
    kind: str, within: float, changes: dict[str, Any]
) -> None:
    # Where what a model said is blended, its reason is dropped, and who yields declares nothing.
    blends = kind == "llm" and ("blend" in str(changes) or "trust-adaptive" in str(changes))
    heard = {**HEARD, "readiness": 0.0} if blends else HEARD
    finished = played(kind, heard, **changes)
    assert declared_error(finished) < within
    metrics = finished.metrics
    observed, predicted = metrics["takeover_observed"], metrics["takeover_predicted"]
    assert predicted.value == pytest.approx(observed.value, abs=10 * within)


@pytest.mark.parametrize("kind", ["numeric", "llm"])
def test_readiness_acts_only_where_reasons_are_shown(kind: str) -> None:
    for shown in (("answer", "confidence"), ("answer", "reason", "confidence", "belief")):
        finished = played(kind, {"readiness": 0.5}, peers_see=shown)
        plain = played(kind, {}, peers_see=shown)
        same = np.allclose(
            finished.transcript.beliefs, plain.transcript.beliefs, equal_nan=True, atol=1e-9
        )
        assert same is ("reason" not in shown)
        assert declared_error(finished) < 1e-5


def test_where_a_reason_may_be_dropped_who_yields_to_reasons_declares_nothing() -> None:
    finished = played("llm", {"readiness": 0.5}, defense={"kind": "t-s", "channel": "blend"})
    assert finished.prediction["declared"] is None
    assert finished.prediction["fitted_clean"] is not None


@pytest.mark.parametrize("kind", ["numeric", "llm"])
def test_a_fit_reads_off_words_what_listeners_read(kind: str) -> None:
    alike = {"words": 0.8, "stubbornness_concentration": 0.0, "readiness": 0.2}
    finished = played(kind, alike, attack="none", questions={"limit": 40}, rounds=4)
    found = fit(finished.transcript, model="pooled")
    assert found.stubbornness == pytest.approx(np.full(5, 0.8 * 0.38), abs=1e-4)
    assert found.self_weight == pytest.approx(np.full(5, 0.1), abs=1e-4)


@pytest.mark.parametrize("kind", ["numeric", "llm"])
def test_a_run_is_read_again_from_its_folder_with_its_words_and_weights(
    kind: str, tmp_path: Path
) -> None:
    attack = {"kind": "stubborn", "persuasiveness": 3}
    whole = run(scenario(kind, HEARD, attack=attack), out=tmp_path / "r", cache=False)
    again = load_transcript(tmp_path / "r")
    assert again.influence is not None
    assert whole.transcript.influence is not None
    np.testing.assert_array_equal(again.influence, whole.transcript.influence)
    np.testing.assert_array_equal(again.words, [0.7] * 5)
    assert load_run(tmp_path / "r").as_dict()["prediction"] == whole.as_dict()["prediction"]


@pytest.mark.parametrize("kind", ["numeric", "llm"])
@pytest.mark.parametrize(("topology", "seat"), [("complete", "hub"), ("star", "leaf")])
def test_a_persuasive_adversary_takes_over_as_much_as_theory_says(
    kind: str, topology: str, seat: str
) -> None:
    alike = {"stubbornness_concentration": 0.0}
    finished = played(
        kind,
        alike,
        topology=topology,
        attack={"kind": "stubborn", "seat": seat, "persuasiveness": 3, "certainty": 1.0},
        peers_see=("answer", "reason", "confidence", "belief"),
    )
    clean, attacked = finished.arms["clean"], finished.arms["attacked"]
    at = takeover(
        topology,
        5,
        [seat],
        stubbornness=0.38,
        self_weight=0.1,
        n_rounds=5,
        persuasiveness=3.0,
    )
    assert at.after_rounds is not None
    assert attacked.targets is not None
    # The other seats' round-0 beliefs weigh what the adversary's does not: A is linear in them.
    rows = np.arange(attacked.n_items)
    uniform = takeover(topology, 5, [seat], stubbornness=0.38, self_weight=0.1, n_rounds=5)
    assert uniform.mean_after_rounds is not None
    assert at.mean_after_rounds is not None
    assert at.mean_after_rounds > uniform.mean_after_rounds
    assert declared_error(finished) < 1e-5
    benign = list(attacked.benign)
    reached = attacked.beliefs[rows, -1][:, benign][rows, :, attacked.targets]
    share = at.after_rounds[benign]
    assert (reached >= share - 1e-6).all()
    assert (reached <= share + (1 - share) * clean.beliefs[rows, 0].max()).all()


def test_a_persuasive_hub_of_a_star_gains_nothing() -> None:
    plain = played("numeric", {}, topology="star")
    loud = played("numeric", {}, topology="star", attack={"kind": "stubborn", "persuasiveness": 50})
    np.testing.assert_array_equal(plain.transcript.beliefs, loud.transcript.beliefs)


def test_an_honest_turn_of_an_adversary_that_sleeps_persuades_like_any_other() -> None:
    sleeping = {"kind": "sleeper", "honest_questions": 4, "persuasiveness": 5}
    finished = played("numeric", {}, attack=sleeping)
    influence = finished.transcript.influence
    assert influence is not None
    order = [one.question.id for one in _setup_items(finished)]
    honest = np.isin(finished.transcript.question_ids, order[:4])
    np.testing.assert_allclose(influence[honest, 1, 0], 1 / 4)
    np.testing.assert_allclose(influence[~honest, 1, 0], 5 / 8)


def _setup_items(finished: Run) -> Any:
    from fjsim.runs.resolve import resolve

    return resolve(finished.scenario).items
