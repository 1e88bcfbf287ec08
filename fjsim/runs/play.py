"""One scenario, from its description to its metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from fjsim.contracts import Arm
from fjsim.deliberation import Deliberation, Item, deliberate, shown_key
from fjsim.runs.folder import open_folder, write_results
from fjsim.runs.collection import seldom_collected
from fjsim.runs.measuring import Outcome, measure
from fjsim.runs.resolve import Crew, Setup, make_crew, resolve, versions
from fjsim.runs.spending import open_spending, spend, totals
from fjsim.runs.trust import require_trust
from fjsim.metrics import Estimate, Measured, Spending, registered
from fjsim.records import (
    EventLog,
    ItemEnd,
    LogContents,
    MemoryLog,
    SpendingLog,
    Transcript,
    Turn,
    build_transcript,
)
from fjsim.records.frames import turns_frame
from fjsim.scenario import Scenario

Watcher = Callable[[int, int], None]


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run.

    Parameters
    ----------
    scenario : Scenario
    outcome : Outcome
        Metrics, baseline and predictions.
    transcripts : mapping of arm to Transcript
    contents : LogContents
        Every recorded turn.
    run_dir : Path or None
        Where it lies; None if it was kept in memory.
    simulated : bool
        Whether the embedded model or numeric agents produced it.
    """

    scenario: Scenario
    outcome: Outcome
    transcripts: Mapping[Arm, Transcript]
    contents: LogContents
    run_dir: Path | None
    simulated: bool

    def __repr__(self) -> str:
        return f"Run({self.scenario.title}, {self.transcript!r}, run_dir={self.run_dir})"

    @property
    def measured(self) -> Measured:
        """Every number by metric, arm and round: ``run.measured["takeover_observed"]``."""
        return self.outcome.measured

    @property
    def metrics(self) -> Mapping[str, Estimate]:
        """Numbers of the attacked arm, or of the clean one where nobody attacks."""
        return self.outcome.metrics

    @property
    def baseline_metrics(self) -> Mapping[str, Estimate] | None:
        """The same of the clean arm beside an attacked one; None where there is one arm."""
        return self.outcome.baseline

    @property
    def transcript(self) -> Transcript:
        """The attacked arm, or the clean one where nobody attacks."""
        return self.transcripts.get("attacked") or self.transcripts["clean"]

    @property
    def baseline(self) -> Transcript | None:
        """The clean arm beside an attacked one."""
        return self.transcripts.get("clean") if "attacked" in self.transcripts else None

    @cached_property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """Flat tables: ``turns`` and ``metrics``."""
        turns = turns_frame(
            self.contents.turns.values(), self.transcript.seats, self.contents.items
        )
        rows = [{"metric": name, **value.as_dict()} for name, value in self.metrics.items()]
        return {"turns": turns, "metrics": pd.DataFrame(rows)}

    def as_dict(self) -> dict[str, object]:
        """Return what ``fjsim run --json`` prints."""
        return {
            "run_dir": None if self.run_dir is None else str(self.run_dir),
            "simulated": self.simulated,
            "scenario": self.scenario.as_dict(),
            **self.outcome.as_dict(),
        }


def run(
    scenario: Scenario,
    out: str | Path | None = None,
    watch: Watcher | None = None,
    cache: Path | bool = True,
) -> Run:
    """Run a scenario with its paired clean baseline.

    Parameters
    ----------
    scenario : Scenario
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

    Examples
    --------
    >>> from fjsim.scenario import Scenario
    >>> scenario = Scenario(topology="star", attack="stubborn", questions={"limit": 2}, rounds=1)
    >>> run(scenario).transcript.beliefs.shape
    (2, 2, 6, 5)
    """
    return asyncio.run(run_async(scenario, out, watch, cache))


async def run_async(
    scenario: Scenario,
    out: str | Path | None = None,
    watch: Watcher | None = None,
    cache: Path | bool = True,
) -> Run:
    """Run a scenario inside a running event loop; parameters as of `run`."""
    return await run_setup(resolve(scenario), None if out is None else Path(out), watch, cache)


