"""Who hears whom: families of graphs, and routers that choose listeners per question."""

from fjsim_topologies import community, from_file, random_graphs, regular, routing

__all__ = ["community", "from_file", "random_graphs", "regular", "routing"]
