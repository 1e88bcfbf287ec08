"""The answers that are possible: a question's options, or what the team has said so far."""

from __future__ import annotations

from collections.abc import Sequence

from fjsim.errors import ParameterError
from fjsim.foreign_text import shown
from fjsim.guard.message import Message
from fjsim.guard.reading import Extractor, in_own_words, same_answer, stated_option

FEWEST = 2
MOST = 500
"""Different answers in own words to one question."""


class Options:
    """Options of one question; without a list they are the answers given, in their order.

    Parameters
    ----------
    given : sequence of str or None
        The options; None collects answers in own words.
    extract : callable or None
        Reads an answer off a text; None takes the guard's own rules.
    """

    def __init__(self, given: Sequence[str] | None, extract: Extractor | None = None) -> None:
        self.is_open = given is None
        self.names: list[str] = [] if given is None else [str(name) for name in given]
        self._extract = extract
        if not self.is_open and len(self.names) < FEWEST:
            raise ParameterError(
                f"{len(self.names)} options; give two or more, or None for answers in own words"
            )

    def __len__(self) -> int:
        return max(FEWEST, len(self.names))

    def name(self, option: int) -> str:
        """Return an option as the team names it."""
        return self.names[option] if 0 <= option < len(self.names) else "no answer"

    def read(self, message: Message) -> int | None:
        """Return the option that a message gives; None for none.

        Raises
        ------
        ParameterError
            If its answer is none of the options.
        """
        given: str | int | None = message.answer
        if given is None and message.text:
            given = self._read_off(message.text)
        if given is None:
            return None
        return self._number(given)

    def _read_off(self, text: str) -> str | int | None:
        if self._extract is not None:
            return self._extract(text)
        return in_own_words(text) if self.is_open else stated_option(text, self.names)

    def _number(self, given: str | int) -> int:
        if isinstance(given, bool) or not isinstance(given, (str, int)):
            raise ParameterError(f"answer {shown(given)}; give an option, or its number from 0")
        if isinstance(given, int):
            if not 0 <= given < len(self.names):
                raise ParameterError(
                    f"answer {given}; there are {len(self.names)} options, counted from 0"
                )
            return given
        if given in self.names:
            return self.names.index(given)
        if self.is_open:
            return self._grouped(given)
        raise ParameterError(f"answer {shown(given)}; the options are {shown(self.names)}")

    def _grouped(self, said: str) -> int:
        for at, name in enumerate(self.names):
            if same_answer(said, name):
                return at
        if len(self.names) >= MOST:
            raise ParameterError(f"more than {MOST} different answers to one question")
        self.names.append(said)
        return len(self.names) - 1
