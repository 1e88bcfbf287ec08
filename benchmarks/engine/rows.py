"""The rows: what is measured, against what, and what was promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx
import numpy as np
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.engine import peers
from benchmarks.engine.measure import peak_bytes, race
from fjsim.beliefs import Array
from fjsim.dynamics import FJParameters, equilibrium, network_from_edges, rollout, total_influence
from fjsim.dynamics.equilibria.equilibrium import solve_network
from fjsim.dynamics.networks.generators import barabasi_albert, communities, grid, random_network
from fjsim.dynamics.networks.network import Network


@dataclass(frozen=True)
class Row:
    """One contestant at one task.

    Parameters
    ----------
    work, who : str
        The task, and who does it.
    seconds : float
        Least CPU time.
    in_spmv : float or None
        The same in products of scipy's sparse influence with a vector.
    ours_is : float
        How many times faster fjsim is.
    iterations : int or None
    error : float or None
        Certified, or against the reference.
    peak_mib : float or None
        Beyond what was there before.
    goal : str
        What was promised; empty for peers.
    met : bool or None
    """

    work: str
    who: str
    seconds: float
    in_spmv: float | None = None
    ours_is: float = 1.0
    iterations: int | None = None
    error: float | None = None
    peak_mib: float | None = None
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Sizes:
    """How large the tasks are.

    Parameters
    ----------
    large, small : int
        Agents of the largest network, and of the others.
    settings : int
        Small groups at once.
    round_agents : int
        Agents of the network that plays one round.
    promised : bool
        Whether what is promised is promised for these sizes.
    """

    large: int
    small: int
    settings: int
    round_agents: int
    promised: bool


FULL = Sizes(1_000_000, 100_000, 100_000, 5_000, True)
TABLE = Sizes(200_000, 20_000, 50_000, 5_000, True)
"""What is promised holds from here on, and all of it is measured in some minutes."""
QUICK = Sizes(2_000, 1_000, 1_000, 200, False)
"""Shows that all runs, not how fast."""
REPEATS = 5


def rows(sizes: Sizes = FULL) -> Iterator[Row]:
    """Yield every engine row, measured now, one thread.

    Parameters
    ----------
    sizes : Sizes
        `FULL`, `TABLE` or `QUICK`.
    """
    for row in _measured(sizes):
        # Small sizes say nothing about promises made for large ones.
        yield row if sizes.promised else replace(row, goal="", met=None)


def _measured(sizes: Sizes) -> Iterator[Row]:
    with threadpool_limits(1):
        yield from _networks(sizes.large, sizes.small)
        yield from _two_options(sizes.large // 5 if sizes is FULL else sizes.large)
        yield from _directed(sizes.small)
        for n_agents in (5, 10):
            yield from _dense(n_agents, sizes.settings)
        yield from _shared(sizes.settings)
        yield from _rollouts(sizes.settings)
        yield from _one_round(sizes.round_agents)


def table(measured: list[Row]) -> Table:
    """Return the rows as one table."""
    shown = Table(title="engine: CPU time, one thread, side by side")
    headings = ("work", "who", "time", "SpMV", "ours is", "iterations", "error", "peak MiB", "goal")
    for heading in headings:
        shown.add_column(heading, justify="left" if heading in ("work", "who", "goal") else "right")
    last = ""
    for row in measured:
        if row.work != last and last:
            shown.add_section()
        verdict = "" if row.met is None else (" met" if row.met else " MISSED")
        shown.add_row(
            row.work if row.work != last else "",
            row.who,
            _time(row.seconds),
            "" if row.in_spmv is None else f"{row.in_spmv:.1f}",
            "" if row.who == "fjsim" else f"{row.ours_is:.1f}×",
            "" if row.iterations is None else str(row.iterations),
            "" if row.error is None else f"{row.error:.0e}",
            "" if row.peak_mib is None else f"{row.peak_mib:.0f}",
            row.goal + verdict,
        )
        last = row.work
    return shown


def _time(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds >= 0.1 else f"{seconds * 1e3:.3f} ms"


def connected(network: Network) -> Network:
    """Drop isolated agents: the peers divide by degrees."""
    adjacency = network.adjacency()
    keep = np.flatnonzero(np.diff(network.indptr))
    if keep.size == network.n_agents:
        return network
    inner = adjacency[keep][:, keep].tocoo()
    half = inner.row < inner.col
    return network_from_edges(inner.col[half], inner.row[half], n_agents=keep.size)


def smooth_innate(influence: Any, seed: int = 7) -> Array:
    """Return opinions that neighbours share in part: independent ones are too easy."""
    draw = np.random.default_rng(seed)
    field = draw.standard_normal(influence.shape[0])
    for _ in range(20):
        field = 0.5 * field + 0.5 * (influence @ field)
    field = (field - field.mean()) / field.std() + 0.5 * draw.standard_normal(field.size)
    return np.asarray(1 / (1 + np.exp(-field - 0.4)))


def _networks(large: int, small: int) -> Iterator[Row]:
    """Four families, three kinds of stubbornness where they matter."""
    grown = barabasi_albert(large, 5, 1)
    yield from _symmetric(f"scale-free n={large:,} stubbornness .1", grown, 0.1, 28, None, True)
    yield from _symmetric(f"scale-free n={large:,} 1/(1+degree)", grown, None, None, None, False)
    del grown
    split = connected(communities(small, small // 1000 or 1, 9.0, 1.0, 2))
    yield from _symmetric(f"communities n={small:,} .01", split, 0.01, 85, 8.0, False)
    yield from _symmetric(
        f"random n={small:,} .01",
        connected(random_network(small, 10.0, 3)),
        0.01,
        None,
        None,
        False,
    )
    side = int(small**0.5)
    yield from _symmetric(f"grid n={side * side:,} .01", grid(side), 0.01, None, None, False)


def _symmetric(
    work: str,
    network: Network,
    stubbornness: float | None,
    most_spmv: float | None,
    least_ratio: float | None,
    memory: bool,
) -> Iterator[Row]:
    """Conjugate gradients beside scipy's, and beside the fixed point."""
    influence, adjacency = network.influence(), network.adjacency()
    n = network.n_agents
    held = 1 / (1 + np.diff(network.indptr)) if stubbornness is None else np.full(n, stubbornness)
    innate = smooth_innate(influence)
    relative = 2e-10 if stubbornness == 0.1 else 1e-10
    entrants: dict[str, Callable[[], Any]] = {
        "spmv": lambda: influence @ innate,
        "fjsim": lambda: solve_network(network, innate, held),
        "scipy CG": lambda: peers.conjugate_gradients(adjacency, influence, held, innate, relative),
        "fixed point": lambda: peers.fixed_point(influence, held, innate),
    }
    entrants["fjsim"]()
    seconds, found = race(entrants, REPEATS)
    spmv = race({"spmv": entrants["spmv"]}, 9)[0]["spmv"]
    ours = seconds["fjsim"]
    goals, met = [], True
    if most_spmv is not None:
        goals.append(f"<= {most_spmv:g} SpMV")
        met &= ours / spmv <= most_spmv
    if least_ratio is not None:
        goals.append(f">= {least_ratio:g}× fixed point")
        met &= seconds["fixed point"] / ours >= least_ratio
    peaks: dict[str, float] = {}
    for who in ("fjsim", "scipy CG", "fixed point"):
        peak = peak_bytes(entrants[who]) if memory and who != "fixed point" else None
        if peak is not None:
            peaks[who] = peak
        yield Row(
            work,
            who,
            seconds[who],
            seconds[who] / spmv,
            seconds[who] / ours,
            found[who].iterations,
            found[who].error_bound,
            None if peak is None else peak / 2**20,
            ", ".join(goals) if who == "fjsim" else "",
            met if goals and who == "fjsim" else None,
        )
    if peaks:
        yield _memory(n, ours, peaks["fjsim"])


