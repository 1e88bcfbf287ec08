"""From what reached a listener to the words of its prompt.

Whatever another agent wrote stands behind ``> `` on every line, without control characters and
without anything that looks like a tag, so that it can neither close its fence nor pass for ours.
Nothing that others wrote, question files and personas included, keeps a chat template's marks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Message, Stance
from fjsim.deliberation.prompts import fill
from fjsim.questions import LETTERS, Question
from fjsim.role_tokens import is_unseen, without_role_tokens

SHOWN_DIGITS = 7
"""Significant digits of a number in a prompt; a short number stays short."""
SHOWN_DECIMALS = 13

Form = Literal["json", "letter"]
"""What a prompt asks for: a JSON object, or one letter."""

MANNERS = {
    "low": "State it plainly and without pressing anybody.",
    "medium": "Argue for it with good reasons.",
    "high": "Argue for it as convincingly as you can, and do not give way.",
}


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as it is shown: its options in a drawn order.

    Parameters
    ----------
    question : Question
        As it stands in its set.
    order : tuple of int
        ``order[shown]`` is the option's index in the set.
    """

    question: Question
    order: tuple[int, ...]

    @property
    def letters(self) -> str:
        """The letters in use."""
        return LETTERS[: len(self.order)]

    def letter(self, option: int) -> str:
        """Return the letter under which an option is shown."""
        return LETTERS[self.order.index(option)]

    def option(self, letter: str) -> int:
        """Return the option that stands under a letter."""
        return self.order[LETTERS.index(letter)]

    def shown(self, belief: Array) -> str:
        """Return a belief as ``A=0.1 B=0.9``, in the order shown."""
        return _shown(self.order, tuple(belief.tolist()))

    def canonical(self, shown: Sequence[float]) -> Array:
        """Return a belief given in the order shown in the order of the set."""
        belief = [0.0] * len(self.order)
        for option, value in zip(self.order, shown, strict=True):
            belief[option] = value
        return np.array(belief)


@lru_cache(maxsize=4096)
def _shown(order: tuple[int, ...], belief: tuple[float, ...]) -> str:
    """Return the line of one belief; a speaker's is written once for all its listeners."""
    pairs = zip(LETTERS, order, strict=False)
    return " ".join(f"{letter}={_number(belief[option])}" for letter, option in pairs)


@lru_cache(maxsize=4096)
def _number(value: float) -> str:
    """Return a number without an exponent, which people and models read alike."""
    text = f"{value:.{SHOWN_DIGITS}g}"
    if "e" not in text:
        return text
    decimals = min(SHOWN_DECIMALS, SHOWN_DIGITS - 1 - int(text.partition("e")[2]))
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") or "0"


_TAG = re.compile(r"[<＜﹤](?=\s{0,8}[/!?／！？]|[^\W\d_]|\s{1,8}(?i:peer|silent)\b)")
"""What may open or close a tag; a comparison such as ``a < b`` does not."""


@lru_cache(maxsize=4096)
def clean_text(text: str) -> str:
    """Return a peer's text without control characters, anything like a tag, and role marks."""
    visible = text
    if not (text.isascii() and text.isprintable()):
        # A long text has few different characters.
        hidden = [one for one in set(text) - {"\n"} if not one.isprintable() or is_unseen(one)]
        if hidden:
            visible = text.translate(dict.fromkeys(map(ord, hidden)))
    return without_role_tokens(_TAG.sub("‹", visible))


def system_prompt(
    question_view: QuestionView, name: str, n_agents: int, persona: str, form: Form = "json"
) -> str:
    """Return the system prompt of one agent."""
    described = without_role_tokens(persona.strip())
    return fill(
        _named("system", form),
        name=name,
        n_agents=str(n_agents),
        persona=f"\n{described}\n" if described else "",
        belief_form=", ".join(f'"{letter}": 0.0' for letter in question_view.letters),
    )


def casting_prompt(question_view: QuestionView) -> str:
    """Return the system prompt of a voter from outside the team, who knows nothing of it."""
    forms = ", ".join(f'"{letter}": 0.0' for letter in question_view.letters)
    return fill("casting", belief_form=forms)


