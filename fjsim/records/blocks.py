"""The turns of a log: those that have a line each, and those that stand in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from fjsim.records.turn import Turn, TurnKey

if TYPE_CHECKING:
    from fjsim.records.columns import Columns


class AllTurns(MutableMapping[TurnKey, Turn]):
    """The turns of a log, by key; one that stands in a block is made when it is asked for.

    Parameters
    ----------
    single : dict of TurnKey to Turn
        Those that have a line each.
    """

    def __init__(self, single: dict[TurnKey, Turn]) -> None:
        self.single = single
        self._blocks: list[Columns] = []
        self._places: dict[tuple[str, str, int], Columns] = {}

    def add(self, block: Columns) -> None:
        """Take in the turns of a block."""
        self._blocks.append(block)
        self._places.update(dict.fromkeys(((block.arm, *place) for place in block.places), block))

    def in_block(self, arm: str, question: str, replica: int) -> bool:
        """Say whether a block holds an item."""
        return (arm, question, replica) in self._places

    def __getitem__(self, key: TurnKey) -> Turn:
        # A plain tuple finds a turn of the dictionary, so it has to find one of a block.
        block = self._places.get(key[:3])
        turn = None if block is None else block.turn(TurnKey(*key))
        return self.single[key] if turn is None else turn

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, tuple) or len(key) != len(TurnKey._fields):
            return False
        block = self._places.get(key[:3])
        return key in self.single or (block is not None and block.has(key[3], key[4]))

    def __iter__(self) -> Iterator[TurnKey]:
        yield from self.single
        for block in self._blocks:
            yield from block.keys_of_turns()

    def __len__(self) -> int:
        return len(self.single) + sum(block.n_turns for block in self._blocks)

    def __setitem__(self, key: TurnKey, turn: Turn) -> None:
        self.single[key] = turn

    def __delitem__(self, key: TurnKey) -> None:
        del self.single[key]

    def per_item(self) -> Mapping[tuple[str, str, int], int]:
        """Return how many turns of each item stand in blocks."""
        return {
            (block.arm, *place): block.n_turns // block.n_items
            for block in self._blocks
            for place in block.places
        }
