"""The Friedkin-Johnsen law: parameters, rollouts, equilibria, influence and takeover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported

if TYPE_CHECKING:
    from fjsim.dynamics.attacked import closed_forms
    from fjsim.dynamics.attacked.flips import Flips
    from fjsim.dynamics.attacked.named_graphs import ClosedForm
    from fjsim.dynamics.attacked.phase import PhaseDiagram, phase_diagram
    from fjsim.dynamics.attacked.seats import (
        Protection,
        SeatSearch,
        optimal_seats,
        protect_edges,
        protect_seats,
        seat_danger,
    )
    from fjsim.dynamics.attacked.takeover import Takeover, takeover
    from fjsim.dynamics.equilibria.equilibrium import Equilibrium, equilibrium, solve_network
    from fjsim.dynamics.law.absorption import AbsorptionEstimate, estimate_belief
    from fjsim.dynamics.law.gates import gated
    from fjsim.dynamics.law.graphs import hub_seat, influence_matrix, leaf_seat
    from fjsim.dynamics.law.influence import (
        Concentration,
        concentration,
        influence_shares,
        total_influence,
    )
    from fjsim.dynamics.law.measures import (
        MuscoIndex,
        disagreement,
        musco_disagreement,
        musco_index,
        musco_polarization,
        polarization,
    )
    from fjsim.dynamics.law.parameters import FJParameters
    from fjsim.dynamics.law.rollout import rollout, step
    from fjsim.dynamics.law.signed import camps, signed_rollout, signed_takeover, signed_update
    from fjsim.dynamics.networks.edges import EdgeList, network_from_edges, read_edges
    from fjsim.dynamics.networks.network import Network

__all__ = [
    "AbsorptionEstimate",
    "ClosedForm",
    "Concentration",
    "EdgeList",
    "Equilibrium",
    "FJParameters",
    "Flips",
    "MuscoIndex",
    "Network",
    "PhaseDiagram",
    "Protection",
    "SeatSearch",
    "Takeover",
    "camps",
    "closed_forms",
    "concentration",
    "disagreement",
    "equilibrium",
    "estimate_belief",
    "gated",
    "hub_seat",
    "influence_matrix",
    "influence_shares",
    "leaf_seat",
    "musco_disagreement",
    "musco_index",
    "musco_polarization",
    "network_from_edges",
    "optimal_seats",
    "phase_diagram",
    "polarization",
    "protect_edges",
    "protect_seats",
    "read_edges",
    "rollout",
    "seat_danger",
    "signed_rollout",
    "signed_takeover",
    "signed_update",
    "solve_network",
    "step",
    "takeover",
    "total_influence",
]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.dynamics.attacked.closed_forms": [],
        "fjsim.dynamics.attacked.flips": ["Flips"],
        "fjsim.dynamics.attacked.named_graphs": ["ClosedForm"],
        "fjsim.dynamics.attacked.phase": ["PhaseDiagram", "phase_diagram"],
        "fjsim.dynamics.attacked.seats": [
            "Protection",
            "SeatSearch",
            "optimal_seats",
            "protect_edges",
            "protect_seats",
            "seat_danger",
        ],
        "fjsim.dynamics.attacked.takeover": ["Takeover", "takeover"],
        "fjsim.dynamics.equilibria.equilibrium": ["Equilibrium", "equilibrium", "solve_network"],
        "fjsim.dynamics.law.absorption": ["AbsorptionEstimate", "estimate_belief"],
        "fjsim.dynamics.law.gates": ["gated"],
        "fjsim.dynamics.law.graphs": ["hub_seat", "influence_matrix", "leaf_seat"],
        "fjsim.dynamics.law.influence": [
            "Concentration",
            "concentration",
            "influence_shares",
            "total_influence",
        ],
        "fjsim.dynamics.law.measures": [
            "MuscoIndex",
            "disagreement",
            "musco_disagreement",
            "musco_index",
            "musco_polarization",
            "polarization",
        ],
        "fjsim.dynamics.law.parameters": ["FJParameters"],
        "fjsim.dynamics.law.rollout": ["rollout", "step"],
        "fjsim.dynamics.law.signed": [
            "camps",
            "signed_rollout",
            "signed_takeover",
            "signed_update",
        ],
        "fjsim.dynamics.networks.edges": ["EdgeList", "network_from_edges", "read_edges"],
        "fjsim.dynamics.networks.network": ["Network"],
    },
)
