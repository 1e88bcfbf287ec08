"""Asking an attack once for many items: what it must not look at, for the answer to hold for all.

An attack is a function of its parameters and of what it is shown. Shown a view in which all that
differs from item to item is sealed, it either answers without a look at that, and then says the
same of every item alike in the rest, or it looks, and is asked about each item by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from fjsim.questions import Question

Answer = TypeVar("Answer")


class LookedError(Exception):
    """Something sealed was looked at."""


class Sealed:
    """Stands for a value that may be handed on and must not be looked at."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> NoReturn:
        raise LookedError


def _refuse(*_: object) -> NoReturn:
    raise LookedError


_LOOKS = """
add radd sub rsub mul rmul matmul rmatmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow neg
pos abs invert and rand or ror xor rxor lshift rshift eq ne lt le gt ge bool int float complex index
len iter next getitem setitem contains hash str repr call array round format bytes reversed enter
exit await
"""
for _name in _LOOKS.split():
    setattr(Sealed, f"__{_name}__", _refuse)


class WatchedQuestion(Question):
    """A question that notes whether anybody looked at what it asks.

    How many options it has, and its key, may be looked at: they are among what items are alike in.
    """

    __slots__ = ("_notes",)

    _notes: list[str]

    @classmethod
    def of(cls, question: Question, notes: list[str]) -> WatchedQuestion:
        """Return a question that notes in a list who was looked at."""
        watched = cls(question.id, question.text, question.options, question.key, question.subject)
        object.__setattr__(watched, "_notes", notes)
        return watched

    @property
    def n_options(self) -> int:
        """How many options there are."""
        return len(object.__getattribute__(self, "options"))

    def __getattribute__(self, name: str) -> Any:
        if name in ("id", "text", "options", "subject"):
            notes: list[str] | None = getattr(self, "_notes", None)
            if notes is not None:
                notes.append(name)
        return super().__getattribute__(name)


@dataclass(frozen=True, slots=True)
class SealedAnswer(Generic[Answer]):
    """What an attack answered to a sealed view.

    Parameters
    ----------
    answer : object
        What it returned; nothing where it looked at what is sealed.
    looked : bool
        Whether it did.
    at_question : bool
        Whether it looked at what the question asks, so that the answer is that question's only.
    """

    answer: Answer | None = None
    looked: bool = False
    at_question: bool = False


def asked_sealed(
    hook: Callable[[WatchedQuestion], Answer], question: Question
) -> SealedAnswer[Answer]:
    """Ask an attack with all sealed that items are not alike in.

    Parameters
    ----------
    hook : callable
        Called with the question that stands in the view.
    question : Question
        As it may be seen.

    Returns
    -------
    SealedAnswer
    """
    notes: list[str] = []
    watched = WatchedQuestion.of(question, notes)
    notes.clear()
    try:
        answer = hook(watched)
    except Exception:
        # Whatever went wrong over a sealed view, the true one is asked next, and tells.
        return SealedAnswer(looked=True)
    return SealedAnswer(answer, at_question=bool(notes))
