"""Which deliberation starts when: all at once, or as the memory of the policies demands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fjsim.contracts import Arm, Audit, Policy, Record
from fjsim.deliberation.item import Item
from fjsim.deliberation.loop import Deliberation, Journal
from fjsim.deliberation.team import Team
from fjsim.questions import Question
from fjsim.seeds import stream

MEMORIES = ("none", "round0", "history")

Done = Callable[[Deliberation], None]


@dataclass(frozen=True, slots=True)
class Track:
    """All items of one arm and one replica, in the seeded order.

    Parameters
    ----------
    arm : {'attacked', 'clean'}
    deliberations : tuple of Deliberation
    """

    arm: Arm
    deliberations: tuple[Deliberation, ...]


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
) -> tuple[Deliberation, ...]:
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

    Returns
    -------
    tuple of Deliberation
        Finished ones, arm by arm.
    """
    tracks = _tracks(team, arms, items, journal)
    play = {"none": _free, "round0": _after_openings, "history": _in_order}[memory_of(team)]
    gate = asyncio.Semaphore(max(1, window))
    await _all(play(track, gate, done) for track in tracks)
    return tuple(deliberation for track in tracks for deliberation in track.deliberations)


def _tracks(
    team: Team, arms: Sequence[Arm], items: Sequence[Item], journal: Journal
) -> tuple[Track, ...]:
    clean_team = replace(team, attack=None)
    clean = {item: Deliberation(clean_team, "clean", item, journal) for item in items}
    tracks = []
    for arm in arms:
        for replica in sorted({item.replica for item in items}):
            chosen = [item for item in items if item.replica == replica]
            twins = [clean[item] if "clean" in arms else None for item in chosen]
            deliberations = tuple(
                clean[item] if arm == "clean" else Deliberation(team, arm, item, journal, twin)
                for item, twin in zip(chosen, twins, strict=True)
            )
            tracks.append(Track(arm, deliberations))
    return tuple(tracks)


async def _free(track: Track, gate: asyncio.Semaphore, done: Done) -> None:
    """Nobody remembers anything: every item on its own."""

    async def play(deliberation: Deliberation) -> None:
        async with gate:
            await deliberation.open()
            states = _initial(deliberation.team)
            await _finish(track, deliberation, states, done)

    await _all(play(deliberation) for deliberation in track.deliberations)


async def _after_openings(track: Track, gate: asyncio.Semaphore, done: Done) -> None:
    """Memory is a function of round 0: open all items, fold the states, then the rest at once."""

    async def open_one(deliberation: Deliberation) -> None:
        async with gate:
            await deliberation.open()

    async def finish(deliberation: Deliberation, states: tuple[Any, Any]) -> None:
        async with gate:
            await _finish(track, deliberation, states, done)

    await _all(open_one(deliberation) for deliberation in track.deliberations)
    states = _initial(track.deliberations[0].team) if track.deliberations else (None, None)
    waiting = []
    for deliberation in track.deliberations:
        waiting.append((deliberation, states))
        states = _updated(deliberation, states)
    await _all(finish(deliberation, before) for deliberation, before in waiting)


async def _in_order(track: Track, gate: asyncio.Semaphore, done: Done) -> None:
    """Memory is the whole history: one item after the other."""
    states = _initial(track.deliberations[0].team) if track.deliberations else (None, None)
    for deliberation in track.deliberations:
        async with gate:
            await deliberation.open()
            await _finish(track, deliberation, states, done)
        states = _updated(deliberation, states)


async def _finish(
    track: Track, deliberation: Deliberation, states: tuple[Any, Any], done: Done
) -> None:
    rules = deliberation.team.rules
    n_rounds = 0 if deliberation.item.is_warmup else rules.n_rounds
    await deliberation.run(states[0], states[1], n_rounds)
    done(deliberation)


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
    return policy.update(seen, state, shown_key(policy, deliberation.item, deliberation.team))


def _round0(record: Record) -> Record:
    return replace(
        record,
        stated=record.stated[:1],
        accepted=record.accepted[:1],
        answers=record.answers[:1],
        confidence=record.confidence[:1],
    )


def shown_key(policy: Policy, item: Item, team: Team) -> int | None:
    """Return the right option where the policy's labels let it be seen.

    Parameters
    ----------
    policy : Policy
        Its ``labels`` say how many keys it is shown.
    item : Item
        The finished question.
    team : Team
        For the seed.
    """
    if policy.labels == "all":
        return item.question.answer
    if isinstance(policy.labels, Audit):
        rng = stream(team.rules.seed, "audit", item.question.id, item.replica)
        return item.question.answer if rng.random() < policy.labels.audit else None
    return None


async def _all(jobs: Iterable[Awaitable[None]]) -> None:
    """Await all; when one fails, stop the others and raise what failed."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(_awaited(job))
    except* Exception as failures:
        raise _first(failures) from None


async def _awaited(job: Awaitable[None]) -> None:
    await job


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
