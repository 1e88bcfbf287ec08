"""The table of the default defense: attack success and what it costs, beside what was expected.

    python -m studies.defense_grid            all rows, some minutes
    python -m studies.defense_grid --quick    a tenth of the questions
    python -m studies.defense_grid ballot local     rows whose name holds a word

Numeric agents, which carry no arguments: what a real team loses when a right minority cannot
persuade is not measured here. Lower attack success is safer. It is counted where the adversary
attacked; of one that chooses its questions, over all of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Defense, Record
from fjsim.metrics.intervals import Estimate, resamples
from fjsim.registry import build
from fjsim_defenses.shared.ballot_bound import unprotected_share
from fjsim_defenses.shared.policy import TrustPolicy
from studies.attack_scripts import SCRIPTS
from studies.direct_cap import direct_cap
from studies.numeric_teams import ARMS, PLACES, RESISTANCE, Counts, Setting, play

ATTACKED = ARMS[1:]
LOCAL = {
    "kind": "trust-adaptive",
    "scope": "local",
    "votes": "counted",
    "width": 1.0,
    "start": 0.5,
    "fall": 0.06,
    "low": 0.2,
    "high": 0.4,
}
CAUTIOUS, OPEN = (
    {**LOCAL, "rise": 0.04, "believe_from": 0.5, "believe_fully": 0.55},
    {**LOCAL, "rise": 0.05, "believe_from": 0.48, "believe_fully": 0.58},
)
"""The two ends of the frontier for the local record: what is lost, against what gets through."""


PLAIN = Setting()


class DirectCap(TrustPolicy):
    """The cap ``w_ij <= kappa delta_ij`` per speaker, which is no guarantee."""

    def gates(self, record: Record, state: Any) -> Array:
        """Cut the weight of whoever says something else than the listener's own option."""
        innate, said = record.accepted[0], top_option(record.stated[-1])
        wide = np.broadcast_to(said[..., None, :], record.influence.shape)
        theirs = np.take_along_axis(innate, wide, axis=-1)
        margins = innate.max(axis=-1)[..., None] - theirs
        capped = direct_cap(record.influence, margins, np.full(innate.shape[:-1], RESISTANCE))
        share = capped / np.where(record.influence > 0, record.influence, 1.0)
        agree = innate.argmax(axis=-1)[..., None] == wide
        return np.where(agree, 1.0, share)


@dataclass(frozen=True)
class Row:
    """One line of the table: a defense, where it is tried, and what was expected.

    Parameters
    ----------
    name : str
    block : mapping, str or None
        The defense; ``"direct-cap"`` is this file's own.
    worst : str
        Expected worst attack success.
    cost : str
        Expected loss of no-attack accuracy, place by place; negative means a gain.
    """

    name: str
    block: Any
    worst: str
    cost: str = ""
    setting: Setting = PLAIN
    places: tuple[str, ...] = tuple(PLACES)


BALLOT = "-.076 -.081 .004 .009 -.004"
BEST = Setting(target="best")
CHOOSY = Setting(arms=("none", "collude-2", "choosy-1", "choosy-2"), n_teams=20)
"""What ``studies.attack_search`` found: honest wherever an attack would not pay."""
DEFAULT = {"kind": "trust-adaptive"}
ROWS = (
    Row("none", None, "1.000", "acc .877 .870 .962 .954 .988"),
    Row("ballot, stateless", "ballot", ".023", BALLOT),
    Row("ballot x reputation", "trust-adaptive", ".004", "-.076 -.081 .004 .010 -.004"),
    Row("ballot x reputation, target after round 0", "trust-adaptive", ".020", "", BEST),
    Row("cap kappa delta", "direct-cap", ".023", ".07 .07 .16 .15 .18"),
    Row("cap budget", {"kind": "trust-adaptive", "cap": "budget"}, "-"),
    Row("W-MSR", "w-msr", "1.000 (complete, collude-2)"),
    Row("median", "robust-aggregate", "1.000 (hub)"),
    Row("local, cautious", CAUTIOUS, ".082", "up to .029"),
    Row("local, open", OPEN, ".160", "up to .011"),
    Row(
        "local, 3 honest 1 hostile",
        OPEN,
        ".6-.8",
        "",
        Setting(arms=("none", "duty-cycle")),
    ),
    Row(
        "ballot x reputation, 3 honest 1 hostile",
        "trust-adaptive",
        "-",
        "",
        Setting(arms=("none", "duty-cycle")),
    ),
    Row("ballot x reputation, struck where it pays", "trust-adaptive", "-", "", CHOOSY),
    Row("margin .5, struck where it pays", {**DEFAULT, "margin": 0.5}, "-", "", CHOOSY),
    Row("margin 1, struck where it pays", {**DEFAULT, "margin": 1.0}, "-", "", CHOOSY),
)


