"""The Friedkin-Johnsen law: parameters, rollouts, equilibria, influence and takeover."""

from fjsim.dynamics.absorption import AbsorptionEstimate, estimate_belief
from fjsim.dynamics.edges import EdgeList, network_from_edges, read_edges
from fjsim.dynamics.equilibrium import Equilibrium, equilibrium, solve_network
from fjsim.dynamics.flips import Flips
from fjsim.dynamics.gating import gated
from fjsim.dynamics.graphs import hub_seat, influence_matrix, leaf_seat
from fjsim.dynamics.influence import (
    Concentration,
    concentration,
    influence_shares,
    total_influence,
)
from fjsim.dynamics.measures import (
    MuscoIndex,
    disagreement,
    musco_disagreement,
    musco_index,
    musco_polarization,
    polarization,
)
from fjsim.dynamics.named_graphs import ClosedForm
from fjsim.dynamics.network import Network
from fjsim.dynamics.parameters import FJParameters
from fjsim.dynamics.phase import PhaseDiagram, phase_diagram
from fjsim.dynamics.rollout import rollout, step
from fjsim.dynamics.seats import (
    Protection,
    SeatSearch,
    optimal_seats,
    protect_edges,
    protect_seats,
    seat_danger,
)
from fjsim.dynamics.takeover import Takeover, takeover

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
    "solve_network",
    "step",
    "takeover",
    "total_influence",
]
