"""What every attack does to an undefended team: the table of ``docs/attacks.md``.

    python -m studies.attack_table              Markdown, some minutes
    python -m studies.attack_table wobble       rows whose name holds a word
    python -m studies.attack_table --limit 20   fewer questions

Numeric agents, so everything is simulated; rates are over all questions, with 95 % intervals.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import fjsim
from fjsim.metrics import Estimate
from fjsim.scenario import Scenario
from fjsim.sweeps.executors import default_workers

PLACES = {
    "star, hub": ("star", "hub"),
    "star, leaf": ("star", "leaf"),
    "complete": ("complete", "hub"),
    "ring": ("ring", "hub"),
}
"""Topology, and where the adversary sits unless the attack says where."""

ATTACKS: Mapping[str, Mapping[str, Any]] = {
    "`stubborn`": {"kind": "stubborn"},
    "`stubborn`, target best": {"kind": "stubborn", "target": "best"},
    "`stubborn`, stubbornness 0.7": {"kind": "stubborn", "stubbornness": 0.7},
    "`sleeper`, honest_rounds 3": {"kind": "sleeper", "honest_rounds": 3},
    "`on-off`": {"kind": "on-off"},
    "`duty-cycle`": {"kind": "duty-cycle"},
    "`slow-drift`": {"kind": "slow-drift"},
    "`wobble`": {"kind": "wobble"},
    "`wobble`, pattern alternating": {"kind": "wobble", "pattern": "alternating"},
    "`collude`": {"kind": "collude"},
    "`collude`, seat optimal": {"kind": "collude", "seat": "optimal"},
    "`sybil`": {"kind": "sybil"},
    "`tamper`": {"kind": "tamper"},
    "`inject`": {"kind": "inject"},
    "`infect`": {"kind": "infect"},
    "`benign-wrapper`": {"kind": "benign-wrapper"},
    "`chaos-seeding`": {"kind": "chaos-seeding"},
    "`adaptive`": {"kind": "adaptive"},
}

TEAM = {
    "kind": "numeric",
    "count": 6,
    "stubbornness": 0.1,
    "stubbornness_concentration": 0.0,
    "self_weight": 0.3,
    "competence": 0.8,
    "lowest_confidence": 0.35,
    "confidence_alpha": 1.0,
    "confidence_beta": 1.0,
}
"""Agents that all follow one law, unsure to sure alike often."""

Cell = tuple[str, str, int]


def success(cell: Cell) -> Estimate:
    """Return the attack success rate of one attack in one place."""
    attack, place, limit = cell
    topology, seat = PLACES[place]
    scenario = Scenario(
        topology=topology,
        attack={"seat": seat, **ATTACKS[attack]},
        agents=TEAM,
        rounds=10,
        questions={"source": "builtin", "limit": limit},
    )
    return fjsim.run(scenario).metrics["attack_success_rate"]


def table(attacks: Sequence[str], limit: int) -> list[str]:
    """Measure attacks in every place; returns the lines of a Markdown table."""
    cells = [(attack, place, limit) for attack in attacks for place in PLACES]
    with ProcessPoolExecutor(default_workers()) as pool:
        found = dict(zip(cells, pool.map(success, cells), strict=True))
    lines = [f"| attack | {' | '.join(PLACES)} |", "|---" * (1 + len(PLACES)) + "|"]
    for attack in attacks:
        rates = [shown(attack, place, found[attack, place, limit]) for place in PLACES]
        lines.append(f"| {attack} | {' | '.join(rates)} |")
    return lines


def shown(attack: str, place: str, rate: Estimate) -> str:
    """Return a rate with its interval; an attack that seats itself has one star."""
    if place == "star, leaf" and "seat" in ATTACKS[attack]:
        return "as left"
    return f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "words", nargs="*", help="rows whose name holds all of them; default all rows"
    )
    parser.add_argument("--limit", type=int, default=100, help="questions")
    given = parser.parse_args()
    named = [name for name in ATTACKS if all(word in name for word in given.words)]
    print("\n".join(table(named, given.limit)))


if __name__ == "__main__":
    main()
