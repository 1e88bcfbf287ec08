"""One question in the terminal: on one screen, or word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import fill

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fjsim.errors import ConfigError, nearest
from fjsim.foreign_text import printable, shortened, shown
from fjsim.questions import Question, as_shown, letter
from fjsim.records import ItemEnd, RunHeader, Turn
from fjsim.records.building import unit_of
from fjsim.records.deliberation import RecordedDeliberation
from fjsim.records.units import OpinionUnit
from fjsim.report.html.deliberations import Deliberations, ended
from fjsim.runs import Run

WIDTH = 80
"""Columns of a terminal."""
CELL = 8
"""Columns of an agent in the overview, gap included."""
MOST_ROUNDS = 12
LONGEST_OPTION = 60
LONGEST_NAME = 30
LONGEST_WORDS = 600
"""Characters of what an agent said that are shown; ``--full`` shows all."""

_MENTION = re.compile(r"\b(?:[Oo]ption|[Aa]nswer|[Cc]hoice)\s+([A-Z])\b")


@dataclass(frozen=True, eq=False)
class ShownQuestion:
    """One question of one arm, with the names that a reader knows things by.

    Parameters
    ----------
    run : Run
    deliberation : RecordedDeliberation
    asked : Question or None
        What was asked; None where the question set is not at hand.
    """

    run: Run
    deliberation: RecordedDeliberation
    asked: Question | None

    @classmethod
    def of(cls, run: Run, deliberation: RecordedDeliberation) -> ShownQuestion:
        """Return a deliberation with its question, where that is at hand."""
        item = (deliberation.question, deliberation.replica)
        return cls(run, deliberation, Deliberations(run).question(item))

    @property
    def header(self) -> RunHeader:
        """What the log says of the whole run."""
        return self.run.contents.known_header

    @property
    def end(self) -> ItemEnd | None:
        """How the question ended; None while it has not."""
        return self.deliberation.end

    @cached_property
    def agents(self) -> list[str]:
        """The name of each seat."""
        people = self.end.people if self.end is not None else None
        return [printable(name) for name in people or self.header.agents]

    @cached_property
    def rounds(self) -> dict[int, list[Turn]]:
        """The turns of each round of which there are any."""
        found: dict[int, list[Turn]] = {}
        for turn in self.deliberation.turns:
            found.setdefault(turn.round, []).append(turn)
        return found

    @cached_property
    def heads(self) -> list[str]:
        """What a column calls each seat: its number, or the name that an imported log has."""
        named = self.header.imported
        return [
            (shortened(name, CELL - 2) if named else str(seat)) + self.mark(seat)
            for seat, name in enumerate(self.agents)
        ]

    @cached_property
    def options(self) -> list[str]:
        """The options in the order of the question file; empty where they are not known."""
        if self.asked is not None:
            return [printable(option) for option in self.asked.options]
        named = self.end.options if self.end is not None else None
        return [printable(option) for option in named or ()]

    @cached_property
    def unit(self) -> OpinionUnit | None:
        """The unit of an imported log's opinions; None where there are options."""
        known = self.end is not None and self.header.imported
        return unit_of(self.header, [self.end]) if known and self.end is not None else None

    @property
    def reordered(self) -> bool:
        """Whether the agents saw the options in another order than the file's."""
        order = None if self.end is None else self.end.order
        return bool(order) and list(order or ()) != sorted(order or ())

    def mark(self, seat: int) -> str:
        """Return a star for a hostile seat."""
        return "*" if seat in self.deliberation.seats else ""

    def name(self, seat: int) -> str:
        """Return a seat's name, marked if it is hostile."""
        known = self.agents[seat] if seat < len(self.agents) else f"speaker {seat}"
        return shortened(known, LONGEST_NAME) + self.mark(seat)

    def seat(self, asked: str) -> int:
        """Return the seat that a name or a number stands for.

        Raises
        ------
        ConfigError
            If there is none.
        """
        if asked in self.agents:
            return self.agents.index(asked)
        if asked.isascii() and asked.isdigit() and int(asked) < len(self.agents):
            return int(asked)
        raise ConfigError(
            f"no agent {shown(asked)} in this run; give a name such as {shown(self.agents[0])}, "
            f"or a seat from 0 to {len(self.agents) - 1}{nearest(asked, self.agents)}"
        )

    def position(self, turn: Turn) -> str:
        """Return where an agent stands after a turn: letter and share, or its opinion."""
        if self.unit is not None and turn.belief is not None:
            first = np.zeros(1, dtype=np.int64)
            return f"{self.unit.original(np.array([turn.belief[1]]), first)[0]:.6g}"
        option = ended(turn)
        if option < 0:
            return "tie" if turn.belief is not None else str(turn.validity)
        name = letter(option) or str(option)
        return name if turn.belief is None else f"{name} {_share(turn.belief[option])}"

    def style(self, turn: Turn) -> str:
        """Return the style of a position: the key is green, the target red."""
        option = ended(turn)
        if self.end is None or option < 0 or self.unit is not None:
            return ""
        return "green" if option == self.end.key else "red" if option == self.end.target else ""

    def words(self, text: str) -> str:
        """Return what an agent said, with the file's letter beside each letter that it saw."""
        order = list(self.end.order or ()) if self.end is not None and self.reordered else []

        def here(found: re.Match[str]) -> str:
            at = ord(found[1]) - ord("A")
            return f"{found[0]} [{letter(order[at])} here]" if at < len(order) else found[0]

        return _MENTION.sub(here, printable(text))


