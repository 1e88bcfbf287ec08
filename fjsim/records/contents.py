"""What a log holds once it is read: turns, probes, finished items, and what was skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fjsim.arms import ARMS
from fjsim.contracts import SIMULATED_MODEL, Arm
from fjsim.errors import StorageError
from fjsim.records.blocks import AllTurns
from fjsim.records.casting import CASTING_SEAT, CastingKey, CastVote
from fjsim.records.elapsed import Elapsed
from fjsim.records.header import RunHeader
from fjsim.records.probe import Probe, ProbeKey
from fjsim.records.turn import Cost, Turn, TurnKey

if TYPE_CHECKING:
    from fjsim.records.columns import Columns

SHOWN_LINES = 5
"""Damaged lines that are named one by one; more are only counted."""


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """One question of one arm and replica is finished.

    Parameters
    ----------
    arm, question, replica
        Which item it is.
    key : int or None
        The right option.
    n_options : int
        How many options it has.
    target : int or None
        The adversary's target.
    warmup : bool
        Whether it left every metric.
    weights : list of list of float or None
        W(q), where a router changed it.
    persuasion : list of list of float or None
        What multiplied the weights by which listeners mixed, ``[listener][speaker]``; None where
        nothing did.
    stubbornness, self_weight : list of float or None
        True parameters of the seats, where they are declared.
    order : list of int or None
        ``order[shown]`` is the index in the set of the option shown in that place.
    options, people, roles : list of str or None
        In an imported log: names of the options, who sits in each seat, and in which role.
    casting : int or None
        How many casting votes its gates used; None where the defense asked for none.
    told_again : int or None
        How many turns the defense told again; None for none.
    location, spread : float or None
        In an imported log: what its opinions were measured from, and in which unit.
    """

    arm: Arm
    question: str
    replica: int
    key: int | None
    n_options: int
    target: int | None = None
    warmup: bool = False
    weights: list[list[float]] | None = None
    stubbornness: list[float] | None = None
    self_weight: list[float] | None = None
    order: list[int] | None = None
    options: list[str] | None = None
    people: list[str] | None = None
    roles: list[str] | None = None
    location: float | None = None
    spread: float | None = None
    persuasion: list[list[float]] | None = None
    casting: int | None = None
    told_again: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for one line of the event log; what is not there is left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        kept = {name: value for name, value in values.items() if value is not None}
        return {**kept, "key": self.key}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ItemEnd:
        """Return the end of an item from one line of the event log; unknown keys are ignored."""
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})

    @property
    def identity(self) -> tuple[str, str, int]:
        """Arm, question and replica."""
        return self.arm, self.question, self.replica


class DamagedLine(NamedTuple):
    """A line of a log that is not believed.

    Parameters
    ----------
    number : int
        Which line of the file it is, from 1.
    problem : str
        What is wrong with it.
    """

    number: int
    problem: str


@dataclass
class LogContents:
    """What a log holds.

    Parameters
    ----------
    header : RunHeader or None
        What run it is; None where no line says so that can be read.
    turns : mapping of TurnKey to Turn
        Those of blocks are made when they are asked for.
    items : dict of (arm, question, replica) to ItemEnd
    probes : dict of ProbeKey to Probe
    casting : dict of CastingKey to CastVote
    blocks : list of Columns
        Finished items of agents without a model, many in a line.
    elapsed : Elapsed
        Wall time of all sessions.
    torn : int
        Bytes of a torn last line; 0 for none.
    damaged : list of DamagedLine
        Lines that were skipped, in the order of the file.
    n_lines : int
        How many whole lines the log has.
    """

    header: RunHeader | None = None
    turns: MutableMapping[TurnKey, Turn] = field(default_factory=dict)
    items: dict[tuple[str, str, int], ItemEnd] = field(default_factory=dict)
    probes: dict[ProbeKey, Probe] = field(default_factory=dict)
    casting: dict[CastingKey, CastVote] = field(default_factory=dict)
    blocks: list[Columns] = field(default_factory=list)
    elapsed: Elapsed = field(default_factory=Elapsed)
    torn: int = 0
    damaged: list[DamagedLine] = field(default_factory=list)
    n_lines: int = 0

    @property
    def known_header(self) -> RunHeader:
        """What run it is.

        Raises
        ------
        StorageError
            If no line of the log says so.
        """
        if self.header is None:
            raise StorageError("no line of the log says what run it holds")
        return self.header

    @property
    def single_turns(self) -> MutableMapping[TurnKey, Turn]:
        """The turns that have a line each."""
        return self.turns.single if isinstance(self.turns, AllTurns) else self.turns

    def keep_block(self, block: Columns) -> None:
        """Take in a block: its turns, its items and its probes."""
        if not isinstance(self.turns, AllTurns):
            self.turns = AllTurns(dict(self.turns))
        self.turns.add(block)
        self.blocks.append(block)
        self.items.update((end.identity, end) for end in block.ends())
        self.probes.update((probe.key, probe) for probe in block.probes())

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms of which any question is finished, the attacked one first."""
        found = {end.arm for end in self.items.values()}
        return tuple(arm for arm in ARMS if arm in found)

    @property
    def simulated(self) -> bool:
        """Whether no language model took part: numeric agents, or the embedded model."""
        asked = {cost.model for _, cost in self.costs() if cost.attempts or cost.cached_calls}
        imported = self.header is not None and self.header.imported
        return not imported and asked <= {SIMULATED_MODEL}

    def costs(self) -> Iterator[tuple[int, Cost]]:
        """Yield what each asking took, with the seat that was asked.

        Voters from outside the team sit in `CASTING_SEAT`.
        """
        for turn in self.single_turns.values():
            yield turn.agent, turn.cost
        for probe in self.probes.values():
            yield probe.agent, probe.cost
        for vote in self.casting.values():
            yield CASTING_SEAT, vote.cost

    def turns_lacking(self, header: RunHeader) -> dict[tuple[str, str, int], int]:
        """Return how many turns each finished item lacks, for the items that lack any.

        Parameters
        ----------
        header : RunHeader
            Says how many there ought to be; imported runs may have gaps.
        """
        if header.imported:
            return {}
        n_agents, n_rounds = header.n_agents, header.rounds
        there: Counter[tuple[str, str, int]] = Counter(
            (key.arm, key.question, key.replica) for key in self.single_turns
        )
        if isinstance(self.turns, AllTurns):
            there.update(self.turns.per_item())
        lacking = {
            identity: n_agents * (1 if end.warmup else n_rounds + 1) - there[identity]
            for identity, end in self.items.items()
        }
        return {identity: missing for identity, missing in lacking.items() if missing > 0}

    def reopen(self, header: RunHeader) -> None:
        """Take items that lack turns for unfinished; the parameter is that of `turns_lacking`."""
        for identity in self.turns_lacking(header):
            del self.items[identity]

    def described_damage(self) -> str:
        """Return how many lines are damaged, and the first of them with what is wrong."""
        n_lines = len(self.damaged)
        shown = [f"line {one.number} ({one.problem})" for one in self.damaged[:SHOWN_LINES]]
        more = f" and {n_lines - SHOWN_LINES} more" if n_lines > SHOWN_LINES else ""
        subject = "1 damaged line is" if n_lines == 1 else f"{n_lines} damaged lines are"
        return f"{subject} skipped: {', '.join(shown)}{more}"