def _memory(n: int, seconds: float, peak: float) -> Row:
    """Return what solving holds beyond the network, in vectors."""
    vectors = peak / 8 / n
    return Row(
        f"memory n={n:,}",
        "fjsim",
        seconds,
        peak_mib=peak / 2**20,
        goal=f"<= 7 vectors: {vectors:.1f}",
        met=vectors <= 7.05,
    )


def _two_options(n: int) -> Iterator[Row]:
    """Beliefs over two options, everyone stubborn by another measure."""
    network = connected(communities(n, n // 2000 or 1, 9.0, 1.0, 2))
    influence, n = network.influence(), network.n_agents
    held = np.random.default_rng(3).uniform(0.005, 0.3, n)
    innate = smooth_innate(influence)
    beliefs = np.stack([innate, 1 - innate], axis=1)

    def one_after_the_other() -> int:
        found = (peers.fixed_point(influence, held, column) for column in beliefs.T)
        return sum(one.iterations for one in found)

    entrants: dict[str, Callable[[], Any]] = {
        "spmv": lambda: influence @ innate,
        "fjsim": lambda: solve_network(network, beliefs, held),
        "one option alone": lambda: solve_network(network, innate, held),
        "fixed point": one_after_the_other,
    }
    entrants["fjsim"]()
    seconds, found = race(entrants, REPEATS)
    spmv = race({"spmv": entrants["spmv"]}, 9)[0]["spmv"]
    for who in list(entrants)[1:]:
        first = who == "fjsim"
        yield Row(
            f"two options n={n:,} .005 to .3",
            who,
            seconds[who],
            seconds[who] / spmv,
            seconds[who] / seconds["fjsim"],
            found[who].iterations if first else None,
            found[who].error_bound if first else None,
            None,
            "<= 100 SpMV" if first else "",
            seconds[who] / spmv <= 100 if first else None,
        )


def _directed(n: int) -> Iterator[Row]:
    """Weights that run one way."""
    base = connected(communities(n, n // 1000 or 1, 9.0, 1.0, 2))
    pattern = base.adjacency().tocoo()
    weights = np.random.default_rng(5).exponential(size=pattern.nnz)
    network = network_from_edges(pattern.col, pattern.row, weights, base.n_agents, directed=True)
    influence = network.influence()
    innate, held = smooth_innate(influence), np.full(network.n_agents, 0.01)
    entrants: dict[str, Callable[[], Any]] = {
        "spmv": lambda: influence @ innate,
        "fjsim": lambda: solve_network(network, innate, held),
        "scipy BiCGSTAB": lambda: peers.krylov("bicgstab", influence, held, innate, 3e-11),
        "scipy GMRES": lambda: peers.krylov("gmres", influence, held, innate, 3e-11),
        "fixed point": lambda: peers.fixed_point(influence, held, innate),
    }
    entrants["fjsim"]()
    seconds, found = race(entrants, REPEATS)
    spmv = race({"spmv": entrants["spmv"]}, 9)[0]["spmv"]
    for who in list(entrants)[1:]:
        yield Row(
            f"directed weights n={network.n_agents:,} .01",
            who,
            seconds[who],
            seconds[who] / spmv,
            seconds[who] / seconds["fjsim"],
            found[who].iterations,
            found[who].error_bound,
            None,
            "<= 135 SpMV" if who == "fjsim" else "",
            seconds[who] / spmv <= 135 if who == "fjsim" else None,
        )


def _settings(n_settings: int, n_agents: int) -> tuple[Array, Array, Array]:
    draw = np.random.default_rng(0)
    influence = draw.random((n_settings, n_agents, n_agents))
    influence[:, range(n_agents), range(n_agents)] = 0
    influence /= influence.sum(axis=-1, keepdims=True)
    held = draw.uniform(0.05, 0.95, (n_settings, n_agents))
    return influence, held, draw.random((n_settings, n_agents))


def _against(
    work: str,
    seconds: dict[str, float],
    goals: dict[str, float],
    error: float,
) -> Iterator[Row]:
    """Rows of a race whose goals are ratios to named peers."""
    ours = seconds["fjsim"]
    met = all(seconds[peer] / ours >= least for peer, least in goals.items())
    goal = ", ".join(f">= {least:g}× {peer}" for peer, least in goals.items())
    for who, spent in seconds.items():
        first = who == "fjsim"
        yield Row(
            work,
            who,
            spent,
            ours_is=spent / ours,
            error=error if first else None,
            goal=goal if first else "",
            met=met if first else None,
        )


def _dense(n_agents: int, n_settings: int) -> Iterator[Row]:
    """Distinct small systems; loops run on a sample and are scaled up."""
    influence, held, innate = _settings(n_settings, n_agents)
    parameters = FJParameters(held, influence=influence)
    some = min(n_settings, 500)
    entrants: dict[str, Callable[[], Any]] = {
        "fjsim": lambda: equilibrium(parameters, innate),
        "batched numpy": lambda: peers.batched_solve(influence, held, innate),
        "Python loop": lambda: peers.looped_solve(influence[:some], held[:some], innate[:some]),
    }
    entrants["fjsim"]()
    seconds, found = race(entrants, 5)
    seconds["Python loop"] *= n_settings / some
    error = float(np.abs(found["fjsim"].beliefs - found["batched numpy"]).max())
    least = {5: (6, 100), 10: (4, 60)}[n_agents]
    goals = {"batched numpy": float(least[0]), "Python loop": float(least[1])}
    yield from _against(f"{n_settings:,} dense systems n={n_agents}", seconds, goals, error)


def _shared(n_questions: int) -> Iterator[Row]:
    """One group, many questions: total influence once, then one product."""
    influence, held, _ = _settings(1, 50)
    innate = np.random.default_rng(1).random((n_questions, 50))
    parameters = FJParameters(held[0], influence=influence[0])
    system = np.eye(50) - (1 - held[0])[:, None] * influence[0]
    square = np.random.default_rng(2).random((1000, 1000))
    entrants: dict[str, Callable[[], Any]] = {
        "fjsim": lambda: innate @ total_influence(parameters).T,
        "solve, many right-hand sides": lambda: np.linalg.solve(system, (held[0] * innate).T).T,
        "dgemm 1000": lambda: square @ square,
    }
    seconds, found = race(entrants, 5)
    dgemm = 2e9 / seconds.pop("dgemm 1000")
    error = float(np.abs(found["fjsim"] - found["solve, many right-hand sides"]).max())
    work = f"shared influence n=50, {n_questions:,} questions"
    yield from _against(work, seconds, {"solve, many right-hand sides": 4.0}, error)
    share = 2 * 50**2 * n_questions / seconds["fjsim"] / dgemm
    yield Row(
        work, "fjsim", seconds["fjsim"], goal=f">= 50 % of dgemm: {share:.0%}", met=share >= 0.5
    )


def _rollouts(n_settings: int) -> Iterator[Row]:
    """Ten rounds of ten agents."""
    influence, held, innate = _settings(n_settings, 10)
    parameters = FJParameters(held, influence=influence)
    some, few = min(n_settings, 300), min(n_settings, 30)
    entrants: dict[str, Callable[[], Any]] = {
        "fjsim": lambda: rollout(parameters, innate, 10),
        "einsum": lambda: peers.einsum_rollout(influence, held, innate, 10),
        "numpy loop": lambda: peers.looped_rollout(
            influence[:some], held[:some], innate[:some], 10
        ),
        "Python loop": lambda: peers.python_rollout(influence[:few], held[:few], innate[:few], 10),
    }
    entrants["fjsim"]()
    seconds, found = race(entrants, 5)
    seconds["numpy loop"] *= n_settings / some
    seconds["Python loop"] *= n_settings / few
    error = float(np.abs(found["fjsim"] - found["einsum"]).max())
    work = f"rollout of 10 rounds n=10, {n_settings:,} settings"
    yield from _against(work, seconds, {"einsum": 5.0, "numpy loop": 100.0}, error)


def _one_round(n_agents: int) -> Iterator[Row]:
    """One round on a sparse graph beside a loop over its nodes."""
    network = barabasi_albert(n_agents, 5, 1)
    innate = np.random.default_rng(0).random(n_agents)
    parameters = FJParameters(0.1, influence=network.influence())
    graph = nx.from_scipy_sparse_array(network.adjacency())
    for node, opinion in enumerate(innate.tolist()):
        graph.nodes[node].update(opinion=opinion, innate=opinion)
    entrants: dict[str, Callable[[], Any]] = {
        "fjsim": lambda: [rollout(parameters, innate, 1) for _ in range(20)][-1],
        "networkx loop": lambda: peers.networkx_round(graph, 0.1),
    }
    seconds, found = race(entrants, 7)
    seconds["fjsim"] /= 20
    after = np.array(list(found["networkx loop"].values()))
    error = float(np.abs(found["fjsim"][1] - after).max())
    yield from _against(f"one round n={n_agents:,}", seconds, {"networkx loop": 300.0}, error)
