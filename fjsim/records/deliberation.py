"""One question of a run as it was deliberated, round by round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fjsim.contracts import Arm, Heard
from fjsim.errors import ConfigError, nearest
from fjsim.foreign_text import shown
from fjsim.html_table import html_table
from fjsim.questions import as_shown, letter
from fjsim.records.casting import CastingKey, CastVote
from fjsim.records.contents import ItemEnd, LogContents
from fjsim.records.turn import Turn


class HeardMessage(NamedTuple):
    """A message that reached an agent before its turn.

    Parameters
    ----------
    heard : Heard
        Who spoke, in which round, and under which gate and weight.
    said : Turn or None
        The speaker's own turn; None where it is not on record. A message that was tampered with
        said something else.
    """

    heard: Heard
    said: Turn | None


@dataclass(frozen=True, repr=False)
class RecordedDeliberation:
    """One question of one arm and replica.

    Parameters
    ----------
    question : str
        Its id.
    arm : {'attacked', 'clean'}
    replica : int
    turns : tuple of Turn
        All that are on record, by round and agent.
    seats : tuple of int
        The adversary's; empty in the clean arm.
    end : ItemEnd or None
        Key, target and order of the options; None while the question is not finished.
    casting : tuple of CastVote
        What voters from outside the team answered; empty where the defense asked for none.
    """

    question: str
    arm: Arm
    replica: int
    turns: tuple[Turn, ...]
    seats: tuple[int, ...] = ()
    end: ItemEnd | None = None
    casting: tuple[CastVote, ...] = ()

    def __repr__(self) -> str:
        return (
            f"RecordedDeliberation({self.question!r}, {self.arm}, replica {self.replica}: "
            f"{len(self.rounds)} rounds, {len(self.turns)} turns)"
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                turn.round,
                f"{turn.agent}{'*' if turn.agent in self.seats else ''}",
                str(turn.validity) if turn.answer is None else letter(turn.answer),
                " ".join(f"{share:.2f}" for share in turn.belief or ()),
                " ".join(str(heard.speaker) for heard in turn.reached),
                turn.reason or turn.problem,
            )
            for turn in self.turns
        ]
        headers = ("round", "agent", "answer", "belief", "heard", "said")
        notes = ["* marks the adversary's seats"] if self.seats else []
        notes.append("letters and beliefs are in the order of the question file")
        if self.end is not None and self.end.order:
            notes.append(f"in what was said, {as_shown(self.end.order)}")
        return html_table(headers, rows, repr(self), notes)

    @property
    def finished(self) -> bool:
        """Whether the question was deliberated to its end."""
        return self.end is not None

    @property
    def key(self) -> int | None:
        """The right option; None where there is none, or the question is not finished."""
        return None if self.end is None else self.end.key

    @property
    def target(self) -> int | None:
        """What the adversary was after; None where it is not known."""
        return None if self.end is None else self.end.target

    @property
    def rounds(self) -> tuple[tuple[Turn, ...], ...]:
        """The turns of each round, by agent; round 0 first."""
        last = max((turn.round for turn in self.turns), default=-1)
        found: list[list[Turn]] = [[] for _ in range(last + 1)]
        for turn in self.turns:
            found[turn.round].append(turn)
        return tuple(map(tuple, found))

    def heard_by(self, turn: Turn) -> tuple[HeardMessage, ...]:
        """Return the messages that reached an agent before one of its turns.

        Parameters
        ----------
        turn : Turn
            A turn of this deliberation.
        """
        said = {(one.agent, one.round): one for one in self.turns}
        return tuple(
            HeardMessage(heard, said.get((heard.speaker, heard.round))) for heard in turn.reached
        )


def recorded_deliberation(
    contents: LogContents, question: str, arm: Arm, replica: int = 0
) -> RecordedDeliberation:
    """Return one question of a log.

    Parameters
    ----------
    contents : LogContents
    question : str
        Its id.
    arm : {'attacked', 'clean'}
    replica : int

    Raises
    ------
    ConfigError
        If nothing was said on it in that arm and replica.
    """
    keys = [key for key in contents.turns if key.arm == arm and key.replica == replica]
    known = {key.question for key in keys}
    if question not in known:
        raise ConfigError(
            f"no question {shown(question)} in this run's {arm} arm, replica {replica}"
            f"{nearest(question, known)}"
        )
    said = [contents.turns[key] for key in keys if key.question == question]
    header, end = contents.header, contents.items.get((arm, question, replica))
    return RecordedDeliberation(
        question=question,
        arm=arm,
        replica=replica,
        turns=tuple(sorted(said, key=lambda turn: (turn.round, turn.agent))),
        seats=header.seats if header is not None and arm == "attacked" else (),
        end=end,
        casting=_casting(contents, end),
    )


def _casting(contents: LogContents, end: ItemEnd | None) -> tuple[CastVote, ...]:
    if end is None or not end.casting:
        return ()
    keys = (CastingKey(end.question, end.replica, voter) for voter in range(end.casting))
    return tuple(contents.casting[key] for key in keys if key in contents.casting)
