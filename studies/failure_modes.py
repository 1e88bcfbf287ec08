"""Where defenses fail, by how much, and which member of the catalogue answers it.

    python -m studies.failure_modes

Attack success on hostile questions, numeric agents, ten teams of two hundred questions; lower is
safer. What is expected comes from five teams of an independent implementation; ``misses`` counts
standard errors of the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from studies.defense_grid import made
from studies.numeric_teams import Setting, play

DEFAULT = "trust-adaptive"
EXPECTED_TEAMS = 5
"""How many teams stand behind an expected number."""
SMALLEST_ERROR = 0.005


@dataclass(frozen=True)
class Failure:
    """One cell: a defense against one attack, or its accuracy where nobody attacks.

    Parameters
    ----------
    name : str
    block : mapping, str or None
        The defense.
    place, arm : str
        ``arm='none'`` is about accuracy.
    expected : float
        The expected rate, or accuracy.
    """

    name: str
    block: Any
    place: str
    arm: str
    expected: float


FROZEN = {"kind": "t-w", "residual": "renormalise"}
RENORMALISED = {"kind": "peer-agreement", "residual": "renormalise"}
FAILURES = (
    Failure("renormalised trust, hostile hub", RENORMALISED, "star-hub", "stubborn", 1.0),
    Failure("the same, innate residual", "peer-agreement", "star-hub", "stubborn", 0.034),
    Failure("median, hostile hub", "robust-aggregate", "star-hub", "stubborn", 1.0),
    Failure("frozen trust, sleeper", FROZEN, "star-leaf", "sleeper", 0.880),
    Failure("no defense there", None, "star-leaf", "sleeper", 0.411),
    Failure("frozen trust, sleeper", FROZEN, "ring", "sleeper", 0.798),
    Failure("no defense there", None, "ring", "sleeper", 0.717),
    Failure("frozen trust, innate residual", "t-w", "star-leaf", "sleeper", 0.08),
    Failure("frozen trust, innate residual", "t-w", "complete", "sleeper", 0.25),
    Failure("frozen trust, innate residual", "t-w", "ring", "sleeper", 0.40),
    Failure("frozen trust, innate residual", "t-w", "star-hub", "sleeper", 1.0),
    Failure("accuracy under W-MSR on a star", "w-msr", "star-hub", "none", 0.793),
    Failure("accuracy without it", None, "star-hub", "none", 0.867),
    Failure("W-MSR, two colluders", "w-msr", "complete", "collude-2", 1.0),
    Failure("detector, wobble", "stubbornness-detector", "star-hub", "wobble-alt", 0.213),
    Failure("detector, wobble", "stubbornness-detector", "star-leaf", "wobble-alt", 0.234),
    Failure("detector, wobble", "stubbornness-detector", "complete", "wobble-alt", 0.985),
    Failure("detector, wobble", "stubbornness-detector", "ring", "wobble-alt", 0.597),
)


@dataclass(frozen=True)
class Rate:
    """A rate with the spread between teams, which share graph, trust and warm-up.

    Parameters
    ----------
    mean, spread : float
        Over teams: mean, and standard deviation.
    n_teams : int
    """

    mean: float
    spread: float
    n_teams: int

    def misses(self, expected: float) -> float:
        """Return how many standard errors lie between it and a number from five teams."""
        error = self.spread * (1 / self.n_teams + 1 / EXPECTED_TEAMS) ** 0.5
        return float(abs(self.mean - expected) / max(error, SMALLEST_ERROR))

    @property
    def text(self) -> str:
        """``0.81 +- 0.04``, the mean and its standard error."""
        return f"{self.mean:.3f} +- {self.spread / self.n_teams**0.5:.3f}"


def observed(
    failure: Failure, block: Any, n_teams: int = 10, n_questions: int = 200, seed: int = 0
) -> Rate:
    """Return what a defense comes to in a failure's place.

    Parameters
    ----------
    failure : Failure
    block : mapping, str or None
        The failure's own defense, or the one that answers it.
    n_teams, n_questions, seed : int
    """
    setting = Setting(
        place=failure.place,
        arms=(failure.arm,),
        n_teams=n_teams,
        n_questions=n_questions,
        seed=seed,
    )
    counts = play(setting, made(block))
    tops, bottoms = (
        (counts.right_last, counts.agents)
        if failure.arm == "none"
        else (counts.flipped, counts.right_first)
    )
    rates = tops[:, 0].sum(axis=0) / np.maximum(bottoms[:, 0].sum(axis=0), 1)
    return Rate(float(rates.mean()), float(rates.std(ddof=1)), n_teams)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    print(f"{'failure':<34} {'place':<10} {'against':<10} expected  observed  misses  {DEFAULT}")
    for failure in FAILURES:
        own, answer = observed(failure, failure.block), observed(failure, DEFAULT)
        print(
            f"{failure.name:<34} {failure.place:<10} {failure.arm:<10} {failure.expected:<8.3f}  "
            f"{own.text}  {own.misses(failure.expected):<4.1f}  {answer.text}",
            flush=True,
        )


if __name__ == "__main__":
    main()
