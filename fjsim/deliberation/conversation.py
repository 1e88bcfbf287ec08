"""One agent's chat: append-only, so that a server's prefix cache can serve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fjsim.contracts import CHARACTERS_PER_TOKEN, ChatMessage
from fjsim.role_tokens import without_role_tokens

Exchange = tuple[ChatMessage, ChatMessage]

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
    _exchanges: list[Exchange] = field(default_factory=list)
    _asking: ChatMessage | None = None

    def __post_init__(self) -> None:
        """Keep the opening, which every chat starts with."""
        self._opening = ChatMessage("system", self.system)

    def add(self, asked: str, said: str) -> None:
        """Append one finished turn; an empty reply (a missing turn) leaves no trace."""
        if said or not self._exchanges:
            # A model's own words are a server's: they end no message of ours either.
            own = ChatMessage("assistant", without_role_tokens(said))
            self._exchanges.append((self._question(asked), own))

    def chat(self, asked: str) -> tuple[ChatMessage, ...]:
        """Return the chat that asks the next turn.

        Parameters
        ----------
        asked : str
            The turn's prompt.
        """
        if not self._exchanges:
            return self._opening, self._question(asked)
        if not self.self_view:
            return self._opening, self._exchanges[0][0], self._question(asked)
        kept, skipped = self._within_budget(asked)
        history = [message for exchange in kept for message in exchange if message.content]
        note = LEFT_OUT.format(first=1, last=skipped) if skipped else ""
        return self._opening, *history, self._question(note + asked)

    def _question(self, asked: str) -> ChatMessage:
        """Return the message that asks; the one that was sent is the one that is kept."""
        if self._asking is None or self._asking.content != asked:
            self._asking = ChatMessage("user", asked)
        return self._asking

    def _within_budget(self, asked: str) -> tuple[Sequence[Exchange], int]:
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

    def _tokens(self, exchanges: Sequence[Exchange], asked: str) -> int:
        said = sum(len(message.content) for exchange in exchanges for message in exchange)
        return (len(self.system) + said + len(asked)) // CHARACTERS_PER_TOKEN
