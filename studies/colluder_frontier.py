"""Every registered defense over the floor that no rule without labels can pass.

    python -m studies.colluder_frontier
    python -m studies.colluder_frontier --quick casting-vote ballot

Two colluders on a complete graph of six strike where the others' votes nearly balance, in the few
ways that `casting_search` starts from; the worst of them is shown over all questions, beside the
accuracy that the defense loses where nobody attacks and the least attack success of any rule that
loses as much (``fjsim theory --colluders 2``). A defense below the floor was not attacked hard
enough, or has more than votes to go by: keys, or casting votes. Lower is safer.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fjsim.dynamics.attacked.colluders import AlikeTeam
from fjsim.dynamics.attacked.label_free import Floors
from fjsim.registry import names
from studies.attack_search import trial_counts
from studies.casting_search import CLEAN, JUDGE, STARTS
from studies.defense_grid import estimate, made
from studies.numeric_teams import play

BLOCKS: Mapping[str, Any] = {"casting-vote": {"kind": "casting-vote", "competence": 0.8}}
"""Defenses that have to be told more than their name."""
LEFT_OUT = ("none", "audit")
"""What is no defense, and what is not written over teams."""
TRIED = [{"seats": "own 2", **start} for start in STARTS[:6]]


def row(name: str, floors: Floors, undefended: float, share: float) -> str:
    """Return one line: worst attack success, its floor, and the accuracy lost."""
    defense = made(BLOCKS.get(name, name))
    setting = replace(JUDGE, n_questions=round(JUDGE.n_questions * share))
    counts = trial_counts(setting, defense, TRIED)
    worst = max(
        (estimate(counts.success_on_every(arm)) for arm in counts.arms[1:]),
        key=lambda found: found.value or 0.0,
    )
    clean = replace(CLEAN, n_questions=round(CLEAN.n_questions * share))
    right, agents = play(clean, defense).accuracy()
    lost = undefended - float(right.sum() / agents.sum())
    floor = floors.stealth_floor(min(undefended - lost, floors.ideal_accuracy))
    shown = "-" if floor is None else f"{floor:.3f}"
    return f"{name:<24} {worst.text:<24} {shown:<7} {lost:+.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the frontier."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="defenses; default all that are registered")
    parser.add_argument("--quick", action="store_true", help="a tenth of the questions")
    options = parser.parse_args(arguments)
    share = 0.1 if options.quick else 1.0
    clean = replace(CLEAN, n_questions=round(CLEAN.n_questions * share))
    right, agents = play(clean, None).accuracy()
    undefended, floors = float(right.sum() / agents.sum()), Floors(AlikeTeam(6, 2))
    print(f"undefended accuracy {undefended:.3f}; seeds {JUDGE.seed}, {CLEAN.seed}")
    print(f"{'defense':<24} {'all questions':<24} {'floor':<7} lost")
    for name in options.names or [one for one in names("defense") if one not in LEFT_OUT]:
        print(row(name, floors, undefended, share), flush=True)


if __name__ == "__main__":
    main()
