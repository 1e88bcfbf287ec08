"""What the papers report beside what the law and the embedded model give.

``python -m studies.papers`` prints, as Markdown, the tables of its page in ``docs/``; with
``--sweep sweeps/stubborn-neighbors`` it adds the defenses of that folder, and ``--csv FILE``
writes all of its 68 scenarios. What is reported stands in ``REPORTED`` with its source;
everything else is measured when the script runs, and is simulated.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from fjsim.beliefs import certain
from fjsim.contracts import Record
from fjsim.registry import build
from fjsim.report.terminal.sweep import interval
from fjsim.sweeps.executors import default_workers
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.leaderboard import records
from fjsim.sweeps.sweep import load_sweep_result, run_sweep

REPORTED = {"star-hub": 0.65, "complete": 0.33, "star-leaf": 0.24}
"""Attack success rates of one stubborn agent among six, arXiv:2603.15809."""

REPORTED_TRUST = (1, 0.92, 0.782, 0.610, 0.423, 0.239, 0.074, 0)
"""Trust of an always-wrong agent under the sparse rule of the same paper."""

PLACEMENTS = {
    "star-hub": {"topology": "star", "attack.seat": "hub"},
    "complete": {"topology": "complete", "attack.seat": "hub"},
    "star-leaf": {"topology": "star", "attack.seat": "leaf"},
}
PROFILE = "stubborn-neighbors"
BELIEFS, REASONS = ["answer", "reason", "confidence", "belief"], ["answer", "reason"]
SEEN = {
    "beliefs seen": (BELIEFS, None),
    "answer and reason": (REASONS, PROFILE),
    "answer and reason, default parameters": (REASONS, None),
}
"""What peers see, and the profile of the population."""

N_AGENTS = 6


def grid(limit: int, seeds: int, kind: str) -> Sweep:
    """Return the nine settings: three placements, two things that peers see, two populations."""
    place = "backend.profile" if kind == "llm" else "agents.profile"
    return Sweep(
        name="papers",
        base={
            "agents": {"kind": kind, "count": N_AGENTS},
            "attack": "stubborn",
            "questions": {"source": "builtin", "limit": limit},
            "rounds": 10,
        },
        seeds=seeds,
        vary={
            "placement": PLACEMENTS,
            "peers": {
                name: {"peers_see": shown, **({} if profile is None else {place: profile})}
                for name, (shown, profile) in SEEN.items()
            },
        },
    )


def trust_sequence() -> list[float]:
    """Return the trust in an always-wrong agent after 0, 1, 2 … labelled questions."""
    defense = build("defense", {"kind": "t-s", "labels": "all"})
    wrong = np.array([[certain(1, 2, 0.9), certain(0, 2, 0.9)]])
    influence = np.array([[0.0, 1.0], [1.0, 0.0]])
    record = Record("q", influence, wrong, wrong, np.array([[1, 0]]), np.array([[0.9, 0.9]]))
    state = defense.initial_state(2)
    found = []
    for _ in REPORTED_TRUST:
        found.append(float(defense.gates(record, state)[1, 0]))
        state = defense.update(record, state, 0)
    return found


def row(*cells: object) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def headed(*titles: str) -> list[str]:
    """Return the head of a Markdown table."""
    return [row(*titles), row(*("---" for _ in titles))]


def placements(tables: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return reported, embedded and numeric rates side by side."""
    lines = headed(
        "adversary",
        "peers see",
        "reported",
        *(f"{name}: attack success" for name in tables),
        "takeover observed (embedded)",
        "takeover, law",
        "flips observed (embedded)",
        "flips, law",
    )
    first = next(iter(tables.values()))
    for at, found in enumerate(first):
        rates = [interval(rows[at], "attack_success_rate") for rows in tables.values()]
        numbers = ("takeover_observed", "takeover_predicted", "flips_observed", "flips_predicted")
        lines.append(
            row(
                found["placement"],
                found["peers"],
                f"{REPORTED[found['placement']]:.2f}",
                *rates,
                *(interval(found, name) for name in numbers),
            )
        )
    return lines


SCENARIOS = ("questions.source", "placement", "setting")
NUMBERS = (
    "attack_success_rate",
    "no_attack_flip_rate",
    "takeover_observed",
    "takeover_predicted",
    "clean_accuracy_final",
)


def scenarios(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return attack success by defense and placement on the general questions."""
    at = {tuple(found[name] for name in SCENARIOS): found for found in rows}
    lines = headed("defense", *PLACEMENTS)
    for setting in ("no defense", "T-W", "T-WA", "T-WS", "T-S"):
        here = (at["builtin:general", placement, setting] for placement in PLACEMENTS)
        lines.append(row(setting, *(interval(found, "attack_success_rate") for found in here)))
    return lines


def save_scenarios(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write every scenario as a line of CSV; an interval has columns of its own."""
    numbers = [name + end for name in NUMBERS for end in ("", "_low", "_high")]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["questions", *SCENARIOS[1:], *numbers])
        for found in rows:
            values = [found[name] for name in numbers]
            cells = ["" if value is None else f"{value:.3f}" for value in values]
            writer.writerow([*(found[name] for name in SCENARIOS), *cells])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=100, help="questions")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the numeric agents")
    parser.add_argument("--sweep", type=Path, help="folder of configs/stubborn-neighbors")
    parser.add_argument("--csv", type=Path, help="where to write all scenarios of that folder")
    given = parser.parse_args()
    workers = default_workers()
    tables = {
        "embedded model, 1 seed": grid(given.limit, 1, "llm"),
        f"numeric agents, {given.seeds} seeds": grid(given.limit, given.seeds, "numeric"),
    }
    found = {
        name: records(run_sweep(sweep, workers=workers).table) for name, sweep in tables.items()
    }
    lines = [*placements(found), ""]
    trust = [f"{value:.3f}" for value in trust_sequence()]
    lines += headed("labelled questions", *map(str, range(len(trust))))
    lines += [row("trust, reported", *REPORTED_TRUST), row("trust, `t-s` here", *trust)]
    if given.sweep is not None:
        played = records(load_sweep_result(given.sweep).table)
        lines += ["", *scenarios(played)]
        if given.csv is not None:
            save_scenarios(played, given.csv)
    Console(soft_wrap=True, highlight=False, markup=False).print("\n".join(lines))


if __name__ == "__main__":
    main()