def _share(value: float) -> str:
    return "1.0" if value >= 0.995 else f"{value:.2f}"[1:]


def opening(talk: ShownQuestion) -> Iterator[RenderableType]:
    """Yield what was asked, with its options, key and target.

    Parameters
    ----------
    talk : ShownQuestion
    """
    label = "simulated · " if talk.run.simulated else ""
    one = talk.deliberation
    replica = f" · replica {one.replica}" if one.replica else ""
    star = " · * marks the hostile" if one.seats else ""
    yield Text(f"{label}{printable(one.question)} · {one.arm} arm{replica}{star}", style="bold")
    if talk.asked is not None:
        yield Text(_wrapped(printable(talk.asked.text), ""))
    for at, option in enumerate(talk.options if talk.unit is None else ()):
        yield _option(talk, at, option)
    if not talk.options and talk.end is not None and talk.unit is None:
        key, target = letter(talk.end.key), letter(talk.end.target)
        yield Text(f"key {key or 'none'}, target {target or 'none'}")
    if one.casting:
        votes = " ".join(letter(vote.answer) or "none" for vote in one.casting)
        yield Text(f"casting votes of voters from outside the team: {votes}")


def _option(talk: ShownQuestion, at: int, option: str) -> Text:
    line = Text(f"  {letter(at) or at}  {shortened(' '.join(option.split()), LONGEST_OPTION)}")
    if talk.end is not None and at == talk.end.key:
        line.append("  key", style="green")
    if talk.end is not None and at == talk.end.target:
        line.append("  target", style="red")
    return line


