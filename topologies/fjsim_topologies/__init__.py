"""Who hears whom: families of graphs."""

from fjsim_topologies import community, from_file, random_graphs, regular

__all__ = ["community", "from_file", "random_graphs", "regular"]
