"""What a deliberation mixes where peers read answers, and which part of its gain is routing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.fitting.predict.beliefs import law_rows
from fjsim.ledger.mixture import mixture_ledger
from fjsim.ledger.pooling import brier_risk
from fjsim.ledger.reading import read_mixture
from fjsim.ledger.theorems import ACTUAL, READ
from fjsim.records.transcript import Transcript


@pytest.fixture(scope="module", params=[["answer", "reason"], ["answer", "confidence"]])
def transcript(request: Any) -> Transcript:
    team = fjsim.Scenario(
        agents={"kind": "numeric", "count": 5},
        rounds=5,
        questions={"limit": 60},
        peers_see=request.param,
    )
    return fjsim.run(team).transcript


@pytest.mark.parametrize("n_rounds", [1, 5])
def test_a_mixture_of_what_was_read_is_what_numeric_agents_come_to_believe(
    transcript: Transcript, n_rounds: int
) -> None:
    part = transcript.first_rounds(n_rounds)
    mixture = read_mixture(part, law_rows(part, None)[:, 0])
    assert np.allclose(mixture.agents.sum(axis=1), 1)
    assert np.abs(mixture.mixed() - part.beliefs[:, -1].mean(axis=1)).max() < 1e-9


def test_gates_on_initial_beliefs_are_not_what_a_team_mixes_that_reads_answers(
    transcript: Transcript,
) -> None:
    report = mixture_ledger(transcript)
    risks = report.ledger.set_index("rule")["risk"]
    assert abs(risks[READ] - risks[ACTUAL]) < 0.005
    if transcript.peers_read == "answer":
        assert risks["FJ gate per item"] - risks[ACTUAL] > 0.03


def test_the_parts_of_the_gain_are_all_of_it_and_sharpening_is_no_routing(
    transcript: Transcript,
) -> None:
    parts = mixture_ledger(transcript).sources.set_index("part")["value"]
    assert parts.drop("all").sum() == pytest.approx(parts["all"])
    if transcript.peers_read == "answer":
        assert parts["sharpening"] > 0.03
    assert parts["routing"] < parts["sharpening"]


def test_nothing_is_sharpened_where_beliefs_are_read() -> None:
    team = fjsim.Scenario(agents={"kind": "numeric", "count": 4}, rounds=3, questions={"limit": 30})
    given = fjsim.run(team).transcript
    parts = mixture_ledger(given).sources.set_index("part")["value"]
    assert parts["sharpening"] == pytest.approx(0, abs=1e-12)
    truth = (np.arange(given.n_options) == given.keys[:, None]).astype(float)
    last = np.nan_to_num(given.beliefs[:, -1].mean(axis=1))
    uniform = np.nan_to_num(given.innate.mean(axis=1))
    whole = (brier_risk(uniform, truth) - brier_risk(last, truth)).mean()
    assert parts["all"] == pytest.approx(whole)
