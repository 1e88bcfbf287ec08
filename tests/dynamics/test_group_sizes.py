"""The fewest benign agents with which nobody flips, against every size tried in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fjsim.dynamics import takeover
from fjsim.dynamics.attacked.flips import Flips
from fjsim.errors import FjsimError

LARGEST = 59


def flips_of(topology: str, n_benign: int, **options: Any) -> Flips:
    seats = options.pop("seats", ["hub"])
    found = takeover(topology, n_benign + len(seats), seats, **options)
    assert found.flips is not None
    return found.flips


def safe_sizes(topology: str, **options: Any) -> list[int]:
    """Try all sizes up to 59 one by one; a size that the topology lacks is not safe."""
    from fjsim.dynamics.attacked.adversaries import (
        absorbed,
        attacked_parameters,
        influence_of,
        resolve_seats,
        trust_adversaries,
    )

    seats = options.get("seats", ["hub"])
    margin = options["margin"]
    sizes = []
    for n_benign in range(1, LARGEST + 1):
        try:
            influence = influence_of(topology, n_benign + len(seats), options.get("seed", 0))
            chosen = resolve_seats(influence, seats)
            attacked = attacked_parameters(
                influence, chosen, options["stubbornness"], options.get("self_weight", 0.0)
            )
            trusted = trust_adversaries(
                attacked, chosen, options.get("trust", 1.0), options.get("residual", "renormalise")
            )
            worst = np.nanmax(absorbed(trusted, chosen, None))
        except FjsimError:
            continue
        if worst <= margin / (1 + margin) * (1 + 1e-12):
            sizes.append(n_benign)
    return sizes


@pytest.mark.parametrize(
    ("topology", "seat", "stubbornness", "self_weight", "fewest"),
    [
        ("random-regular", "hub", 0.1, 0.3, 19),
        ("random-regular", "hub", 0.5, 0.0, 3),
        ("grid", "hub", 0.5, 0.0, 3),
        ("grid", "leaf", 0.1, 0.3, 11),
        ("watts-strogatz", "hub", 0.1, 0.3, 20),
        ("erdos-renyi", "leaf", 0.1, 0.3, 5),
    ],
)
def test_the_fewest_agents_are_the_fewest_where_sizes_lack_or_more_is_not_safer(
    topology: str, seat: str, stubbornness: float, self_weight: float, fewest: int
) -> None:
    options: dict[str, Any] = {
        "seats": [seat],
        "stubbornness": stubbornness,
        "self_weight": self_weight,
        "margin": 0.8,
    }
    assert safe_sizes(topology, **options)[0] == fewest
    assert flips_of(topology, 7, **options).critical_agents == fewest


def test_a_larger_grid_is_not_always_safer() -> None:
    options: dict[str, Any] = {
        "seats": ["leaf"], "stubbornness": 0.1, "self_weight": 0.3, "margin": 0.8
    }  # fmt: skip
    sizes = safe_sizes("grid", **options)
    assert 11 in sizes
    assert 12 not in sizes


TOPOLOGIES = (
    "complete", "star", "ring", "chain", "wheel", "tree", "layered", "grid", "random-regular",
    "watts-strogatz", "erdos-renyi", "barabasi-albert", "stochastic-block",
)  # fmt: skip


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_search_finds_what_trying_every_size_finds(topology: str) -> None:
    for case in range(6):
        random = np.random.default_rng([case, TOPOLOGIES.index(topology)])
        options: dict[str, Any] = {
            "seats": [["hub"], ["leaf"], ["hub", "leaf"], ["leaf"], ["hub"], [2]][case],
            "stubbornness": float(random.choice([0.05, 0.1, 0.3, 0.5])),
            "self_weight": float(random.choice([0.0, 0.3])),
            "margin": float(random.choice([0.3, 0.8])),
            "trust": float(random.choice([1.0, 0.5])),
            "residual": str(random.choice(["renormalise", "innate", "self"])),
        }
        sizes = safe_sizes(topology, **options)
        n_benign = 12 - len(options["seats"])
        found = flips_of(topology, n_benign, **options)
        if sizes:
            assert found.critical_agents == sizes[0], options
        else:
            assert found.critical_agents is None or found.critical_agents > LARGEST, options


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_size_at_which_nobody_flips_is_never_below_the_fewest(topology: str) -> None:
    for n_benign in (7, 13, 19, 27):
        found = flips_of(topology, n_benign, stubbornness=0.1, self_weight=0.3, margin=0.8)
        if found.flips == 0:
            assert found.critical_agents is not None
            assert found.critical_agents <= n_benign


def test_the_range_that_was_searched_is_told() -> None:
    law: dict[str, Any] = {"stubbornness": 0.1, "self_weight": 0.3, "margin": 0.5}
    assert flips_of("grid", 8, **law).searched_agents == (1, 64)
    assert flips_of("star", 8, **law).searched_agents == (1, 512)
    assert flips_of("star", 8, **law).critical_agents is None
    few = takeover(np.ones((3, 3)) / 3, seats=[0], **law).flips
    assert few is not None
    assert few.searched_agents is None
    assert flips_of("complete", 8, **(law | {"margin": 0.02})).critical_agents == 315


def test_numbers_at_the_seats_do_not_count_as_differences_between_agents() -> None:
    held = np.full(6, 0.1)
    alike = takeover("complete", 6, [0], stubbornness=held, self_weight=0.3, margin=0.5).flips
    held[0] = 0.9
    found = takeover("complete", 6, [0], stubbornness=held, self_weight=0.3, margin=0.5).flips
    assert alike is not None
    assert found is not None
    assert found.critical_agents == alike.critical_agents == 13


def test_sizes_without_a_unique_equilibrium_are_passed_over() -> None:
    found = flips_of("erdos-renyi", 8, stubbornness=0.0, self_weight=0.0, margin=0.5)
    assert found.searched_agents == (1, 64)