def made(block: Any) -> Defense | None:
    """Return the defense that a row names."""
    if block is None:
        return None
    if block == "direct-cap":
        return DirectCap()
    plugin: Defense = build("defense", block)
    return plugin


def estimate(parts: tuple[Array, Array]) -> Estimate:
    """Return a ratio of sums with its interval; every team's question counts as one."""
    tops, bottoms = parts
    counts = _resamples(len(tops))
    drawn = np.maximum(counts @ bottoms, 1)
    low, high = np.quantile((counts @ tops) / drawn, [0.025, 0.975])
    return Estimate(
        float(tops.sum() / max(bottoms.sum(), 1)), float(low), float(high), int(bottoms.sum())
    )


@lru_cache(maxsize=4)
def _resamples(n: int) -> Array:
    return resamples(n, 0)[:1000]


def _played(job: tuple[Any, Setting]) -> Counts:
    return play(job[1], made(job[0]))


def played(row: Row, share: float, mapped: Callable[..., Any]) -> dict[str, Counts]:
    """Play one row's places.

    Parameters
    ----------
    row : Row
    share : float
        Share of the questions.
    mapped : callable
        ``map``, or that of a pool.
    """
    questions = max(20, round(row.setting.n_questions * share))
    jobs = [
        (row.block, replace(row.setting, place=place, n_questions=questions))
        for place in row.places
    ]
    return dict(zip(row.places, mapped(_played, jobs), strict=True))


def report(row: Row, counts: dict[str, Counts], base: dict[str, float]) -> list[str]:
    """Return the lines of one row; the first row fills the base of no-attack accuracies."""
    lines, worst = [f"\n{row.name}"], (0.0, "")
    losses = []
    for place, count in counts.items():
        accuracy = estimate(count.accuracy())
        assert accuracy.value is not None, "somebody is benign"
        base.setdefault(place, accuracy.value)
        losses.append(base[place] - accuracy.value)
        cells = []
        for arm in count.arms[1:]:
            choosy = SCRIPTS[arm].lead is not None
            success = estimate((count.success_on_every if choosy else count.success)(arm))
            assert success.value is not None, "somebody was right"
            worst = max(worst, (success.value, f"{place}, {arm} {success.text}"))
            cells.append(f"{arm} {success.value:.3f}" + (_where_it_struck(count, arm) * choosy))
        lines.append(f"  {place:<12} accuracy {accuracy.text}   " + "  ".join(cells))
    lines.append(f"  worst {worst[1]}   expected {row.worst}")
    shown = " ".join(f"{loss:+.3f}" for loss in losses)
    lines.append(f"  accuracy lost {shown}   expected {row.cost or '-'}")
    return lines


def _where_it_struck(count: Counts, arm: str) -> str:
    """Return the rates of an attack that chooses its questions, on those and without it."""
    struck, anyway = estimate(count.success(arm)), estimate(count.lost_anyway(arm))
    return f" of all ({struck.text} where it struck, {anyway.text} there without it)"


def bounds(counts: dict[str, Counts], accuracy: float) -> list[str]:
    """Return the ballot theorem's bound beside what was observed under the stateless ballot."""
    lines = ["\nballot theorem: P(lead < F | right) beside the observed rate"]
    for place, count in counts.items():
        for arm, hostile in (("stubborn", 1), ("collude-2", 2)):
            bound = unprotected_share(PLACES[place].n_agents, hostile, accuracy)
            seen = estimate(count.success(arm))
            lines.append(f"  {place:<12} {arm:<10} bound {bound:.3f}   observed {seen.text}")
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    rows = [
        row for row in ROWS[1:] if not options.words or any(w in row.name for w in options.words)
    ]
    share, base, start = 0.1 if options.quick else 1.0, dict[str, float](), time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for row in (ROWS[0], *rows):
            counts = played(row, share, pool.map)
            lines = report(row, counts, base)
            if row.block == "ballot":
                lines += bounds(counts, row.setting.accuracy)
            print("\n".join(lines), flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
