"""Which deliberation starts when: all at once, or as the memory of the policies demands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from fjsim.contracts import Arm
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
from fjsim.deliberation.learning import learned
from fjsim.deliberation.loop import Deliberation
from fjsim.deliberation.team import Team
from fjsim.questions import Question
from fjsim.seeds import stream

MEMORIES = ("none", "round0", "history")

HEAD_START = 24
"""Passes of the event loop that a question has to itself before the next one starts."""

Done = Callable[[Deliberation], None]


def seeded_order(
    questions: Sequence[Question], replicas: int, warmup: int, seed: int
) -> tuple[Item, ...]:
    """Return all items: each replica in the same seeded order of questions.

    More replicas only append. More questions draw another order: the one order in which a longer
    set always appends is the set's own, in which the first topic of a file would be the warm-up.

    Parameters
    ----------
    questions : sequence of Question
    replicas : int
        How often each is deliberated.
    warmup : int
        How many of the order play round 0 only.
    seed : int
        Root of the order's stream.
    """
    order = stream(seed, "order").permutation(len(questions))
    return tuple(
        Item(questions[at], replica, place, warmup)
        for replica in range(replicas)
        for place, at in enumerate(order.tolist())
    )


def memory_of(team: Team) -> str:
    """Return the longest memory of router, defense and attack."""
    plugins = [team.router, team.defense, team.attack]
    return max((plugin.memory for plugin in plugins if plugin is not None), key=MEMORIES.index)


async def deliberate(
    team: Team,
    arms: Sequence[Arm],
    items: Sequence[Item],
    journal: Journal,
    done: Done,
    window: int,
    finished: Collection[tuple[str, str, int]] = (),
) -> None:
    """Play all items in all arms but those that earlier sessions finished.

    What policies remember is folded over all items, finished ones as they stand in the journal.

    Parameters
    ----------
    team : Team
        With the attack, which the clean arm leaves out.
    arms : sequence of {'attacked', 'clean'}
        Both arms share the benign seats' round 0.
    items : sequence of Item
        All of the run, in the order to be started.
    journal : Journal
        Where turns go, and where those of earlier sessions are.
    done : callable
        Called with each deliberation when it is finished.
    window : int
        How many items are under way at a time where the policies need no memory.
    finished : collection of (arm, question, replica)
        Items of which the journal holds every turn.
    """
    scheduler = _Scheduler(team, arms, journal, done, asyncio.Semaphore(max(1, window)), finished)
    memory = memory_of(team)
    if memory == "none":
        await _one_by_one(scheduler.free(item) for item in items if scheduler.is_open(item))
        return
    for_replica: dict[int, list[Item]] = {}
    for item in items:
        for_replica.setdefault(item.replica, []).append(item)
    play = scheduler.after_openings if memory == "round0" else scheduler.in_order
    tracks = [scheduler.as_far_as_open(track) for track in for_replica.values()]
    await _all(play(arm, track) for track in tracks for arm in arms)


class _Scheduler:
    """How the items of a run are played, given what the policies remember."""

    def __init__(
        self,
        team: Team,
        arms: Sequence[Arm],
        journal: Journal,
        done: Done,
        slots: asyncio.Semaphore,
        finished: Collection[tuple[str, str, int]],
    ) -> None:
        self._teams = {"attacked": team, "clean": replace(team, attack=None)}
        self._arms, self._journal, self._done, self._slots = arms, journal, done, slots
        self._finished = finished
        self._waiting: dict[Item, dict[Arm, Deliberation]] = {}

    def is_open(self, item: Item) -> bool:
        """Say whether an arm of the item is left to be played."""
        return not all(self._is_finished(arm, item) for arm in self._arms)

    def as_far_as_open(self, track: Sequence[Item]) -> Sequence[Item]:
        """Return a track without the items after the last open one: nobody waits for them."""
        ends = [at for at, item in enumerate(track, start=1) if self.is_open(item)]
        return track[: max(ends, default=0)]

    async def free(self, item: Item) -> None:
        """Play one item in all arms; nobody remembers anything."""
        async with self._slots:
            taken = [self._take(item, arm) for arm in self._arms]
            await _all(
                self._from_the_start(deliberation)
                for deliberation in taken
                if not self._is_finished(deliberation.arm, item)
            )

    async def after_openings(self, arm: Arm, items: Sequence[Item]) -> None:
        """Open all items of a replica, fold the states over them, then play the rest at once."""
        track = [self._take(item, arm) for item in items]
        left = [one for one in track if not self._is_finished(arm, one.item)]
        await _one_by_one(self._opened(deliberation) for deliberation in left)
        states, ready = _initial(self._teams[arm]), []
        for deliberation in track:
            if self._is_finished(arm, deliberation.item):
                deliberation.recall(0)
            else:
                ready.append((deliberation, states))
            states = _updated(deliberation, states)
        await _one_by_one(
            self._play_in_slot(deliberation, states) for deliberation, states in ready
        )

    async def in_order(self, arm: Arm, items: Sequence[Item]) -> None:
        """Play one item after the other; memory is the whole history."""
        states = _initial(self._teams[arm])
        for item in items:
            deliberation = self._take(item, arm)
            if self._is_finished(arm, item):
                n_rounds = item.rounds(deliberation.team.rules.n_rounds)
                deliberation.recall(n_rounds, states[0])
            else:
                await self._opened(deliberation)
                await self._play_in_slot(deliberation, states)
            states = _updated(deliberation, states)

    def _is_finished(self, arm: Arm, item: Item) -> bool:
        return (arm, item.question.id, item.replica) in self._finished

    def _take(self, item: Item, arm: Arm) -> Deliberation:
        """Return one arm of an item; both are made together and forgotten once both are taken."""
        if item not in self._waiting:
            clean = Deliberation(self._teams["clean"], "clean", item, self._journal)
            made: dict[Arm, Deliberation] = {"clean": clean}
            if "attacked" in self._arms:
                twin = clean if "clean" in self._arms else None
                made["attacked"] = Deliberation(
                    self._teams["attacked"], "attacked", item, self._journal, twin
                )
            self._waiting[item] = {name: made[name] for name in self._arms}
        taken = self._waiting[item].pop(arm)
        if not self._waiting[item]:
            del self._waiting[item]
        return taken

    async def _from_the_start(self, deliberation: Deliberation) -> None:
        await deliberation.open()
        await self._finish(deliberation, _initial(deliberation.team))

    async def _opened(self, deliberation: Deliberation) -> None:
        async with self._slots:
            await deliberation.open()

    async def _play_in_slot(self, deliberation: Deliberation, states: tuple[Any, Any]) -> None:
        async with self._slots:
            await self._finish(deliberation, states)

    async def _finish(self, deliberation: Deliberation, states: tuple[Any, Any]) -> None:
        n_rounds = deliberation.item.rounds(deliberation.team.rules.n_rounds)
        await deliberation.run(states[0], states[1], n_rounds)
        self._done(deliberation)


def _initial(team: Team) -> tuple[Any, Any]:
    defense = None if team.defense is None else team.defense.initial_state(team.n_agents)
    return defense, team.router.initial_state(team.n_agents)


def _updated(deliberation: Deliberation, states: tuple[Any, Any]) -> tuple[Any, Any]:
    team, record = deliberation.team, deliberation.record()
    item, seed = deliberation.item, team.rules.seed
    defense = states[0]
    if team.defense is not None:
        defense = learned(team.defense, record, defense, item, seed)
    return defense, learned(team.router, record, states[1], item, seed)


async def _all(jobs: Iterable[Coroutine[Any, Any, None]], head_start: int = 0) -> None:
    """Await all; when one fails, stop the others and raise what failed."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                task = group.create_task(job)
                for _ in range(head_start):
                    if task.done():
                        break
                    await asyncio.sleep(0)
    except* Exception as failures:
        raise _first(failures) from None


async def _one_by_one(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all, each started when the requests of the one before it have left.

    Started in one instant, the first requests of all questions would leave after the last prompt
    is made and come back together, in every round: the server idle while prompts are made, and
    nobody at work while it answers.
    """
    await _all(jobs, HEAD_START)


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
