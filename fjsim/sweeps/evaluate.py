"""Defenses against attacks on topologies, in one call and one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fjsim.runs.given import ScenarioLike, scenario_of
from fjsim.runs.journal import Watcher
from fjsim.sweeps.executors import ExecutorName
from fjsim.sweeps.grid import BestResponse, Sweep
from fjsim.sweeps.stopping import stoppable
from fjsim.sweeps.sweep import SweepResult, run_sweep

Block = str | Mapping[str, Any]


def evaluate_defenses(
    scenario: ScenarioLike,
    defenses: Sequence[Block],
    attacks: Sequence[Block],
    topologies: Sequence[Block] | None = None,
    routers: Sequence[Block] | None = None,
    seats: Sequence[str | int | Sequence[int]] | None = None,
    seeds: int | Sequence[int] = 10,
    best_response: int | None = None,
    out: str | Path | None = None,
    executor: ExecutorName = "local",
    workers: int = 1,
    watch: Watcher | None = None,
) -> SweepResult:
    """Judge defenses on one paired grid.

    Parameters
    ----------
    scenario : Scenario, mapping, str or Path
        What all cells share: agents, questions, rounds, backend, first seed.
    defenses, attacks : sequence of str or mapping
        By name or ``{"kind": name, parameter: value}``; a third party's as well as ours. The
        defense ``"none"`` is added if it is missing, because everything is compared with it.
    topologies, routers : sequence of str or mapping, optional
        By default the scenario's own.
    seats : sequence, optional
        The adversary's; by default each attack's own.
    seeds : int or sequence of int, default 10
        How many, or which; pooled, with questions as clusters.
    best_response : int, optional
        Budget of a search for better attack parameters against each defense; what it finds
        stands in ``best_responses`` and counts in ``leaderboard``.
    out : str or Path, optional
        Keeps every run and resumes; None keeps everything in memory.
    executor, workers, watch
        As in `run_sweep`.

    Returns
    -------
    SweepResult
        ``table`` has one row per topology, attack, defense (and router, seat). Every metric has
        ``_low`` and ``_high``; ``asr_change`` is the paired difference of attack success from
        defense none, ``price`` the accuracy lost without attack, each with ``_p`` and Holm's
        ``_p_holm``; then detection, the law's prediction, tokens. ``table.attrs["direction"]``
        says which way is better. ``leaderboard`` ranks the defenses by their worst case.

    Raises
    ------
    FjsimError
        See ``fjsim.errors``.

    Notes
    -----
    It also works inside a running event loop, as in a notebook, which waits meanwhile;
    `evaluate_defenses_async` keeps it going.

    Examples
    --------
    >>> team = {"kind": "numeric", "count": 4}
    >>> scenario = {"agents": team, "questions": {"limit": 6}, "rounds": 3}
    >>> found = evaluate_defenses(scenario, ["none"], ["stubborn"], ["star"], seeds=1)
    >>> found.table[["topology", "attack", "defense"]].values.tolist()
    [['star', 'stubborn', 'none']]
    """
    sweep = Sweep(
        name="evaluation",
        base=scenario_of(scenario),
        defenses=_with_none(defenses),
        attacks=list(attacks),
        topologies=list(topologies or ()),
        routers=list(routers or ()),
        seats=list(seats or ()),
        seeds=seeds if isinstance(seeds, int) else tuple(seeds),
        best_response=None if best_response is None else BestResponse(budget=best_response),
    )
    return run_sweep(sweep, out, executor, workers, watch)


async def evaluate_defenses_async(
    scenario: ScenarioLike,
    defenses: Sequence[Block],
    attacks: Sequence[Block],
    topologies: Sequence[Block] | None = None,
    routers: Sequence[Block] | None = None,
    seats: Sequence[str | int | Sequence[int]] | None = None,
    seeds: int | Sequence[int] = 10,
    best_response: int | None = None,
    out: str | Path | None = None,
    executor: ExecutorName = "local",
    workers: int = 1,
    watch: Watcher | None = None,
) -> SweepResult:
    """Judge defenses without keeping the event loop waiting.

    Parameters, result and errors are those of `evaluate_defenses`; how it is cancelled, that of
    `run_sweep_async`.
    """

    def work(watched: Watcher) -> SweepResult:
        return evaluate_defenses(
            scenario, defenses, attacks, topologies, routers, seats, seeds, best_response, out,
            executor, workers, watched,
        )  # fmt: skip

    return await stoppable(work, watch)


def _with_none(defenses: Sequence[Block]) -> list[Block]:
    bare = any(block == "none" or block == {"kind": "none"} for block in defenses)
    return list(defenses) if bare else ["none", *defenses]
