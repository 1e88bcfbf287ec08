"""Asking a model for a belief: prompt, reply, one repair, and never a made-up answer."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from fjsim.contracts import (
    Backend,
    ChatMessage,
    Reply,
    Request,
    SampleIndex,
    Sampling,
    Statement,
    Validity,
)
from fjsim.deliberation.costs import added, cost_of
from fjsim.deliberation.labels import shown_labels, weighed
from fjsim.deliberation.prompts import fill
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import (
    UnreadableReplyError,
    probe_schema,
    read_probe,
    read_reply,
    reply_schema,
)
from fjsim.records import Cost
from fjsim.role_tokens import without_role_tokens
from fjsim.serial.json import whole

Value = TypeVar("Value")

PROBE_DRAW = 1_000_000
"""Draw index of a probe: no turn has so many draws."""

KEPT_CHARACTERS = 2000
"""Characters kept of a reply that cannot be read."""
KEPT_REPLIES = 8
"""Unreadable replies kept of one turn."""


@dataclass(frozen=True, slots=True)
class Elicited:
    """One statement, the reply it was read from, and what the asking took.

    Parameters
    ----------
    statement : Statement
    text : str
        The reply that was read; empty where none was.
    prompt_hash : str
        Hash of the whole chat that was sent.
    cost : Cost
    unreadable : tuple of str
        The beginnings of the first replies that could not be read; for people, never for a prompt.
    """

    statement: Statement
    text: str
    prompt_hash: str
    cost: Cost
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Perceived:
    """How sure each speaker seems to one listener, in the order asked; empty where missing."""

    values: Sequence[float]
    problem: str
    cost: Cost


@dataclass(frozen=True)
class Elicitor:
    """Asks one backend for statements.

    Parameters
    ----------
    backend : Backend
        Who is asked.
    sampling : Sampling
        How replies are drawn.
    repairs : int
        How often an unreadable reply is sent back with what is wrong.
    samples : int
        How many replies make one statement; above 1 the belief is their answers' frequency.
    logprobs : int
        How many alternatives of the answer's token are asked for; above 0 the belief is read off
        their log-probabilities instead of the stated one.
    """

    backend: Backend
    sampling: Sampling
    repairs: int = 1
    samples: int = 1
    logprobs: int = 0

    repair_words: ClassVar[str] = "repair"
    """The prompt that sends an unreadable reply back."""

    async def ask_shown(
        self, shown: Sequence[tuple[Sequence[ChatMessage], QuestionView]], sample: SampleIndex
    ) -> Elicited:
        """Ask one turn of a seat that may be shown the question in several orders.

        Parameters
        ----------
        shown : sequence of (chat, question_view)
            One per order of the options; this way of asking takes the first.
        sample : SampleIndex
            Which draw it is.
        """
        return await self.ask(*shown[0], sample)

    async def ask(
        self, chat: Sequence[ChatMessage], question_view: QuestionView, sample: SampleIndex
    ) -> Elicited:
        """Ask one turn.

        Parameters
        ----------
        chat : sequence of ChatMessage
            The whole chat, the turn's prompt last.
        question_view : QuestionView
            The question as shown.
        sample : SampleIndex
            Which draw it is.

        Returns
        -------
        Elicited
            With a ``missing`` statement where no valid reply came; nothing is put in its place.
        """
        if self.samples == 1:
            return await self._draw(chat, question_view, sample)
        draws = [
            await self._draw(chat, question_view, replace(sample, draw=draw))
            for draw in range(self.samples)
        ]
        return _frequency(draws, question_view)

    async def perceive(
        self, chat: Sequence[ChatMessage], names: Sequence[str], sample: SampleIndex
    ) -> Perceived:
        """Ask in a probe how sure each speaker seems.

        Parameters
        ----------
        chat : sequence of ChatMessage
            The whole chat, the probe last.
        names : sequence of str
            Names of the speakers.
        sample : SampleIndex
            Whose probe it is.
        """
        plain = replace(self, logprobs=0)
        asked = await plain._ask(
            chat,
            probe_schema(tuple(names)),
            replace(sample, draw=PROBE_DRAW),
            lambda reply: read_probe(_uncut(reply), names),
        )
        return Perceived(asked.value or (), asked.problem, asked.cost)

    async def _draw(
        self, chat: Sequence[ChatMessage], question_view: QuestionView, sample: SampleIndex
    ) -> Elicited:
        asked = await self._ask(
            chat, reply_schema(question_view), sample, partial(self._read, question_view)
        )
        statement = asked.value
        if statement is None:
            statement = Statement(None, None, validity=Validity.MISSING, problem=asked.problem)
        elif asked.problem:
            statement = _repaired(statement, asked.problem)
        return Elicited(statement, asked.text, hash_of(chat), asked.cost, asked.unreadable)

    def _read(self, question_view: QuestionView, reply: Reply) -> Statement:
        statement = read_reply(_uncut(reply), question_view)
        return _weighed(statement, reply, question_view) if self.logprobs else statement

    async def _ask(
        self,
        chat: Sequence[ChatMessage],
        schema: Mapping[str, Any] | None,
        sample: SampleIndex,
        read: Callable[[Reply], Value],
    ) -> _Asked[Value]:
        """Ask until a reply can be read or the repairs are used up."""
        replies: list[Reply] = []
        unread: list[str] = []
        messages, problem = tuple(chat), ""
        for repair in range(self.repairs + 1):
            index = replace(sample, repair=repair) if repair else sample
            request = Request(messages, schema, self.sampling, index, self.logprobs)
            reply, value, wrong = await self._attempt(request, read)
            replies.append(reply)
            if value is not None:
                return _Asked(value, reply.text, problem, cost_of(replies), _kept(unread))
            if reply.failure:
                problem = reply.failure
                break
            unread.append(reply.text)
            problem = f"{problem}; then {wrong}" if problem else wrong
            messages = _with_repair(chat, reply, wrong, self.repair_words)
        return _Asked(None, "", problem, cost_of(replies), _kept(unread))

    async def _attempt(
        self, request: Request, read: Callable[[Reply], Value]
    ) -> tuple[Reply, Value | None, str]:
        """Ask once and read what comes: the reply, and its value or what is wrong with it.

        No cache keeps what cannot be read, and what an earlier run kept is asked again.
        """
        reply = _without_halves(await self.backend.complete(request))
        value, wrong = self._taken(request, reply, read)
        if value is None and reply.cached:
            reply = _without_halves(await self.backend.complete(request))
            value, wrong = self._taken(request, reply, read)
        return reply, value, wrong

    def _taken(
        self, request: Request, reply: Reply, read: Callable[[Reply], Value]
    ) -> tuple[Value | None, str]:
        if reply.failure:
            return None, reply.failure
        try:
            return read(reply), ""
        except UnreadableReplyError as error:
            self.backend.forget(request)
            return None, str(error)
        except Exception:
            self.backend.forget(request)
            raise


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Value]):
    """What was read, if anything, and what the asking took."""

    value: Value | None
    text: str
    problem: str
    cost: Cost
    unreadable: tuple[str, ...] = ()


def _kept(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the beginnings of the first texts that say anything."""
    kept = [text for text in texts if text.strip()][:KEPT_REPLIES]
    return tuple(
        text
        if len(text) <= KEPT_CHARACTERS
        else f"{text[:KEPT_CHARACTERS]}… ({len(text):,} characters in all)"
        for text in kept
    )


