"""Whether it pays to know who converted whom: infection-aware and rollback beside the default.

    python -m studies.infection              numeric teams
    python -m studies.infection simulated    the embedded model, through whole runs

Attack success on complete graphs and on a star whose hub is hostile, lower is safer, and accuracy
lost where nobody attacks, which is the price. ``infect``: who is won over states from then on
what the adversary states. ``converts x5``: a convert's weight is multiplied by five, about what a
convert weighs beside an attacker on recorded teams (.64 and .13 per unit of attention).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import fjsim
from studies.defense_grid import estimate, made
from studies.numeric_teams import Counts, Setting, play

ATTACKS = ("infect", "collude-2")
PLACES = ("complete", "star-hub")
WEIGHTS = (1.0, 5.0)
DEFENSES: dict[str, Any] = {
    "none": None,
    "ballot": "ballot",
    "trust-adaptive": "trust-adaptive",
    "infection-aware": "infection-aware",
    "infection-aware, patience 2": {"kind": "infection-aware", "patience": 2},
    "stubbornness-detector": "stubbornness-detector",
    "rollback of that": {"kind": "rollback", "around": "stubbornness-detector"},
    "rollback of infection, patience 2": {
        "kind": "rollback",
        "around": {"kind": "infection-aware", "patience": 2},
    },
}


def numeric(n_teams: int = 10, n_questions: int = 100) -> Iterator[str]:
    """Yield the lines of the table of numeric teams."""
    yield f"{'':<34}  accuracy lost  told again   " + "   ".join(
        f"{attack} x{weight:g}" for weight in WEIGHTS for attack in ATTACKS
    )
    for place in PLACES:
        base = None
        for name, block in DEFENSES.items():
            found = [
                play(
                    Setting(place, ("none", *ATTACKS), n_teams, n_questions, convert_weight=weight),
                    made(block),
                )
                for weight in WEIGHTS
            ]
            accuracy = estimate(found[0].accuracy()).value or 0.0
            base = accuracy if base is None else base
            yield f"{place:<9} {name:<36}{base - accuracy:>+8.3f}{_again(found[0]):>12.2f}   " + (
                "   ".join(_cell(counts, attack) for counts in found for attack in ATTACKS)
            )


def _again(counts: Counts) -> float:
    return float(counts.told_again[:, 1:].mean())


def _cell(counts: Counts, attack: str) -> str:
    found = estimate(counts.success(attack))
    return f"{found.value:>9.3f}"


def simulated(limit: int = 60) -> Iterator[str]:
    """Yield the lines of the table of the embedded model."""
    attacks = {"infect": {"kind": "infect"}, "collude": {"kind": "collude"}}
    for name, block in DEFENSES.items():
        cells = []
        for attack in attacks.values():
            run = fjsim.run(
                {
                    "topology": "complete",
                    "attack": attack,
                    "defense": block or "none",
                    "backend": {"kind": "simulated", "gullibility": 0.5},
                    "rounds": 6,
                    "questions": {"limit": limit},
                }
            )
            rates = run.metrics["attack_success_rate"], run.metrics["no_attack_flip_rate"]
            cells.append("   ".join(rate.text for rate in rates))
        yield f"{name:<36}" + "   ".join(cells)


if __name__ == "__main__":
    for line in simulated() if sys.argv[1:] == ["simulated"] else numeric():
        print(line, flush=True)