async def run_setup(
    setup: Setup,
    folder: Path | None,
    watch: Watcher | None = None,
    cache: Path | bool = True,
) -> Run:
    """Run a resolved scenario.

    Parameters
    ----------
    setup : Setup
        From ``resolve``.
    folder, watch, cache
        As of `run`.
    """
    require_trust([setup.scenario])
    # A metric that cannot be made stops the run before anybody is asked.
    registered()
    log = MemoryLog() if folder is None else open_folder(folder, setup)
    spending: SpendingLog | None = None
    started = time.monotonic()
    try:
        if folder is None:
            log.write("run", setup.header())
        spending = open_spending(folder, setup, log.contents)
        spent = spend(totals(setup, log.contents, spending))
        crew = make_crew(setup, spent, cache, spending)
        finished = _finished_items(setup, log.contents)
        if len(finished) < len(setup.items) * len(setup.scenario.arms):
            await _play(setup, crew, log, watch or _unwatched, finished)
        await crew.close()
        seconds = log.contents.seconds + time.monotonic() - started
        spent_in_all = totals(setup, log.contents, spending)
        run = _finished(setup, log.contents, spent_in_all, seconds, crew.simulated, folder)
    finally:
        if spending is not None:
            spending.close()
        log.close()
    if folder is not None:
        write_results(folder, setup, run.as_dict(), run.frames["turns"])
    return run


async def _play(
    setup: Setup,
    crew: Crew,
    log: EventLog | MemoryLog,
    watch: Watcher,
    finished: Collection[tuple[str, str, int]],
) -> None:
    log.write("session", {"at": time.time(), "versions": versions()})
    journal = _Watched(log, setup, watch)

    def done(deliberation: Deliberation) -> None:
        end = _item_end(setup, crew, deliberation)
        if log.contents.items.get(end.identity) != end:
            log.finish_item(end)

    arms, window = setup.scenario.arms, crew.window
    try:
        with seldom_collected():
            await deliberate(crew.team, arms, setup.items, journal, done, window, finished)
    finally:
        try:
            log.write("end", {"at": time.time()})
        finally:
            await crew.close()


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
    last, seats = item.rounds(setup.scenario.rounds), range(setup.scenario.n_agents)
    name, replica = item.question.id, item.replica
    probed = not (last and setup.plugins.router.probes) or all(
        (arm, name, replica, seat) in contents.probes for seat in seats
    )
    return probed and all(
        (arm, name, replica, number, seat) in contents.turns
        for number in range(last + 1)
        for seat in seats
    )


def _unwatched(done: int, total: int) -> None:
    """Watch nothing."""


class _Watched:
    """A journal that tells somebody how far the run is."""

    def __init__(self, log: EventLog | MemoryLog, setup: Setup, watch: Watcher) -> None:
        self._log, self._watch, self._total = log, watch, setup.expected_turns
        self.recorded = log.recorded
        self.probed, self.keep_probe = log.probed, log.keep_probe
        self.sync = log.sync
        watch(len(log.contents.turns), self._total)

    def accept(self, turn: Turn) -> None:
        self._log.accept(turn)
        self._watch(len(self._log.contents.turns), self._total)


def _item_end(setup: Setup, crew: Crew, deliberation: Deliberation) -> ItemEnd:
    item = deliberation.item
    law = crew.declared(item)
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
        stubbornness=None if law is None else law.stubbornness.tolist(),
        self_weight=None if law is None else law.self_weight.tolist(),
        order=list(crew.team.sheet(item.question).order),
    )


def _finished(
    setup: Setup,
    contents: LogContents,
    spent: Spending,
    seconds: float,
    simulated: bool,
    folder: Path | None,
) -> Run:
    arms = setup.scenario.arms
    simulated = simulated or contents.simulated
    transcripts = {
        arm: replace(build_transcript(contents, arm), simulated=simulated) for arm in arms
    }
    if "clean" in transcripts and "attacked" in transcripts:
        targets = transcripts["attacked"].targets
        transcripts["clean"] = replace(transcripts["clean"], targets=targets)
    whole = replace(
        spent,
        wall_seconds=seconds,
        labels_used=_labels_used(setup),
    )
    outcome = measure(transcripts, whole, setup)
    return Run(setup.scenario, outcome, transcripts, contents, folder, simulated)


def _labels_used(setup: Setup) -> int:
    """Return how many keys the policies of one arm were shown."""
    policies = [setup.plugins.router, setup.plugins.defense]
    return sum(
        shown_key(policy, item, setup.scenario.seed) is not None
        for policy in policies
        if policy is not None and policy.memory != "none"
        for item in setup.items
    )
