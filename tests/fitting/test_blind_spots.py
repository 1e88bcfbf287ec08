"""What the data cannot say is named, and its parameter comes back null."""

from __future__ import annotations

import json

import numpy as np
from synthetic_deliberations import path, random_beliefs, random_rows, simulated, transcript_of

from fjsim.fitting import FJFit, fit
from fjsim.fitting.rows.solving import finite_influence


def quick(transcript, **parameters) -> FJFit:
    return fit(transcript, resamples=20, **parameters)


def weights(found: FJFit) -> np.ndarray:
    """Return influence between different seats; an agent's own entry is 0 by definition."""
    return found.influence[~np.eye(found.n_agents, dtype=bool)]


def reasons(found: FJFit) -> str:
    return " | ".join(found.warnings)


def test_everybody_agrees() -> None:
    rng = np.random.default_rng(0)
    found = quick(simulated(rng, random_rows(rng, 4), random_beliefs(rng, 30, 4, 4, 0.0), 4))
    assert "everybody agrees" in reasons(found)
    assert np.isnan(found.stubbornness).all()
    assert np.isnan(weights(found)).all()


def test_a_single_update() -> None:
    rng = np.random.default_rng(1)
    truth = random_rows(rng, 4)
    found = quick(simulated(rng, truth, random_beliefs(rng, 60, 4, 4), 1, process_noise=0.01))
    assert "a single update" in reasons(found)
    assert np.isnan(found.stubbornness).all()
    assert np.isnan(found.self_weight).all()
    assert found.identified.influence[~np.eye(4, dtype=bool)].all()
    assert np.nanmax(np.abs(found.rows[:, 2:] - truth[:, 2:])) < 0.05


def test_only_the_equilibrium() -> None:
    rng = np.random.default_rng(2)
    truth = random_rows(rng, 4)
    innate = random_beliefs(rng, 60, 4, 4)
    rest = path(rng, truth, innate, 2000)[:, -1]
    found = quick(transcript_of(np.stack([innate, rest, rest], axis=1)))
    assert "only the equilibrium" in reasons(found)
    assert np.isnan(found.stubbornness).all()
    assert np.isnan(found.self_weight).all()
    assert found.equilibrium_influence is not None
    assert np.abs(found.equilibrium_influence - finite_influence(truth, 5000)).max() < 1e-5
    true_influence = truth[:, 2:] / truth[:, 2:].sum(-1, keepdims=True)
    assert np.abs(found.influence - true_influence).max() < 1e-5


def test_clones() -> None:
    rng = np.random.default_rng(3)
    truth = random_rows(rng, 4)
    truth[3] = truth[2]
    truth[3, 2 + 2], truth[3, 2 + 3] = truth[2, 2 + 3], 0.0
    innate = random_beliefs(rng, 60, 4, 4)
    innate[:, 3] = innate[:, 2]
    found = quick(simulated(rng, truth, innate, 5))
    assert "clones 2 and 3" in reasons(found)
    assert np.isnan(found.influence[0, 2:]).all()
    assert abs(found.rows[0, 4:].sum() - truth[0, 4:].sum()) < 1e-6
    assert np.isfinite(found.stubbornness[0])


def test_stubbornness_near_zero() -> None:
    rng = np.random.default_rng(4)
    truth = random_rows(rng, 4, stubbornness=(0.0, 0.0))
    found = quick(simulated(rng, truth, random_beliefs(rng, 60, 4, 4), 5, process_noise=0.01))
    assert "stubbornness near 0" in reasons(found)
    assert found.equilibrium_influence is None
    assert not found.identified.equilibrium
    assert np.allclose(found.influence_shares.sum(), 1)


def test_never_moves() -> None:
    rng = np.random.default_rng(5)
    innate = random_beliefs(rng, 30, 4, 4)
    found = quick(transcript_of(np.repeat(innate[:, None], 5, axis=1)))
    assert "never moves" in reasons(found)
    assert np.isnan(found.stubbornness).all()
    assert np.isnan(weights(found)).all()


def test_what_is_not_identified_is_null_in_json_and_the_rest_is_a_number() -> None:
    rng = np.random.default_rng(6)
    found = quick(simulated(rng, random_rows(rng, 3), random_beliefs(rng, 30, 3, 3), 1))
    shown = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert shown["parameters"]["stubbornness"] == [None] * 3
    assert shown["identified"]["stubbornness"] == [False] * 3
    assert shown["intervals"]["stubbornness"] == [[None] * 3] * 2
    assert all(shown["identified"]["reasons"])


def test_identified_parameters_carry_no_reason() -> None:
    rng = np.random.default_rng(7)
    transcript = simulated(rng, random_rows(rng, 4), random_beliefs(rng, 80, 4, 4), 5, 0.02)
    found = quick(transcript)
    assert found.identified.reasons == ((), (), (), ())
    assert found.warnings == ()
    assert (found.identified.rank == found.identified.n_unknowns).all()


def test_noise_that_drowns_the_differences_is_named() -> None:
    rng = np.random.default_rng(8)
    innate = random_beliefs(rng, 3, 4, 3, spread=0.05)
    found = quick(simulated(rng, random_rows(rng, 4), innate, 2, process_noise=0.1))
    assert np.isnan(found.stubbornness).any()
    assert "too little for the noise" in reasons(found)
