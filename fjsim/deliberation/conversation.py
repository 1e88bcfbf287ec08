"""One agent's chat: append-only, so that a server's prefix cache can serve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fjsim.contracts import ChatMessage

CHARACTERS_PER_TOKEN = 4
LEFT_OUT = "(Your rounds {first} to {last} were left out to keep this chat short.)\n\n"


@dataclass
class Conversation:
    """What one agent was asked and said on one question.

    Parameters
    ----------
    system : str
        Its system prompt.
    self_view : bool
        Whether it is shown its own earlier turns.
    token_budget : int or None
        Estimated tokens of a chat beyond which its oldest rounds are left out.
    """

    system: str
    self_view: bool = True
    token_budget: int | None = None
    _exchanges: list[tuple[str, str]] = field(default_factory=list)

    def add(self, asked: str, said: str) -> None:
        """Append one finished turn; an empty reply (a missing turn) leaves no trace."""
        if said or not self._exchanges:
            self._exchanges.append((asked, said))

    def chat(self, asked: str) -> tuple[ChatMessage, ...]:
        """Return the chat that asks the next turn.

        Parameters
        ----------
        asked : str
            The turn's prompt.
        """
        opening = ChatMessage("system", self.system)
        if not self._exchanges:
            return opening, ChatMessage("user", asked)
        if not self.self_view:
            question = ChatMessage("user", self._exchanges[0][0])
            return opening, question, ChatMessage("user", asked)
        kept, skipped = self._within_budget(asked)
        history = [
            message
            for question, answer in kept
            for message in (ChatMessage("user", question), ChatMessage("assistant", answer))
            if message.content
        ]
        note = LEFT_OUT.format(first=1, last=skipped) if skipped else ""
        return opening, *history, ChatMessage("user", note + asked)

    def _within_budget(self, asked: str) -> tuple[Sequence[tuple[str, str]], int]:
        """Drop the oldest rounds first; round 0 holds the question and stays."""
        first, *later = self._exchanges
        if self.token_budget is None:
            return self._exchanges, 0
        skipped = 0
        while (
            later[skipped:] and self._tokens([first, *later[skipped:]], asked) > self.token_budget
        ):
            skipped += 1
        return [first, *later[skipped:]], skipped

    def _tokens(self, exchanges: Sequence[tuple[str, str]], asked: str) -> int:
        said = sum(len(question) + len(answer) for question, answer in exchanges)
        return (len(self.system) + said + len(asked)) // CHARACTERS_PER_TOKEN