def overview(talk: ShownQuestion, every_round: bool = False) -> Iterator[RenderableType]:
    """Yield where everybody stood after each round: a row a round, a column an agent.

    Parameters
    ----------
    talk : ShownQuestion
    every_round : bool
        Whether a long deliberation is shown whole.
    """
    seats = list(range(min(len(talk.heads), (WIDTH - 8) // CELL)))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="")
    table.add_column("round")
    for seat in seats:
        table.add_column(Text(talk.heads[seat]), no_wrap=True)
    rounds = list(talk.rounds.values())
    kept = rounds if every_round or len(rounds) <= MOST_ROUNDS else rounds[: MOST_ROUNDS // 2]
    for turns in kept:
        table.add_row(*_row(talk, turns, seats))
    if len(kept) < len(rounds):
        table.add_row("…")
        for turns in rounds[-(MOST_ROUNDS // 2) :]:
            table.add_row(*_row(talk, turns, seats))
    yield table
    yield from _notes(talk, len(talk.heads) - len(seats))


def _row(talk: ShownQuestion, turns: Sequence[Turn], seats: Sequence[int]) -> list[Text]:
    by_seat = {turn.agent: turn for turn in turns}
    cells = [
        Text(talk.position(by_seat[seat]), talk.style(by_seat[seat])) if seat in by_seat else Text()
        for seat in seats
    ]
    return [Text(str(turns[0].round)), *cells]


def _notes(talk: ShownQuestion, unseen: int) -> Iterator[RenderableType]:
    if unseen > 0:
        yield Text(f"… and {unseen} more agents: --agent NAME_OR_SEAT", style="dim")
    roles = talk.end.roles if talk.end is not None else None
    hostile = [
        f"{name} ({printable(role)})"
        for name, role in zip(talk.agents, roles or (), strict=False)
        if role not in ("", "benign")
    ]
    if hostile:
        yield Text(_wrapped(", ".join(hostile), "roles: "), style="dim")
    if talk.reordered and talk.end is not None:
        yield Text(
            _wrapped(
                "Letters are those of the question file. The agents saw another order; in their "
                f"own words {as_shown(talk.end.order or ())}.",
                "",
            ),
            style="dim",
        )


def transcript(
    talk: ShownQuestion, number: int | None = None, seat: int | None = None, whole: bool = False
) -> Iterator[RenderableType]:
    """Yield who heard whom, and what everybody said.

    Parameters
    ----------
    talk : ShownQuestion
    number : int, optional
        One round alone.
    seat : int, optional
        One agent alone.
    whole : bool
        Whether long texts are shown to their end.

    Raises
    ------
    ConfigError
        If there is no such round.
    """
    rounds = talk.rounds
    if number is not None and number not in rounds:
        raise ConfigError(
            f"--round is {number}; this deliberation has rounds {min(rounds)} to {max(rounds)}"
        )
    said = {(turn.agent, turn.round): turn for turn in talk.deliberation.turns}
    for turns in rounds.values() if number is None else [rounds[number]]:
        chosen = [turn for turn in turns if seat is None or turn.agent == seat]
        if chosen:
            yield Text(f"round {chosen[0].round}", style="bold")
        for turn in chosen:
            yield from _turn(talk, turn, said, whole)


def _turn(
    talk: ShownQuestion, turn: Turn, said: Mapping[tuple[int, int], Turn], whole: bool
) -> Iterator[Text]:
    line = Text(f"  {talk.name(turn.agent)}: ")
    line.append(talk.position(turn), talk.style(turn))
    if turn.belief is not None and talk.unit is None:
        shares = (f"{letter(at) or at} {_share(p)}" for at, p in enumerate(turn.belief))
        line.append(f"  ({', '.join(shares)})", "dim")
    yield line
    heard = [_heard(talk, one.speaker, said.get((one.speaker, one.round))) for one in turn.reached]
    if heard:
        yield Text(_wrapped(", ".join(heard), "    heard "), style="dim")
    if turn.answer is not None and turn.answer != ended(turn) and talk.unit is None:
        yield Text(f"    stated the answer {letter(turn.answer) or turn.answer}", style="dim")
    text = talk.words(turn.reason or turn.problem)
    if text.strip():
        yield Text(_wrapped(text if whole else shortened(text, LONGEST_WORDS), "    "))
    for bad in turn.unreadable:
        words = printable(" ".join(bad.split()))
        given = words if whole else shortened(words, LONGEST_WORDS)
        yield Text(_wrapped(given, "    could not be read: "), style="dim")


def _heard(talk: ShownQuestion, speaker: int, turn: Turn | None) -> str:
    name = talk.name(speaker)
    return name if turn is None else f"{name} ({talk.position(turn)})"


def _wrapped(text: str, indent: str) -> str:
    """Return a text in lines of a terminal; the first begins with the indent, as do all others."""
    after = " " * len(indent)
    return fill(" ".join(text.split()), WIDTH, initial_indent=indent, subsequent_indent=after)