def _without_halves(reply: Reply) -> Reply:
    """Return a reply whose texts can be written: half a character, a cut emoji say, is U+FFFD."""
    texts = reply.text, reply.model, reply.finish_reason
    if all(map(str.isascii, texts)):
        return reply
    text, model, finish_reason = map(whole, texts)
    return replace(reply, text=text, model=model, finish_reason=finish_reason)


def _uncut(reply: Reply) -> str:
    if reply.finish_reason == "length":
        raise UnreadableReplyError("it was cut off at the length limit; be shorter")
    return reply.text


def _weighed(statement: Statement, reply: Reply, question_view: QuestionView) -> Statement:
    """Replace the stated belief by the one that the answer's log-probabilities show."""
    if statement.answer is None and reply.logprobs is not None:
        return statement
    found = shown_labels(reply, question_view)
    return weighed(statement, [(found, question_view)])


def _with_repair(
    chat: Sequence[ChatMessage], reply: Reply, problem: str, words: str = "repair"
) -> tuple[ChatMessage, ...]:
    bad = ChatMessage("assistant", without_role_tokens(reply.text))
    wrong = fill(words, problem=without_role_tokens(problem))
    return (*chat, bad, ChatMessage("user", wrong))


def _repaired(statement: Statement, problem: str) -> Statement:
    kept = Validity.REPAIRED if statement.validity is Validity.OK else statement.validity
    both = "; ".join(filter(None, (problem, statement.problem)))
    return replace(statement, validity=kept, problem=both)


def _frequency(draws: Sequence[Elicited], question_view: QuestionView) -> Elicited:
    """Make one statement of several: the belief is how often each option was answered."""
    cost = added([draw.cost for draw in draws])
    unread = tuple(text for draw in draws for text in draw.unreadable)[:KEPT_REPLIES]
    counts = Counter(draw.statement.answer for draw in draws if draw.statement.answer is not None)
    first = next((d for d in draws if d.statement.answer is not None), draws[0])
    if not counts:
        return replace(first, cost=cost, unreadable=unread)
    belief = np.array([counts[option] for option in range(len(question_view.order))], dtype=float)
    belief /= belief.sum()
    answer = counts.most_common(1)[0][0]
    spoken = next(draw for draw in draws if draw.statement.answer == answer)
    statement = replace(
        spoken.statement, belief=belief, answer=answer, confidence=float(belief.max())
    )
    return replace(spoken, statement=statement, cost=cost, unreadable=unread)


def hash_of(chat: Sequence[ChatMessage]) -> str:
    """Return the hash of a whole chat."""
    digests = b"".join([message.digest for message in chat])
    return hashlib.blake2b(digests, digest_size=12).hexdigest()
