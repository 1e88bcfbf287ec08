"""Which deliberation starts when: all at once, or as the memory of the policies demands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from fjsim.contracts import Arm, Audit, Policy, Record
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
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
) -> None:
    """Play all items in all arms.

    Parameters
    ----------
    team : Team
        With the attack, which the clean arm leaves out.
    arms : sequence of {'attacked', 'clean'}
        Both arms share the benign seats' round 0.
    items : sequence of Item
        In the order to be started.
    journal : Journal
        Where turns go, and where those of earlier sessions are.
    done : callable
        Called with each deliberation when it is finished.
    window : int
        How many items are under way at a time where the policies need no memory.
    """
    course = _Course(team, arms, journal, done, asyncio.Semaphore(max(1, window)))
    memory = memory_of(team)
    if memory == "none":
        await _one_by_one(course.free(item) for item in items)
        return
    for_replica: dict[int, list[Item]] = {}
    for item in items:
        for_replica.setdefault(item.replica, []).append(item)
    play = course.after_openings if memory == "round0" else course.in_order
    await _all(play(arm, track) for track in for_replica.values() for arm in arms)


class _Course:
    """How the items of a run are played, given what the policies remember."""

    def __init__(
        self,
        team: Team,
        arms: Sequence[Arm],
        journal: Journal,
        done: Done,
        gate: asyncio.Semaphore,
    ) -> None:
        self._teams = {"attacked": team, "clean": replace(team, attack=None)}
        self._arms, self._journal, self._done, self._gate = arms, journal, done, gate
        self._waiting: dict[Item, dict[Arm, Deliberation]] = {}

    async def free(self, item: Item) -> None:
        """Play one item in all arms; nobody remembers anything."""
        async with self._gate:
            await _all(self._from_the_start(self._take(item, arm)) for arm in self._arms)

    async def after_openings(self, arm: Arm, items: Sequence[Item]) -> None:
        """Open all items of a replica, fold the states over them, then play the rest at once."""
        track = [self._take(item, arm) for item in items]
        await _one_by_one(self._opened(deliberation) for deliberation in track)
        states, ready = _initial(self._teams[arm]), []
        for deliberation in track:
            ready.append((deliberation, states))
            states = _updated(deliberation, states)
        await _one_by_one(self._gated(deliberation, states) for deliberation, states in ready)

    async def in_order(self, arm: Arm, items: Sequence[Item]) -> None:
        """Play one item after the other; memory is the whole history."""
        states = _initial(self._teams[arm])
        for item in items:
            deliberation = self._take(item, arm)
            await self._opened(deliberation)
            await self._gated(deliberation, states)
            states = _updated(deliberation, states)

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
        async with self._gate:
            await deliberation.open()

    async def _gated(self, deliberation: Deliberation, states: tuple[Any, Any]) -> None:
        async with self._gate:
            await self._finish(deliberation, states)

    async def _finish(self, deliberation: Deliberation, states: tuple[Any, Any]) -> None:
        n_rounds = 0 if deliberation.item.is_warmup else deliberation.team.rules.n_rounds
        await deliberation.run(states[0], states[1], n_rounds)
        self._done(deliberation)


def _initial(team: Team) -> tuple[Any, Any]:
    defense = None if team.defense is None else team.defense.initial_state(team.n_agents)
    return defense, team.router.initial_state(team.n_agents)


def _updated(deliberation: Deliberation, states: tuple[Any, Any]) -> tuple[Any, Any]:
    team, record = deliberation.team, deliberation.record()
    defense = states[0]
    if team.defense is not None:
        defense = _learn(team.defense, record, defense, deliberation)
    return defense, _learn(team.router, record, states[1], deliberation)


def _learn(policy: Policy, record: Record, state: Any, deliberation: Deliberation) -> Any:
    if policy.memory == "none":
        return state
    seen = record if policy.memory == "history" else _round0(record)
    return policy.update(
        seen, state, shown_key(policy, deliberation.item, deliberation.team.rules.seed)
    )


def _round0(record: Record) -> Record:
    return replace(
        record,
        stated=record.stated[:1],
        accepted=record.accepted[:1],
        answers=record.answers[:1],
        confidence=record.confidence[:1],
    )


def shown_key(policy: Policy, item: Item, seed: int) -> int | None:
    """Return the right option where the policy's labels let it be seen.

    Parameters
    ----------
    policy : Policy
        Its ``labels`` say how many keys it is shown.
    item : Item
        The finished question.
    seed : int
        Of the audits.
    """
    if policy.labels == "all":
        return item.question.answer
    if isinstance(policy.labels, Audit):
        if item.is_warmup and getattr(policy, "warmup", False):
            # A policy that asks for a warm-up learns from all of it.
            return item.question.answer
        rng = stream(seed, "audit", item.question.id, item.replica)
        return item.question.answer if rng.random() < policy.labels.audit else None
    return None


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
