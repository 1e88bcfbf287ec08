"""``fjsim solve``: the equilibrium of a large network from an edge list."""

from __future__ import annotations

import io
import resource
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import log10
from pathlib import Path
from time import perf_counter
from typing import IO, Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.table import Table

from fjsim.beliefs import Array
from fjsim.cli.console import err, out, print_json
from fjsim.cli.progress import watched
from fjsim.compiling import compiling
from fjsim.csv_file import inert_cell, original_cell
from fjsim.dynamics.equilibria.equilibrium import Equilibrium, solve_network
from fjsim.dynamics.law.measures import disagreement, polarization
from fjsim.dynamics.networks.edges import EdgeList, read_edges
from fjsim.dynamics.networks.network import Network
from fjsim.errors import ConfigError, ParameterError, StorageError
from fjsim.seeds import stream
from fjsim.unpacking import Limited

SHARES = 100
"""A bar counts in hundredths: digits gained, and bytes, are no counts for people."""
LEAST_SHOWN = 0.05
"""Seconds of compilation that are worth a line."""
Report = Callable[[float, float, str], None]


def solve(
    edges: Annotated[
        Path, typer.Argument(help="CSV, TSV, .gz or .npz: speaker,listener[,weight].")
    ],
    innate: Annotated[
        Path | None, typer.Option(help="CSV node,opinion; default seeded uniform opinions.")
    ] = None,
    stubbornness: Annotated[
        str, typer.Option(help="A number in 0..1, or a CSV node,stubbornness.")
    ] = "0.1",
    tolerance: Annotated[float, typer.Option(help="Certified error to reach.")] = 1e-8,
    directed: Annotated[
        bool, typer.Option("--directed", help="Only the listener hears the speaker.")
    ] = False,
    seed: Annotated[int, typer.Option(help="For the default opinions.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write node,opinion here (.csv or .csv.gz).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Solve where the opinions of a large network end up, with a certified error.

    Example: a network of friends, everyone a little stubborn

        fjsim solve friends.csv.gz --innate opinions.csv --stubbornness .1 --out final.csv
    """
    started, compiled_before = perf_counter(), compiling.seconds
    with _progress("reading edges") as report:
        read = read_edges(
            edges,
            directed=directed,
            progress=lambda done, total: report(done, total, "reading edges"),
        )
        read, opinions = _innate(read, innate, seed)
        held = _stubbornness(stubbornness, read.labels)
        first: list[float] = []
        compiling.tell = lambda: report(0, 1, "compiling, once on this machine")

        def tell(iteration: int, bound: float) -> None:
            # Progress on a log scale: an iteration gains digits, not distance.
            if bound > 0:
                first.append(bound)
                gained, wanted = log10(first[0] / bound), log10(max(first[0] / tolerance, 10))
                report(gained, wanted, f"iteration {iteration}, error {bound:.1e}")

        found = solve_network(read.network, opinions, held, tolerance=tolerance, progress=tell)
    if output is not None:
        _write(output, read.labels, found.beliefs)
    compiled = compiling.seconds - compiled_before
    summary = _as_json(read.network, found, perf_counter() - started - compiled, compiled)
    if innate is None:
        err.print(f"no --innate given: opinions drawn uniformly from [0, 1] with seed {seed}")
    if json:
        print_json(summary)
    else:
        _print(summary, found)


@contextmanager
def _progress(title: str) -> Iterator[Report]:
    """Show a bar on a terminal, and a line now and then elsewhere."""
    with watched(title) as watch:

        def report(done: float, total: float, text: str) -> None:
            watch.rename(text)
            watch.count(min(round(SHARES * done / total), SHARES) if total else 0, SHARES)

        yield report


def _opened(path: Path) -> IO[bytes]:
    return io.BufferedReader(Limited(path)) if path.suffix == ".gz" else path.open("rb")


def _column(path: Path, name: str) -> tuple[NDArray[Any], Array]:
    """Read a CSV of node and number, with a header or without."""
    try:
        with _opened(path) as file:
            table = pd.read_csv(file, header=None, comment="#", dtype=str, skip_blank_lines=True)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path} for --{name}") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ConfigError(f"{path} is no CSV of node,{name}: {error}") from error
    if table.shape[1] != 2:
        raise ConfigError(f"{path} has {table.shape[1]} columns; expected node,{name}")
    numbers = pd.to_numeric(table[1], errors="coerce").to_numpy(dtype=float)
    nodes = table[0].fillna("").str.strip().map(original_cell).to_numpy(dtype=str)
    if np.isnan(numbers[:1]).any() and str(table[0].iloc[0]).strip().lower() == "node":
        numbers, nodes = numbers[1:], nodes[1:]
    if not np.isfinite(numbers).all():
        line = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise ConfigError(f"{path}: node {nodes[line]} has no finite {name}")
    if np.unique(nodes).size < nodes.size:
        raise ConfigError(f"{path} names a node twice")
    return nodes, numbers


def _as_labels(path: Path, nodes: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """Bring a file's nodes to the kind of the edge list's: numbers or names."""
    if labels.dtype.kind == "U":
        return nodes
    try:
        return nodes.astype(np.int64)
    except ValueError as error:
        raise ConfigError(f"{path} names nodes, the edge list numbers them") from error


def _innate(read: EdgeList, path: Path | None, seed: int) -> tuple[EdgeList, Array]:
    """Return everyone's innate opinion; nodes without an edge join as isolated agents."""
    if path is None:
        return read, stream(seed, "innate").random(read.labels.size)
    nodes, numbers = _column(path, "opinion")
    named = _as_labels(path, nodes, read.labels)
    alone = np.setdiff1d(named, read.labels)
    labels = np.concatenate([read.labels, alone])
    network = _with_isolated(read.network, alone.size)
    return EdgeList(network, labels), _aligned(path, named, numbers, labels)


def _with_isolated(network: Network, n_more: int) -> Network:
    if n_more == 0:
        return network
    tail = np.full(n_more, network.indptr[-1])
    loops = network.loops
    return Network(
        np.concatenate([network.indptr, tail]),
        network.indices,
        network.weights,
        None if loops is None else np.concatenate([loops, np.zeros(n_more)]),
        network.undirected,
    )


def _stubbornness(text: str, labels: NDArray[Any]) -> float | Array:
    """Read a number, or a file with one number per node."""
    try:
        return float(text)
    except ValueError:
        path = Path(text)
    if not path.is_file():
        raise ConfigError(f"--stubbornness takes a number in 0..1 or a CSV; got '{text}'")
    nodes, numbers = _column(path, "stubbornness")
    return _aligned(path, _as_labels(path, nodes, labels), numbers, labels)


def _aligned(path: Path, named: NDArray[Any], numbers: Array, labels: NDArray[Any]) -> Array:
    """Bring numbers to the order of the labels."""
    table = pd.Series(numbers, index=named).reindex(labels).to_numpy(dtype=float)
    missing = np.flatnonzero(np.isnan(table))
    if missing.size:
        raise ParameterError(
            f"{path} lacks {missing.size} of {labels.size} nodes, e.g. {labels[missing[0]]}"
        )
    return np.asarray(table)


def _write(path: Path, labels: NDArray[Any], beliefs: Array) -> None:
    try:
        # Not as one text: millions of nodes are written piece by piece.
        nodes = pd.Series(labels).map(inert_cell) if labels.dtype.kind == "U" else labels
        pd.DataFrame({"node": nodes, "opinion": beliefs}).to_csv(path, index=False)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}") from error


def _as_json(
    network: Network, found: Equilibrium, seconds: float, compiling_seconds: float
) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "n": network.n_agents,
        "edges": network.n_edges,
        "solver": found.solver,
        "iterations": found.iterations,
        "error_bound": found.error_bound,
        "seconds": seconds,
        "compiling_seconds": compiling_seconds,
        "peak_bytes": peak if sys.platform == "darwin" else peak * 1024,
        "summary": {
            "mean": float(found.beliefs.mean()),
            "polarization": polarization(found.beliefs),
            "disagreement": disagreement(found.beliefs, network),
        },
        "why": found.why,
    }


def _print(summary: dict[str, Any], found: Equilibrium) -> None:
    table = Table(show_header=False)
    rows = {
        "agents": f"{summary['n']:,}",
        "edges": f"{summary['edges']:,}",
        "solver": f"{found.solver}: {found.why}",
        "iterations": str(found.iterations),
        "certified error": f"{found.error_bound:.2e}",
        "time": f"{summary['seconds']:.2f} s",
        "peak memory": f"{summary['peak_bytes'] / 2**20:,.0f} MiB",
        **{name: f"{value:.6g}" for name, value in summary["summary"].items()},
    }
    if summary["compiling_seconds"] > LEAST_SHOWN:
        rows["compiling, not counted"] = f"{summary['compiling_seconds']:.2f} s"
    for name, value in rows.items():
        table.add_row(name, value)
    out.print(table)
