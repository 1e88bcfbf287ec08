"""Routers: who is listened to, per question."""

import numpy as np

from fjsim import registry
from fjsim.contracts import Record


def test_uniform_router_leaves_the_graphs_weights_alone() -> None:
    influence = np.array([[0, 1.0], [1.0, 0]])
    beliefs = np.full((1, 2, 3), 1 / 3)
    record = Record("q", influence, beliefs, beliefs, np.zeros((1, 2), int), np.ones((1, 2)))
    assert registry.build("router", "uniform").weights(record, None) is influence
