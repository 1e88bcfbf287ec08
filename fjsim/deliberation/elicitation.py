"""Asking a model for a belief: prompt, reply, one repair, and never a made-up answer."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

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
from fjsim.deliberation.prompts import fill
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import (
    UnreadableReplyError,
    probe_schema,
    read_probe,
    read_reply,
    reply_schema,
)
from fjsim.errors import BackendRefusedError
from fjsim.records import Cost
from fjsim.role_tokens import without_role_tokens
from fjsim.serial.json import whole

Value = TypeVar("Value")

PROBE_DRAW = 1_000_000
"""Draw index of a probe: no turn has so many draws."""


@dataclass(frozen=True, slots=True)
class Elicited:
    """One statement, the reply it was read from, and what the asking took."""

    statement: Statement
    text: str
    prompt_hash: str
    cost: Cost


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
        return Elicited(statement, asked.text, _hash(chat), asked.cost)

    def _read(self, question_view: QuestionView, reply: Reply) -> Statement:
        statement = read_reply(_uncut(reply), question_view)
        return _weighed(statement, reply, question_view) if self.logprobs else statement

    async def _ask(
        self,
        chat: Sequence[ChatMessage],
        schema: Mapping[str, Any],
        sample: SampleIndex,
        read: Callable[[Reply], Value],
    ) -> _Asked[Value]:
        """Ask until a reply can be read or the repairs are used up."""
        replies: list[Reply] = []
        messages, problem = tuple(chat), ""
        for repair in range(self.repairs + 1):
            index = replace(sample, repair=repair) if repair else sample
            request = Request(messages, schema, self.sampling, index, self.logprobs)
            reply, value, wrong = await self._attempt(request, read)
            replies.append(reply)
            if value is not None:
                return _Asked(value, reply.text, problem, _cost(replies))
            if reply.failure:
                problem = reply.failure
                break
            problem = f"{problem}; then {wrong}" if problem else wrong
            messages = _with_repair(chat, reply, wrong)
        return _Asked(None, "", problem, _cost(replies))

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
    if reply.logprobs is None:
        raise BackendRefusedError(
            "the server returned no log-probabilities; use elicitation.channel stated or frequency"
        )
    if statement.answer is None:
        return statement
    shown = [
        math.exp(min(reply.logprobs.get(letter, -math.inf), 0.0))
        for letter in question_view.letters
    ]
    mass = sum(shown)
    if not mass > 0:
        raise UnreadableReplyError("no option letter is among the likely answers")
    belief = question_view.canonical([share / mass for share in shown])
    return replace(statement, belief=belief, mass=min(mass, 1.0))


def _with_repair(
    chat: Sequence[ChatMessage], reply: Reply, problem: str
) -> tuple[ChatMessage, ...]:
    bad = ChatMessage("assistant", without_role_tokens(reply.text))
    wrong = fill("repair", problem=without_role_tokens(problem))
    return (*chat, bad, ChatMessage("user", wrong))


def _repaired(statement: Statement, problem: str) -> Statement:
    kept = Validity.REPAIRED if statement.validity is Validity.OK else statement.validity
    return replace(statement, validity=kept, problem=problem)


def _frequency(draws: Sequence[Elicited], question_view: QuestionView) -> Elicited:
    """Make one statement of several: the belief is how often each option was answered."""
    cost = _added([draw.cost for draw in draws])
    counts = Counter(draw.statement.answer for draw in draws if draw.statement.answer is not None)
    first = next((d for d in draws if d.statement.answer is not None), draws[0])
    if not counts:
        return replace(first, cost=cost)
    belief = np.array([counts[option] for option in range(len(question_view.order))], dtype=float)
    belief /= belief.sum()
    answer = counts.most_common(1)[0][0]
    spoken = next(draw for draw in draws if draw.statement.answer == answer)
    statement = replace(
        spoken.statement, belief=belief, answer=answer, confidence=float(belief.max())
    )
    return replace(spoken, statement=statement, cost=cost)


def _hash(chat: Sequence[ChatMessage]) -> str:
    digests = b"".join([message.digest for message in chat])
    return hashlib.blake2b(digests, digest_size=12).hexdigest()


def _cost(replies: Sequence[Reply]) -> Cost:
    """Return what the replies of one draw took; how the last one ended is how the draw ended."""
    costs = [_cost_of(reply) for reply in replies]
    if len(costs) == 1:
        return costs[0]
    last = costs[-1]
    return _added(costs)._replace(model=last.model, finish_reason=last.finish_reason)


def _cost_of(reply: Reply) -> Cost:
    usage = reply.usage
    return Cost(
        model=reply.model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        tokens_cached=usage.tokens_cached,
        calls=int(not reply.cached),
        cached_calls=int(reply.cached),
        attempts=reply.attempts,
        latency=reply.latency,
        finish_reason=reply.finish_reason,
    )


def _added(costs: Sequence[Cost]) -> Cost:
    return Cost(
        model=costs[0].model,
        tokens_in=sum(cost.tokens_in for cost in costs),
        tokens_out=sum(cost.tokens_out for cost in costs),
        tokens_cached=sum(cost.tokens_cached for cost in costs),
        calls=sum(cost.calls for cost in costs),
        cached_calls=sum(cost.cached_calls for cost in costs),
        attempts=sum(cost.attempts for cost in costs),
        latency=sum(cost.latency for cost in costs),
        finish_reason=costs[0].finish_reason,
    )
