"""What confidence routing wins when confidence is calibrated, loses when not, and risks.

    python -m studies.routing_grid

Numeric agents on a complete graph. Calibrated: an agent is right with the probability that it
states. Uncalibrated: what it states says nothing. The best static ensemble is the better of equal
weights, every fixed single speaker, and weights by the log-odds of true competence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Defense, Record, Router
from fjsim.registry import build
from fjsim_defenses.shared.mixtures import gated_mixture
from studies.attack_scripts import N_OPTIONS
from studies.numeric_teams import SELF_WEIGHT, STUBBORNNESS

Calibration = Literal["calibrated", "uncalibrated"]
Shown = Literal["belief", "answer"]
N_AGENTS, N_ROUNDS, OVER_CONFIDENT = 6, 10, 0.99
ROUTERS: tuple[Any, ...] = (
    "self-confidence",
    "relative-confidence",
    "perceived-confidence",
    "alignment",
    "competence-history",
    {"kind": "top-k", "k": 1},
    "oracle",
)


@dataclass(frozen=True)
class Field:
    """Many questions at once: keys, and what every agent believes before it hears anybody."""

    key: NDArray[np.int64]
    innate: Array
    shown: Shown = "belief"

    def read(self, said: Array) -> Array:
        """Return what peers make of beliefs: themselves, or certainty of the answer."""
        if self.shown == "belief":
            return said
        at_top = said.argmax(axis=-1)[..., None] == np.arange(N_OPTIONS)
        return np.asarray(at_top, dtype=float)


def draw(calibration: Calibration, n_questions: int, seed: int) -> Field:
    """Return questions on which confidence means something, or nothing.

    Parameters
    ----------
    calibration : {'calibrated', 'uncalibrated'}
    n_questions, seed : int
    """
    rng = np.random.default_rng(seed)
    shape = (n_questions, N_AGENTS)
    top = rng.uniform(0.3, 0.98, shape)
    chance = top if calibration == "calibrated" else np.full(shape, 0.64)
    key = rng.integers(0, N_OPTIONS, n_questions)
    stray = (key[:, None] + rng.integers(1, N_OPTIONS, shape)) % N_OPTIONS
    own = np.where(rng.random(shape) < chance, key[:, None], stray)
    at_own = own[..., None] == np.arange(N_OPTIONS)
    rest = ((1 - top) / (N_OPTIONS - 1))[..., None]
    return Field(key, np.where(at_own, top[..., None], rest))


def attacked(field: Field) -> Field:
    """Return the questions with seat 0 certain of a wrong option."""
    wrong = (field.key + 1) % N_OPTIONS
    innate = field.innate.copy()
    innate[:, 0] = (1 - OVER_CONFIDENT) / (N_OPTIONS - 1)
    innate[np.arange(len(wrong)), 0, wrong] = OVER_CONFIDENT
    return replace(field, innate=innate)


def record_of(field: Field, stated: Sequence[Array]) -> Record:
    """Return the public record of all questions after some rounds."""
    influence = (np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)) / (N_AGENTS - 1)
    said = np.stack(stated)
    wide = np.broadcast_to(influence, (len(field.key), N_AGENTS, N_AGENTS))
    return Record("q", wide, said, said, said.argmax(axis=-1), said.max(axis=-1))


def routed_weights(router: Router, field: Field) -> Array:
    """Return W(q) of all questions; a router with a memory has seen as many others before."""
    record = record_of(field, [field.innate])
    state = router.initial_state(N_AGENTS)
    if router.memory == "round0":
        seen = router.update(record, state, field.key)  # type: ignore[arg-type]
        state = type(seen)(*(part.sum(axis=0) for part in _wide(seen)))
    return router.route(record, state, field.key)  # type: ignore[arg-type]


def _wide(state: Any) -> list[Array]:
    shapes = [np.shape(part) for part in state]
    return [np.broadcast_to(part, max(shapes, key=len)) for part in state]


def final_beliefs(
    field: Field, weights: Array, hostile: bool = False, defense: Defense | None = None
) -> Array:
    """Return everybody's beliefs after all rounds, shape (n_questions, n_agents, n_options)."""
    own, said = field.innate, [field.innate]
    state = None if defense is None else defense.initial_state(N_AGENTS)
    for _ in range(N_ROUNDS):
        gates = np.ones(weights.shape)
        if defense is not None:
            gates = defense.gates(record_of(field, said), state)
        heard = gated_mixture(weights, gates, field.read(said[-1]), field.innate, own, "innate")
        drift = SELF_WEIGHT * own + (1 - SELF_WEIGHT) * heard
        own = STUBBORNNESS * field.innate + (1 - STUBBORNNESS) * drift
        if hostile:
            own[:, 0] = field.innate[:, 0]
        said.append(own)
    return own


def accuracy(field: Field, beliefs: Array, hostile: bool = False) -> float:
    """Return the share of benign agents that are right."""
    benign = slice(1 if hostile else 0, None)
    return float((top_option(beliefs)[:, benign] == field.key[:, None]).mean())


def best_static(field: Field) -> float:
    """Return the accuracy of the best ensemble whose weights know no question."""
    right = (top_option(field.innate) == field.key[:, None]).mean(axis=0)
    odds = np.log(right / (1 - right))
    shares = [np.ones(N_AGENTS), odds, *np.eye(N_AGENTS)]
    found = []
    for share in shares:
        weights = np.broadcast_to(np.maximum(share, 1e-6), (N_AGENTS, N_AGENTS)).copy()
        np.fill_diagonal(weights, 0)
        weights /= weights.sum(axis=1, keepdims=True)
        wide = np.broadcast_to(weights, (len(field.key), N_AGENTS, N_AGENTS))
        found.append(accuracy(field, final_beliefs(field, wide)))
    return max(found)


def attack_success(field: Field, router: Router, defense: Defense | None = None) -> float:
    """Return the share of benign agents that were right and are wrong at the end."""
    hostile = attacked(field)
    last = final_beliefs(hostile, routed_weights(router, hostile), True, defense)
    first = (top_option(hostile.innate) == field.key[:, None])[:, 1:]
    final = (top_option(last) == field.key[:, None])[:, 1:]
    return float((first & ~final).sum() / first.sum())


def main() -> None:
    """Print clean accuracy beside the best static ensemble, and one adversary's success."""
    defense = build("defense", "trust-adaptive")
    calibrations: tuple[Calibration, ...] = ("calibrated", "uncalibrated")
    views: tuple[Shown, ...] = ("belief", "answer")
    for calibration, shown in product(calibrations, views):
        field = replace(draw(calibration, 4000, 0), shown=shown)
        static = best_static(field)
        print(f"\n{calibration}, peers see the {shown}: best static ensemble {static:.3f}")
        print(f"  {'router':<22} accuracy  one over-confident adversary: ASR  with trust-adaptive")
        for block in ("uniform", *ROUTERS):
            router = build("router", block)
            clean = accuracy(field, final_beliefs(field, routed_weights(router, field)))
            plain, defended = (attack_success(field, router, one) for one in (None, defense))
            name = block if isinstance(block, str) else block["kind"]
            print(f"  {name:<22} {clean:.3f}     {plain:<34.3f} {defended:.3f}")


if __name__ == "__main__":
    main()
