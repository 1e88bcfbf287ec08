"""Who hears whom: families of graphs."""

from fjsim.registry import declare

declare(
    "topology",
    {
        "stochastic-block": "fjsim_topologies.community",
        "from-file": "fjsim_topologies.from_file",
        "erdos-renyi": "fjsim_topologies.random_graphs",
        "barabasi-albert": "fjsim_topologies.random_graphs",
        "watts-strogatz": "fjsim_topologies.random_graphs",
        "random-regular": "fjsim_topologies.random_graphs",
        "complete": "fjsim_topologies.regular",
        "isolated": "fjsim_topologies.regular",
        "star": "fjsim_topologies.regular",
        "wheel": "fjsim_topologies.regular",
        "chain": "fjsim_topologies.regular",
        "ring": "fjsim_topologies.regular",
        "tree": "fjsim_topologies.regular",
        "grid": "fjsim_topologies.regular",
        "layered": "fjsim_topologies.regular",
    },
)
