"""All items of a run, block by block, as the memory of the policies demands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.crowd.batch import Batch
from fjsim.crowd.play import Crowd
from fjsim.crowd.states import same, stacked
from fjsim.deliberation import Item, Team, learned, memory_of

BLOCK = 2**23
"""Beliefs, in numbers, that one block of items may have in one arm."""
WINDOW = 128
"""Questions that are played at once from guessed states."""

Block = list[Crowd]
"""Finished arms of some items."""
Finished = Collection[tuple[str, str, int]]


class States(NamedTuple):
    """States of defense and router before a question."""

    defense: Any
    router: Any


def play_all(
    team: Team,
    arms: Sequence[Arm],
    items: Sequence[Item],
    finished: Finished = (),
    block: int = BLOCK,
) -> Iterator[Block]:
    """Play all items in all arms but those that are finished.

    Parameters
    ----------
    team : Team
        With the attack, which the clean arm leaves out; everybody speaks for himself and is
        batched.
    arms : sequence of {'attacked', 'clean'}
        The clean one is played first, whatever their order.
    items : sequence of Item
        All of the run, in their order.
    finished : collection of (arm, question, replica)
        Items whose turns are kept already. Where policies remember them, they are played again,
        which makes the same of them, and are not yielded.
    block : int
        About as many numbers of beliefs make a block.

    Yields
    ------
    list of Crowd
        Arms of some items, all their rounds played.
    """
    ordered: list[Arm] = sorted(arms, reverse=True)
    memory, size = memory_of(team), _items_in(block, team, items)
    played = [item for item in items if not _is_done(item, ordered, finished)]
    if memory == "none":
        parts = (played[at : at + size] for at in range(0, len(played), size))
        found: Iterator[Block] = (_free(team, ordered, part) for part in parts)
    elif memory == "round0":
        found = _after_openings(team, ordered, items, size, finished)
    else:
        found = _in_order(team, ordered, items, size, finished)
    for crowds in found:
        left = [_without(crowd, finished) for crowd in crowds]
        if kept := [crowd for crowd in left if crowd is not None]:
            yield kept


def _items_in(block: int, team: Team, items: Sequence[Item]) -> int:
    widest = max((item.question.n_options for item in items), default=1)
    each = (team.rules.n_rounds + 1) * team.n_agents * (widest + team.n_agents)
    return max(1, block // each)


def _is_done(item: Item, arms: Sequence[Arm], finished: Finished) -> bool:
    return all((arm, item.question.id, item.replica) in finished for arm in arms)


def _without(crowd: Crowd, finished: Finished) -> Crowd | None:
    """Return a crowd without the items that are kept already; None where none is left."""
    open_ones = [
        at
        for at, item in enumerate(crowd.batch.items)
        if (crowd.arm, item.question.id, item.replica) not in finished
    ]
    if len(open_ones) == crowd.batch.n_items:
        return crowd
    return crowd.select(np.array(open_ones), played=True) if open_ones else None


def batches(team: Team, items: Sequence[Item]) -> list[Batch]:
    """Return the items in batches: those of as many options, the warm-up apart.

    Parameters
    ----------
    team : Team
    items : sequence of Item
    """
    alike: dict[tuple[int, bool], list[Item]] = {}
    for item in items:
        alike.setdefault((item.question.n_options, item.is_warmup), []).append(item)
    return [Batch.of(team, tuple(some)) for some in alike.values()]


def _opened(team: Team, arms: Sequence[Arm], items: Sequence[Item]) -> dict[Arm, Block]:
    found: dict[Arm, Block] = {arm: [] for arm in arms}
    for batch in batches(team, items):
        for arm in arms:
            crowd = Crowd(batch, arm, twin=len(arms) > 1)
            crowd.open()
            found[arm].append(crowd)
    return found


def _free(team: Team, arms: Sequence[Arm], items: Sequence[Item]) -> Block:
    """Play items in all arms; nobody remembers anything."""
    states, crowds = initial(team), []
    for opened in _opened(team, arms, items).values():
        for crowd in opened:
            crowd.run(*states)
            crowds.append(crowd)
    return crowds


def _after_openings(
    team: Team, arms: Sequence[Arm], items: Sequence[Item], size: int, finished: Finished
) -> Iterator[Block]:
    """Open all items, fold the states over them, then play the rest part by part."""
    before: dict[tuple[Arm, Item], States] = {}
    for track in _tracks(items):
        for arm, crowds in _opened(team, arms, track).items():
            places, states = _places(crowds), initial(team)
            for item in track:
                before[arm, item] = states
                states = updated(*places[item], states)
    played = [item for item in items if not _is_done(item, arms, finished)]
    for start in range(0, len(played), size):
        done: Block = []
        for arm, crowds in _opened(team, arms, played[start : start + size]).items():
            for crowd in crowds:
                crowd.run(*_stacked([before[arm, item] for item in crowd.batch.items]))
                done.append(crowd)
        yield done


def _in_order(
    team: Team, arms: Sequence[Arm], items: Sequence[Item], size: int, finished: Finished
) -> Iterator[Block]:
    """Play windows of questions, one after the other; memory is the whole history."""
    tracks = _tracks(items)
    open_ones = [
        at
        for track in tracks
        for at, item in enumerate(track)
        if not _is_done(item, arms, finished)
    ]
    last = max(open_ones, default=-1)
    starts: dict[tuple[Arm, int], States] = {}
    width = max(1, min(WINDOW, size // len(tracks)))
    for first in range(0, last + 1, width):
        window = [item for track in tracks for item in track[first : first + width]]
        done: Block = []
        for arm, crowds in _opened(team, arms, window).items():
            for track in _tracks(window):
                starts.setdefault((arm, track[0].replica), initial(team))
            settled = _Settling(crowds, window, {r: s for (a, r), s in starts.items() if a == arm})
            settled.settle()
            starts |= {(arm, replica): state for replica, state in settled.ends.items()}
            done += crowds
        yield done


class _Lesson(NamedTuple):
    """What was said on an item, and the states before and after it."""

    said: tuple[Array, ...]
    before: States
    after: States


class _Settling:
    """Questions that policies learn from one after the other, played all at once.

    They are played from guessed states; what is learned from them makes better guesses, and those
    whose guess has changed are played again. Once none has, every question was played from the
    very state that the ones before it leave. Each pass settles at least one more.
    """

    def __init__(self, crowds: Block, items: Sequence[Item], starts: dict[int, States]) -> None:
        self._crowds, self._tracks, self._starts = crowds, _tracks(items), starts
        self._places = _places(crowds)
        self._guesses = {item: starts[item.replica] for item in items}
        self._lessons: dict[Item, _Lesson] = {}
        self.ends: dict[int, States] = {}

    def settle(self) -> None:
        """Play until no guess changes."""
        left: Collection[Item] = self._guesses.keys()
        while left:
            for crowd in self._crowds:
                self._play(crowd, left)
            left = self._fold()

    def _play(self, crowd: Crowd, left: Collection[Item]) -> None:
        chosen = [at for at, item in enumerate(crowd.batch.items) if item in left]
        if not chosen or not crowd.batch.n_rounds:
            return
        states = _stacked([self._guesses[crowd.batch.items[at]] for at in chosen])
        if len(chosen) == crowd.batch.n_items:
            crowd.run(*states)
            return
        part = crowd.select(np.array(chosen))
        part.run(*states)
        crowd.put(part, np.array(chosen))

    def _fold(self) -> set[Item]:
        """Learn from all questions in turn; return those that were played from another state."""
        wrong: set[Item] = set()
        for track in self._tracks:
            state = self._starts[track[0].replica]
            for item in track:
                if not same(state, self._guesses[item]):
                    wrong.add(item)
                    self._guesses[item] = state
                state = self._learned(item, state)
            self.ends[track[0].replica] = state
        return wrong

    def _learned(self, item: Item, state: States) -> States:
        """Return the state after an item; what is played again often teaches the same again."""
        crowd, at = self._places[item]
        said, known = crowd.said_of(at), self._lessons.get(item)
        if known is None or not same(known.before, state) or not same(known.said, said):
            known = _Lesson(said, state, updated(crowd, at, state))
            self._lessons[item] = known
        return known.after


def _tracks(items: Sequence[Item]) -> list[list[Item]]:
    """Return the items of each replica, in their order."""
    found: dict[int, list[Item]] = {}
    for item in items:
        found.setdefault(item.replica, []).append(item)
    return list(found.values())


def _places(crowds: Block) -> dict[Item, tuple[Crowd, int]]:
    return {item: (crowd, at) for crowd in crowds for at, item in enumerate(crowd.batch.items)}


def initial(team: Team) -> States:
    """Return the states before the first question."""
    defense = None if team.defense is None else team.defense.initial_state(team.n_agents)
    return States(defense, team.router.initial_state(team.n_agents))


def updated(crowd: Crowd, at: int, states: States) -> States:
    """Return the states after an item.

    Parameters
    ----------
    crowd : Crowd
    at : int
        The item's place in it.
    states : States
        Before it.
    """
    team, item = crowd.batch.team, crowd.batch.items[at]
    record, seed = crowd.record_of(at), team.rules.seed
    defense = states.defense
    if team.defense is not None:
        defense = learned(team.defense, record, defense, item, seed)
    return States(defense, learned(team.router, record, states.router, item, seed))


def _stacked(states: Sequence[States]) -> States:
    return States(stacked([s.defense for s in states]), stacked([s.router for s in states]))
