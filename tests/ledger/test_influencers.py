"""Who becomes an influencer: proxies, forests and the ceiling of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fjsim.fitting import fit
from fjsim.ledger.influencers import PROXIES, influencers, item_shares, observable_proxies
from fjsim.records.transcript import Transcript


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    rng = np.random.default_rng(0)
    n_items, n_agents, n_times = 120, 4, 5
    innate = rng.dirichlet(np.full(3, 0.6), (n_items, n_agents))
    heard = np.broadcast_to(
        np.arange(n_times)[None, :, None, None] - 1, (n_items, n_times, n_agents, n_agents)
    )
    heard = np.where(np.eye(n_agents, dtype=bool), -1, heard)
    sure = innate.max(-1)
    beliefs = [innate]
    for _ in range(n_times - 1):
        weight = np.exp(6 * sure)[:, None, :] * (1 - np.eye(n_agents))
        weight /= weight.sum(-1, keepdims=True)
        beliefs.append(0.3 * innate + 0.3 * beliefs[-1] + 0.4 * weight @ beliefs[-1])
    played = np.stack(beliefs, 1)
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(n_items)),
        replicas=np.zeros(n_items, dtype=np.int64),
        keys=np.zeros(n_items, dtype=np.int64),
        beliefs=played,
        answers=played.argmax(-1),
        validity=np.zeros(played.shape[:3], dtype=np.int64),
        heard_round=heard,
        gates=np.ones(heard.shape),
    )


def test_confidence_explains_influence_where_it_makes_it(transcript: Transcript) -> None:
    gates = item_shares(fit(transcript, "gated", resamples=0), transcript)
    assert np.allclose(gates.sum(1), 1)
    found = influencers(transcript, gates, np.arange(120) % 5)
    table: Any = found.regression.set_index("model")
    assert table.loc["forest", "r2"] > 0.5
    assert table.loc["ridge", PROXIES[0]] + table.loc["ridge", PROXIES[1]] > 0
    top1: Any = found.classification.set_index("model")
    assert top1.loc["forest", "top1"] > 2 * top1.loc["forest", "chance"]
    assert 0 <= table.loc["noise ceiling", "r2"] <= 1


def test_constant_influence_has_nothing_to_explain(transcript: Transcript) -> None:
    gates = np.full((120, 4), 0.25)
    table: Any = influencers(transcript, gates, np.arange(120) % 5).regression
    assert np.isnan(table.set_index("model").loc["ridge", "r2"])


def test_proxies_are_read_from_round_0_only(transcript: Transcript) -> None:
    shorter = observable_proxies(transcript.first_rounds(0))
    assert np.array_equal(shorter, observable_proxies(transcript))
    assert shorter.shape == (120, 4, 3)