def _named(template: str, form: Form) -> str:
    return template if form == "json" else f"choice_{template}"


def question_prompt(question_view: QuestionView, stance: Stance | None, form: Form = "json") -> str:
    """Return what an agent is asked in round 0."""
    listed = (
        f"{letter}) {without_role_tokens(question_view.question.options[option])}"
        for letter, option in zip(question_view.letters, question_view.order, strict=True)
    )
    return fill(
        _named("question", form),
        question=without_role_tokens(question_view.question.text),
        options="\n".join(listed),
        assignment=_assignment(question_view, stance),
    )


def round_prompt(
    question_view: QuestionView,
    number: int,
    heard: Sequence[Message],
    silent: Sequence[Message],
    own_view: Array | None,
    stance: Stance | None,
    show_trust: bool = False,
    form: Form = "json",
) -> str:
    """Return what an agent is asked in a later round.

    Parameters
    ----------
    question_view : QuestionView
        The question as shown.
    number : int
        The round, from 1.
    heard, silent : sequence of Message
        What reached the agent, in the order shown, and who said nothing.
    own_view : ndarray of shape (n_options,) or None
        Its view on record, where that is not what it last said.
    stance : Stance or None
        What the attack has it say.
    show_trust : bool
        Whether gates below 1 stand beside the messages.
    form : {'json', 'letter'}
        What is asked for: an object, or one letter.
    """
    weights = [message.weight for message in (*heard, *silent)]
    weighted = len(weights) > 1 and max(weights) - min(weights) > 1e-9
    blocks = [_block(question_view, message, weighted, show_trust) for message in heard]
    blocks += [f"<silent{_attributes(message, weighted, False)}/>" for message in silent]
    record = "" if own_view is None else f"\nYour view on record: {question_view.shown(own_view)}\n"
    return fill(
        _named("round" if heard else "reflect", form),
        round=str(number),
        own_view=record,
        heard="\n\n".join(blocks),
        assignment=_assignment(question_view, stance),
    )


def probe_prompt(question_view: QuestionView, heard: Sequence[Message]) -> str:
    """Return the probe of a listener: how sure does each speaker seem."""
    return fill(
        "probe",
        heard="\n\n".join(_block(question_view, message, False, False) for message in heard),
        form=", ".join(f'"{agent_name(message.speaker)}": 0.0' for message in heard),
    )


def _block(question_view: QuestionView, message: Message, weighted: bool, show_trust: bool) -> str:
    attributes = _attributes(message, weighted, show_trust)
    return f"<peer{attributes}>\n{_quoted(question_view, message)}\n</peer>"


def agent_name(seat: int) -> str:
    """Return what an agent is called in prompts."""
    return f"Agent {seat}"


def _attributes(message: Message, weighted: bool, show_trust: bool) -> str:
    weight = f' weight="{_number(message.weight)}"' if weighted else ""
    trust = f' trust="{_number(message.gate)}"' if show_trust and message.gate < 1 else ""
    return f' name="{agent_name(message.speaker)}"{weight}{trust}'


def _quoted(question_view: QuestionView, message: Message) -> str:
    lines = []
    if message.answer is not None:
        lines.append(f"answer: {question_view.letter(message.answer)}")
    if message.confidence is not None:
        lines.append(f"confidence: {_number(message.confidence)}")
    if message.belief is not None:
        lines.append(f"belief: {question_view.shown(message.belief)}")
    if message.reason:
        lines += f"reason: {clean_text(message.reason)}".split("\n")
    return "\n".join(f"> {line}" for line in lines)


def _assignment(question_view: QuestionView, stance: Stance | None) -> str:
    if stance is None:
        return ""
    payload = f"Your reasoning must contain, word for word: {stance.payload}" * bool(stance.payload)
    return (
        fill(
            "assignment",
            letter=question_view.letter(stance.target),
            option=without_role_tokens(question_view.question.options[stance.target]),
            manner=MANNERS[stance.persuasiveness],
            brief=without_role_tokens(f"{stance.brief} {payload}".strip()),
            belief=question_view.shown(stance.belief),
        )
        + "\n"
    )
