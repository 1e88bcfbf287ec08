"""Ten million agents, fifty million edges: grown, solved and certified in one process.

``python -m benchmarks.engine.huge [N_AGENTS]``
"""

from __future__ import annotations

import resource
import sys
import time
import tracemalloc
from dataclasses import dataclass

import numpy as np

from fjsim.dynamics.equilibria.equilibrium import solve_network
from fjsim.dynamics.networks.generators import barabasi_albert


@dataclass(frozen=True)
class HugeRun:
    """What it took."""

    n_agents: int
    n_edges: int
    grow_seconds: float
    solve_seconds: float
    iterations: int
    error_bound: float
    peak_gib: float
    graph_gib: float
    beyond_gib: float


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(n_agents: int = 10_000_000, n_new: int = 5) -> HugeRun:
    """Grow a scale-free network and solve it to 1e-8 with stubbornness .1."""
    solve_network(barabasi_albert(100, 2, 0), np.zeros(100), 0.1)
    started = time.perf_counter()
    network = barabasi_albert(n_agents, n_new, 1)
    grown = time.perf_counter()
    innate = np.random.default_rng(0).random(n_agents)
    # numpy reports what it holds, so this is exact and costs nothing.
    tracemalloc.start()
    found = solve_network(network, innate, 0.1)
    beyond = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    done = time.perf_counter()
    graph = (network.indices.nbytes + network.indptr.nbytes) / 2**30
    return HugeRun(
        network.n_agents,
        network.n_edges,
        grown - started,
        done - grown,
        found.iterations,
        found.error_bound,
        _peak(),
        graph,
        beyond / 2**30,
    )


if __name__ == "__main__":
    result = run(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000)
    sys.stdout.write(f"{result}\n")
