"""Who hears whom: families of graphs, and routers that choose listeners per question."""

from fjsim_topologies import (
    alignment_routing,
    community,
    competence_routing,
    confidence_routing,
    from_file,
    oracle_routing,
    perceived_routing,
    random_graphs,
    regular,
    routing,
)

__all__ = [
    "alignment_routing",
    "community",
    "competence_routing",
    "confidence_routing",
    "from_file",
    "oracle_routing",
    "perceived_routing",
    "random_graphs",
    "regular",
    "routing",
]
