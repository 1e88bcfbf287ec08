"""What a user would do otherwise: scipy, numpy and networkx, written as well as they allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from fjsim.beliefs import Array

TOLERANCE = 1e-8
MOST = 20_000


@dataclass(frozen=True)
class Found:
    """What a peer found, certified the way we certify ourselves."""

    beliefs: Array
    iterations: int
    error_bound: float


def certify(influence: Any, held: Array, innate: Array, beliefs: Array, iterations: int) -> Found:
    left = held * innate + (1 - held) * (influence @ beliefs) - beliefs
    return Found(beliefs, iterations, float(np.abs(left / held).max()))


def fixed_point(influence: Any, held: Array, innate: Array) -> Found:
    anchored, beliefs = held * innate, innate.copy()
    iteration = 0
    for iteration in range(1, MOST):  # noqa: B007 - its last value is the result
        after = anchored + (1 - held) * (influence @ beliefs)
        change = np.abs((after - beliefs) / held).max()
        beliefs = after
        if change <= TOLERANCE:
            break
    return certify(influence, held, innate, beliefs, iteration)


def conjugate_gradients(
    adjacency: Any, influence: Any, held: Array, innate: Array, relative: float
) -> Found:
    """Solve the symmetrically scaled system, unit diagonal, by scipy's CG."""
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    root = np.sqrt((1 - held) / degree)
    scaled = sparse.csr_array(sparse.diags_array(root) @ adjacency @ sparse.diags_array(root))
    operator = linalg.LinearOperator(scaled.shape, matvec=lambda v: v - scaled @ v)
    count = [0]

    def tell(_: Any) -> None:
        count[0] += 1

    start = innate / root
    solved, _ = linalg.cg(
        operator, held * innate / root, x0=start, rtol=relative, maxiter=MOST, callback=tell
    )
    return certify(influence, held, innate, root * solved, count[0])


def krylov(method: str, influence: Any, held: Array, innate: Array, relative: float) -> Found:
    free = 1 - held
    operator = linalg.LinearOperator(influence.shape, matvec=lambda v: v - free * (influence @ v))
    count = [0]

    def tell(_: Any) -> None:
        count[0] += 1

    options: dict[str, Any] = {"x0": innate, "rtol": relative, "maxiter": MOST, "callback": tell}
    if method == "gmres":
        options |= {"restart": 30, "callback_type": "pr_norm", "maxiter": MOST // 30}
    solved, _ = getattr(linalg, method)(operator, held * innate, **options)
    return certify(influence, held, innate, solved, count[0])


def batched_solve(influence: Array, held: Array, innate: Array) -> Array:
    system = np.eye(held.shape[-1]) - (1 - held)[..., None] * influence
    return np.asarray(np.linalg.solve(system, (held * innate)[..., None])[..., 0], np.float64)


def looped_solve(influence: Array, held: Array, innate: Array) -> Array:
    identity = np.eye(held.shape[-1])
    return np.array(
        [
            np.linalg.solve(identity - (1 - g)[:, None] * w, g * s)
            for w, g, s in zip(influence, held, innate, strict=True)
        ]
    )


def einsum_rollout(influence: Array, held: Array, innate: Array, n_rounds: int) -> Array:
    path = np.empty((len(held), n_rounds + 1, held.shape[1]))
    path[:, 0] = innate
    anchored, free = held * innate, 1 - held
    for t in range(n_rounds):
        path[:, t + 1] = free * np.einsum("bij,bj->bi", influence, path[:, t]) + anchored
    return path


def looped_rollout(influence: Array, held: Array, innate: Array, n_rounds: int) -> Array:
    path = np.empty((len(held), n_rounds + 1, held.shape[1]))
    for w, g, s, out in zip(influence, held, innate, path, strict=True):
        out[0] = beliefs = s
        for t in range(n_rounds):
            out[t + 1] = beliefs = (1 - g) * (w @ beliefs) + g * s
    return path


def python_rollout(influence: Array, held: Array, innate: Array, n_rounds: int) -> list[Any]:
    paths = []
    for w, g, s in zip(influence.tolist(), held.tolist(), innate.tolist(), strict=True):
        path = [s]
        for _ in range(n_rounds):
            last = path[-1]
            path.append(
                [
                    (1 - held_i) * sum(a * b for a, b in zip(row, last, strict=True))
                    + held_i * anchored
                    for row, held_i, anchored in zip(w, g, s, strict=True)
                ]
            )
        paths.append(path)
    return paths


def networkx_round(graph: nx.Graph[int], held: float) -> dict[int, float]:
    """One round as network libraries write it: a loop over nodes and their neighbours."""
    after = {}
    for node in graph.nodes:
        heard = [graph.nodes[other]["opinion"] for other in graph.neighbors(node)]
        mean = sum(heard) / len(heard) if heard else graph.nodes[node]["opinion"]
        after[node] = held * graph.nodes[node]["innate"] + (1 - held) * mean
    return after
