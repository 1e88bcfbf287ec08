"""Constant trust written as ordinary parameters: the same path as trust round by round."""

from __future__ import annotations

from typing import get_args

import networkx as nx
import numpy as np
import pytest

from fjsim.beliefs import Array
from fjsim.dynamics import FJParameters, rollout, takeover
from fjsim.dynamics.law.gates import gated
from fjsim.dynamics.law.rollout import Residual
from fjsim.errors import ParameterError

RESIDUALS = get_args(Residual)


def random_influence(random: np.random.Generator, n: int) -> Array:
    """Draw rows with self-loops, with nobody to hear, and with nobody but oneself."""
    heard = random.exponential(size=(n, n)) * (random.random((n, n)) < random.uniform(0.2, 1))
    if random.random() < 0.5:
        np.fill_diagonal(heard, 0.0)
    alone = random.random(n) < 0.2
    heard[alone] = np.eye(n)[alone] * (random.random() < 0.7)
    total = heard.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(heard, total, out=np.zeros_like(heard), where=total > 0))


def random_gate(random: np.random.Generator, n: int) -> Array:
    """Draw trust that is shut, full, all but shut and all but full as well as in between."""
    kinds = random.choice([0.0, 1.0, 1e-16, 1 - 1e-16, 0.5, -1.0], size=(n, n))
    return np.where(kinds < 0, random.random((n, n)), kinds)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_gated_parameters_follow_the_path_that_gates_give(residual: Residual) -> None:
    for seed in range(400):
        random = np.random.default_rng(seed)
        n = int(random.integers(1, 9))
        parameters = FJParameters(
            random.random(n), random.random(n), influence=random_influence(random, n)
        )
        gate = random_gate(random, n)
        innate = random.dirichlet(np.ones(3), n)
        by_round = rollout(parameters, innate, 5, gates=gate, residual=residual)
        at_once = rollout(gated(parameters, gate, residual), innate, 5)
        np.testing.assert_allclose(at_once, by_round, atol=1e-13, err_msg=str(seed))


@pytest.mark.parametrize("residual", RESIDUALS)
def test_who_hears_only_itself_keeps_its_row(residual: Residual) -> None:
    alone = FJParameters(0.2, 0.3, influence=[[1.0, 0.0], [0.5, 0.5]])
    gate = [[0.4, 1.0], [0.7, 0.9]]
    trusted = gated(alone, gate, residual)
    np.testing.assert_allclose(trusted.influence.sum(axis=1), 1.0)
    np.testing.assert_allclose(
        rollout(trusted, [0.0, 1.0], 6),
        rollout(alone, [0.0, 1.0], 6, gates=gate, residual=residual),
        atol=1e-14,
    )


@pytest.mark.parametrize("residual", RESIDUALS)
def test_less_trust_in_adversaries_is_predicted_on_every_graph(residual: Residual) -> None:
    random = np.random.default_rng(0)
    for n in range(3, 41):
        for graph in (nx.complete_graph(n), nx.gnp_random_graph(n, 0.4, seed=n)):
            trust = float(random.choice([0.1, 0.5, 0.9]))
            found = takeover(
                graph,
                seats=["hub"],
                stubbornness=0.1,
                self_weight=0.3,
                trust=trust,
                residual=residual,
                n_rounds=3,
            )
            full = takeover(graph, seats=["hub"], stubbornness=0.1, self_weight=0.3, n_rounds=3)
            assert found.after_rounds is not None
            assert full.after_rounds is not None
            assert np.nanmax(found.after_rounds - full.after_rounds) <= 1e-12


def test_a_gate_out_of_range_is_refused() -> None:
    pair = FJParameters(0.2, influence=[[0, 1], [1, 0]])
    for gate in (-0.1, 1.1, float("nan")):
        with pytest.raises(ParameterError, match="every gate must be a number"):
            gated(pair, np.full((2, 2), gate), "self")
