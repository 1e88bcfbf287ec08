"""More benign agents, more resistance, less trust: each lowers the takeover, as the law says."""

import itertools
from typing import Any

import pytest

from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.sweep import run_sweep

TEAM = {
    "kind": "numeric",
    "count": 5,
    "stubbornness": 0.1,
    "stubbornness_concentration": 0.0,
    "self_weight": 0.3,
}
LEVELS: dict[str, dict[str, Any]] = {
    "more benign agents": {"agents": [3, 6, 12]},
    "more resistance": {"vary": {"agents.stubbornness": [0.05, 0.3, 0.7]}},
    "less trust": {
        "defenses": [{"kind": "fixed-trust", "level": level} for level in (1.0, 0.5, 0.1)]
    },
}


@pytest.mark.parametrize("mechanism", LEVELS)
def test_takeover_falls_along_each_mechanism_as_predicted(mechanism) -> None:
    base = {
        "agents": TEAM,
        "questions": {"limit": 12},
        "rounds": 6,
        "topology": "complete",
        "attack": "stubborn",
    }
    rows = run_sweep(Sweep(base=base, **LEVELS[mechanism])).table
    for name in ("takeover_observed", "takeover_predicted"):
        assert all(above > below for above, below in itertools.pairwise(rows[name]))
        # Intervals of the ends do not touch: the fall is no chance.
        assert rows[f"{name}_low"].iloc[0] > rows[f"{name}_high"].iloc[-1]
    for observed, predicted in zip(
        rows["takeover_observed"], rows["takeover_predicted"], strict=True
    ):
        assert observed == pytest.approx(predicted, abs=1e-9)
