"""Asking for one letter: the belief is what the token's log-probabilities put on the options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from fjsim.beliefs import top_option
from fjsim.contracts import ChatMessage, Reply, SampleIndex, Sampling, Statement, Validity
from fjsim.deliberation.costs import added
from fjsim.deliberation.elicitation import KEPT_REPLIES, PROBE_DRAW, Elicited, Elicitor, hash_of
from fjsim.deliberation.labels import Labelled, shown_labels, weighed
from fjsim.deliberation.prompts import fill
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import UnreadableReplyError
from fjsim.deliberation.team import ChosenToken
from fjsim.role_tokens import without_role_tokens

REASON_DRAW = PROBE_DRAW + 1
"""Draw index of the call that asks why."""
LONGEST_REASON = 2000
"""Characters of a reason that count."""

Shown = Sequence[tuple[Sequence[ChatMessage], QuestionView]]


@dataclass(frozen=True)
class ChoiceElicitor(Elicitor):
    """Asks for one letter and reads the belief off its alternatives.

    Nothing is drawn: the answer is the option with most of the belief, and the sampling asks for
    the model's own distribution (temperature 1, all of the vocabulary), whatever reasons use.

    Parameters
    ----------
    choice : ChosenToken
        How often, and whether a reason is asked for.
    """

    choice: ChosenToken = field(default_factory=ChosenToken)

    repair_words: ClassVar[str] = "choice_repair"

    async def ask(
        self, chat: Sequence[ChatMessage], question_view: QuestionView, sample: SampleIndex
    ) -> Elicited:
        """Ask one turn in one order of the options; parameters and result as in ``Elicitor``."""
        return await self.ask_shown([(chat, question_view)], sample)

    async def ask_shown(self, shown: Shown, sample: SampleIndex) -> Elicited:
        """Ask one turn in every order of the options.

        Parameters
        ----------
        shown : sequence of (chat, question_view)
            One per order.
        sample : SampleIndex
            Which draw the first is.

        Returns
        -------
        Elicited
            With a ``missing`` statement where the log-probabilities leave the belief open.
        """
        token = replace(self, sampling=_token_of(self.sampling))
        asked = [
            await token._ask(chat, None, replace(sample, draw=draw), partial(_read, view))
            for draw, (chat, view) in enumerate(shown)
        ]
        problem = next((one.problem for one in asked if one.value is None), "")
        found = [
            (one.value, view)
            for one, (_, view) in zip(asked, shown, strict=True)
            if one.value is not None
        ]
        statement = _missing(problem) if problem else _stated(found)
        if not problem and statement.belief is not None and any(one.problem for one in asked):
            repaired = next(one.problem for one in asked if one.problem)
            both = "; ".join(filter(None, (repaired, statement.problem)))
            statement = replace(statement, validity=Validity.REPAIRED, problem=both)
        cost = added([one.cost for one in asked])
        unread = tuple(text for one in asked for text in one.unreadable)
        elicited = Elicited(
            statement,
            "" if statement.belief is None else asked[0].text,
            hash_of(shown[0][0]),
            cost,
            unread[:KEPT_REPLIES],
        )
        return await self._with_reason(elicited, shown[0], sample)

    async def _with_reason(
        self,
        elicited: Elicited,
        shown: tuple[Sequence[ChatMessage], QuestionView],
        sample: SampleIndex,
    ) -> Elicited:
        """Ask why, where that is wanted; a turn without a reason still counts."""
        answer = elicited.statement.answer
        if not self.choice.reason or answer is None:
            return elicited
        chat, view = shown
        talk = (
            *chat,
            ChatMessage("assistant", view.letter(answer)),
            ChatMessage("user", fill("choice_reason")),
        )
        plain = replace(self, logprobs=0, repairs=0)
        asked = await plain._ask(talk, None, replace(sample, draw=REASON_DRAW), _reason)
        note = f"no reason: {asked.problem}" if asked.value is None else ""
        problem = "; ".join(filter(None, (elicited.statement.problem, note)))
        statement = replace(elicited.statement, reason=asked.value or "", problem=problem)
        return replace(elicited, statement=statement, cost=added([elicited.cost, asked.cost]))


def _token_of(sampling: Sampling) -> Sampling:
    return replace(sampling, temperature=1.0, top_p=1.0, max_tokens=1)


def _read(view: QuestionView, reply: Reply) -> Labelled:
    """Read one order by itself, so that a repair is asked for where one may help."""
    found = shown_labels(reply, view)
    weighed(Statement(None, None), [(found, view)])
    return found


def _stated(found: Sequence[tuple[Labelled, QuestionView]]) -> Statement:
    try:
        statement = weighed(Statement(None, None), found)
    except UnreadableReplyError as error:
        return _missing(str(error))
    belief = statement.belief
    assert belief is not None, "weighed returns a belief or raises"
    top = int(top_option(belief))
    answer = top if top >= 0 else None
    return replace(statement, answer=answer, confidence=float(belief.max()))


def _missing(problem: str) -> Statement:
    return Statement(None, None, validity=Validity.MISSING, problem=problem)


def _reason(reply: Reply) -> str:
    said = without_role_tokens(reply.text.strip())[:LONGEST_REASON]
    if not said:
        raise UnreadableReplyError("it is empty")
    return said
