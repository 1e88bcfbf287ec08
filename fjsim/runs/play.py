"""One scenario, from its description to its metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from pathlib import Path

from fjsim.blocking import outcome_of
from fjsim.contracts import Arm
from fjsim.crowd.keeping import columns_of
from fjsim.crowd.schedule import play_all
from fjsim.deliberation import Deliberation, Item, Team, deliberate
from fjsim.metrics import registered
from fjsim.records import EventLog, ItemEnd, LogContents, MemoryLog, SpendingLog, Turn
from fjsim.records.blocks import AllTurns
from fjsim.runs.collection import seldom_collected
from fjsim.runs.engine import engine_of
from fjsim.runs.folder import open_folder, write_results
from fjsim.runs.given import ScenarioLike, scenario_of
from fjsim.runs.journal import Begin, WatchedLog, Watcher
from fjsim.runs.resolve import Setup, resolve, versions
from fjsim.runs.result import Run
from fjsim.runs.runtime import Runtime, make_runtime
from fjsim.runs.spending import is_simulated, open_spending, spend, totals, whole_spending
from fjsim.runs.trust import require_trust
from fjsim.runs.vitals import Meter, ReadVitals

Finished = Collection[tuple[str, str, int]]


def run(
    scenario: ScenarioLike,
    out: str | Path | None = None,
    watch: Watcher | None = None,
    cache: Path | bool = True,
) -> Run:
    """Run a scenario with its paired clean baseline.

    Parameters
    ----------
    scenario : Scenario, mapping, str or Path
        A scenario, a mapping of its fields, or the path of a YAML file.
    out : str or Path, optional
        Run folder; the same scenario resumes it. None keeps everything in memory.
    watch : callable, optional
        Called with (turns done, turns in all).
    cache : bool or Path
        Whether replies had before are used again, and from which file.

    Returns
    -------
    Run

    Raises
    ------
    UsageError, BackendError, BudgetError, StorageError
        See ``fjsim.errors``; what is done is kept in the folder.

    Notes
    -----
    It also works inside a running event loop, as in a notebook, which waits meanwhile; `run_async`
    keeps it going.

    Examples
    --------
    >>> from fjsim.scenario import Scenario
    >>> scenario = Scenario(topology="star", attack="stubborn", questions={"limit": 2}, rounds=1)
    >>> run(scenario).transcript.beliefs.shape
    (2, 2, 6, 5)
    """
    return outcome_of(run_async(scenario, out, watch, cache))


async def run_async(
    scenario: ScenarioLike,
    out: str | Path | None = None,
    watch: Watcher | None = None,
    cache: Path | bool = True,
) -> Run:
    """Run a scenario without keeping the event loop waiting; parameters and errors as in `run`.

    Examples
    --------
    >>> import asyncio
    >>> team = {"kind": "numeric", "count": 3}
    >>> scenario = {"agents": team, "questions": {"limit": 2}, "rounds": 1}
    >>> asyncio.run(run_async(scenario)).transcript.n_agents
    3
    """
    folder = None if out is None else Path(out)
    return await run_setup(resolve(scenario_of(scenario)), folder, watch, cache)


async def run_setup(
    setup: Setup,
    folder: Path | None,
    watch: Watcher | None = None,
    cache: Path | bool = True,
    begin: Begin | None = None,
    meter: Callable[[ReadVitals], None] | None = None,
) -> Run:
    """Run a resolved scenario.

    Parameters
    ----------
    setup : Setup
        From ``resolve``.
    folder, watch, cache
        As in `run`.
    begin : callable, optional
        Called with the name of each phase as it begins.
    meter : callable, optional
        Given a function that tells at any time how the run is doing.
    """
    tell = begin or _unheard
    require_trust([setup.scenario])
    # A metric that cannot be made stops the run before anybody is asked.
    registered()
    log = MemoryLog() if folder is None else open_folder(folder, setup)
    spending: SpendingLog | None = None
    try:
        if folder is None:
            log.say_what_it_is(setup.header())
        spending = open_spending(folder, setup, log.contents)
        finished = _finished_items(setup, log.contents)
        if len(finished) < len(setup.items) * len(setup.scenario.arms):
            tell("turns")
            vitals = Meter(setup, spending)
            if meter is not None:
                meter(vitals.read)
            await _play(setup, log, spending, (watch, vitals.see), cache, finished)
        tell("measuring")
        spent = whole_spending(setup, log.contents, spending)
        run = Run(log.contents, folder, is_simulated(setup), spent, setup)
        # Numbers of a run that is only kept in memory are computed by who asks for them.
        results = run.as_dict() if folder is not None else {}
    finally:
        if spending is not None:
            spending.close()
        log.close()
    if folder is not None:
        # What is kept as arrays becomes a table for who asks for one.
        write_results(folder, setup, results, None if log.contents.blocks else run.turn_rows())
    return run


Watched = tuple[Watcher | None, Callable[[Turn], None]]
"""Who is told how many turns there are, and who is given each new one."""


def _unheard(_: str) -> None:
    """Tell nobody."""


async def _play(
    setup: Setup,
    log: EventLog | MemoryLog,
    spending: SpendingLog,
    watched: Watched,
    cache: Path | bool,
    finished: Finished,
) -> None:
    """Play what is not finished yet."""
    runtime = make_runtime(setup, spend(totals(setup, log.contents, spending)), cache, spending)
    try:
        log.begin_session(versions())
        try:
            if engine_of(setup, log.contents).crowd:
                await _play_crowd(setup, runtime, log, watched, finished)
            else:
                await _deliberate(setup, runtime, log, watched, finished)
        finally:
            log.end_session()
    finally:
        await runtime.close()


async def _play_crowd(
    setup: Setup,
    runtime: Runtime,
    log: EventLog | MemoryLog,
    watched: Watched,
    finished: Finished,
) -> None:
    """Play many questions at once, block by block; one that is on disk stays."""
    routed = setup.scenario.router.kind != "uniform"
    journal = WatchedLog(log, setup.expected_turns, *watched)
    blocks = play_all(runtime.team, setup.scenario.arms, setup.items, finished)
    # In a thread, so that a notebook's event loop goes on, and Ctrl-C is heard.
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        for crowd in block:
            journal.keep_block(columns_of(crowd, routed, round(time.time(), 3)))


async def _deliberate(
    setup: Setup,
    runtime: Runtime,
    log: EventLog | MemoryLog,
    watched: Watched,
    finished: Finished,
) -> None:
    def done(deliberation: Deliberation) -> None:
        end = _item_end(setup, runtime, deliberation)
        if log.contents.items.get(end.identity) != end:
            log.finish_item(end)

    journal = WatchedLog(log, setup.expected_turns, *watched)
    arms, window = setup.scenario.arms, runtime.window
    with seldom_collected():
        await deliberate(runtime.team, arms, setup.items, journal, done, window, finished)


def _finished_items(setup: Setup, contents: LogContents) -> frozenset[tuple[str, str, int]]:
    """Return which arm, question and replica a log says are finished, and holds every turn of."""
    return frozenset(
        end.identity
        for item in setup.items
        for arm in setup.scenario.arms
        if (end := contents.items.get((arm, item.question.id, item.replica))) is not None
        and end.warmup == item.is_warmup
        and _is_whole(setup, item, arm, contents)
    )


def _is_whole(setup: Setup, item: Item, arm: Arm, contents: LogContents) -> bool:
    if isinstance(contents.turns, AllTurns) and contents.turns.in_block(
        arm, item.question.id, item.replica
    ):
        return True
    last, seats = item.rounds(setup.scenario.rounds), range(setup.scenario.n_agents)
    name, replica = item.question.id, item.replica
    end = contents.items[arm, name, replica]
    if not all((name, replica, voter) in contents.casting for voter in range(end.casting or 0)):
        return False
    probed = not (last and setup.probes) or all(
        (arm, name, replica, seat) in contents.probes for seat in seats
    )
    return probed and all(
        (arm, name, replica, number, seat) in contents.turns
        for number in range(last + 1)
        for seat in seats
    )


def _item_end(setup: Setup, runtime: Runtime, deliberation: Deliberation) -> ItemEnd:
    item = deliberation.item
    law = runtime.declared(item)
    routed = setup.scenario.router.kind != "uniform"
    return ItemEnd(
        arm=deliberation.arm,
        question=item.question.id,
        replica=item.replica,
        key=item.question.answer,
        n_options=item.question.n_options,
        target=deliberation.target if deliberation.target >= 0 else None,
        warmup=item.is_warmup,
        weights=deliberation.weights.tolist() if routed else None,
        persuasion=None if deliberation.persuasion is None else deliberation.persuasion.tolist(),
        casting=deliberation.n_casting or None,
        told_again=deliberation.told_again or None,
        stubbornness=None if law is None else law.stubbornness.tolist(),
        self_weight=None if law is None else law.self_weight.tolist(),
        order=_order(runtime.team, item),
    )


def _order(team: Team, item: Item) -> list[int] | None:
    """Return the order in which everybody was shown the options; None where orders differ."""
    orders = {team.orders(item.question, seat)[0].order for seat in range(team.n_agents)}
    return list(orders.pop()) if len(orders) == 1 else None
