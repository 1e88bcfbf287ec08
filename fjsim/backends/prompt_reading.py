"""How the embedded model reads a chat: only what our own lines say, never a peer's text.

A peer's lines stand behind ``> ``; of these only the leading fields (answer, confidence, belief)
count, and everything from ``reason:`` on is prose. Where neither confidence nor belief stands
there, the first words of the prose may make an answer sound less than certain, and do no more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fjsim.beliefs import FEW, Array, certain, plain_sum
from fjsim.contracts import ChatMessage
from fjsim.contracts.argument import sureness_in
from fjsim.errors import BackendRefusedError
from fjsim.questions import LETTERS
from fjsim.serial.json import read

PROBE = "## How sure do they seem?"
"""How a probe begins; it comes after the question, never first."""

LETTER_ONLY = "Reply with the letter of your option and nothing else."
"""What a system prompt says where one letter is asked for."""
WHY = "## Why?"
"""How the question why begins; it comes after the turn that it is about."""
ASIDE = ("Your reply could not be used", WHY)

_QUESTION = re.compile(r"\A## Question\n\n(.*)\n\n## Options\n\n(.*)", re.DOTALL)
_OPTION = re.compile(r"^([A-Z])\) (.*)$", re.MULTILINE)
_ASSIGNED = re.compile(r"^Assigned belief: (.+)$", re.MULTILINE)
_ON_RECORD = re.compile(r"^Your view on record: (.+)$", re.MULTILINE)
_PEER = re.compile(r"^<peer ([^>\n]*)>\n(.*?)^</peer>$", re.MULTILINE | re.DOTALL)
_PEER_END = re.compile(r"^</peer>$", re.MULTILINE)
_SILENT = re.compile(r"^<silent ([^>\n]*)/>$", re.MULTILINE)
_ATTRIBUTE = re.compile(r'(?<!\w)(\w+)="([^"]*)"')

LARGEST = 1e9
"""A share, a weight or a confidence beyond it is none."""

REMEMBERED = 4096
"""Characters of a text whose meaning is remembered; a longer one is read anew each time."""


@dataclass(frozen=True, slots=True)
class ReadPeer:
    """What the prompt says of one teammate."""

    answer: int | None
    belief: Array | None
    stated_confidence: float
    weight: float
    trust: float
    has_reason: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the embedded model makes of a chat.

    Parameters
    ----------
    question : str
        Its text.
    options : tuple of str
        In the order shown.
    assigned : ndarray or None
        Belief that an assignment asks for.
    first, last : ndarray or None
        Own beliefs in the history, the last one as it stands on record.
    peers : tuple of ReadPeer
        Teammates, silent ones included.
    asks_after_hearing : bool
        Whether a later round is asked.
    """

    question: str
    options: tuple[str, ...]
    assigned: Array | None
    first: Array | None
    last: Array | None
    peers: tuple[ReadPeer, ...]
    asks_after_hearing: bool

    @property
    def gives_reasons(self) -> bool:
        """Whether teammates may give reasons: not where all that was said comes without one."""
        loud = [peer for peer in self.peers if peer.answer is not None or peer.belief is not None]
        return not loud or any(peer.has_reason for peer in loud)


def read_prompt(messages: Sequence[ChatMessage]) -> Prompt:
    """Read a chat.

    Raises
    ------
    BackendRefusedError
        If it holds no question in the form that fjsim writes.
    """
    asked = [message.content for message in messages if message.role == "user"]
    said = [message.content for message in messages if message.role == "assistant"]
    if not asked or _question(asked[0]) is None:
        raise BackendRefusedError(
            "the simulated model reads fjsim's own prompts only; this chat holds no question in "
            "that form; use a language model for anything else"
        )
    text, options = _question(asked[0]) or ("", ())
    # A repair turn stands last; what it repairs is the turn before.
    current = asked[-2] if asked[-1].startswith(ASIDE) and len(asked) > 1 else asked[-1]
    on_record, assigned = _ours(_ON_RECORD, current), _ours(_ASSIGNED, current)
    last = on_record if on_record is None else _belief(on_record, len(options))
    return Prompt(
        question=text,
        options=options,
        assigned=None if assigned is None else _belief(assigned, len(options)),
        first=_first_view(said, asked[1:], len(options)),
        last=_first_belief(reversed(said), len(options)) if on_record is None else last,
        peers=_peers(current, len(options)),
        asks_after_hearing=len(asked) > 1 and current is not asked[0],
    )


def asks_for_letter(messages: Sequence[ChatMessage]) -> bool:
    """Return whether a chat asks for one letter: our system prompt says so, or a repair of one."""
    system = next((one.content for one in messages if one.role == "system"), "")
    return LETTER_ONLY in system


def asks_why(messages: Sequence[ChatMessage]) -> bool:
    """Return whether a chat ends with the question why a letter was chosen."""
    return messages[-1].content.startswith(WHY)


def _first_view(said: Sequence[str], asked: Sequence[str], n_options: int) -> Array | None:
    """Return the first belief of a chat: stated, or as the first later turn has it on record."""
    stated = _first_belief(said, n_options)
    if stated is not None:
        return stated
    for content in asked:
        on_record = _ours(_ON_RECORD, content)
        if on_record is not None:
            return _belief(on_record, n_options)
    return None


def read_probe(messages: Sequence[ChatMessage]) -> dict[str, float] | None:
    """Return how sure each teammate says it is, where a chat ends with a probe; else None.

    A teammate that states no confidence is as sure as the top of its belief, or of its answer.
    """
    asked = [message.content for message in messages if message.role == "user"]
    probes = [content for content in asked[-2:] if content.startswith(PROBE)]
    if not probes:
        return None
    n_options = len((_question(asked[0]) or ("", ()))[1])
    return {
        dict(_ATTRIBUTE.findall(attributes)).get("name", ""): _sureness(body, n_options)
        for attributes, body in _blocks(probes[-1])
    }


def _sureness(body: str, n_options: int) -> float:
    fields = _fields(body)
    peer = _peer("", body, n_options)
    if "confidence" in fields or peer.belief is None:
        return peer.stated_confidence
    return float(peer.belief.max())


def _question(content: str) -> tuple[str, tuple[str, ...]] | None:
    short = len(content) <= REMEMBERED
    return _question_seen(content) if short else _question_seen.__wrapped__(content)


@lru_cache(maxsize=4096)
def _question_seen(content: str) -> tuple[str, tuple[str, ...]] | None:
    match = _QUESTION.match(content)
    if match is None:
        return None
    options: list[str] = []
    for letter, text in _OPTION.findall(match.group(2)):
        if len(options) < len(LETTERS) and letter == LETTERS[len(options)]:
            options.append(text)
    return (match.group(1), tuple(options)) if len(options) > 1 else None


def _ours(pattern: re.Pattern[str], content: str) -> str | None:
    """Return what the first line of ours that fits a pattern says; others' begin with ``>``."""
    # None of these patterns fits a line that begins with ``>``.
    found = pattern.search(content)
    return found.group(1) if found else None


def _first_belief(replies: Iterable[str], n_options: int) -> Array | None:
    """Return the belief of the first reply that states one."""
    for reply in replies:
        belief = _own_belief(reply, n_options)
        if belief is not None:
            return belief
    return None


def _own_belief(reply: str, n_options: int) -> Array | None:
    short = len(reply) <= REMEMBERED
    return (_own_belief_seen if short else _own_belief_seen.__wrapped__)(reply, n_options)


@lru_cache(maxsize=65536)
def _own_belief_seen(reply: str, n_options: int) -> Array | None:
    try:
        values = read(reply)["belief"]
        belief = [float(values[letter]) for letter in LETTERS[:n_options]]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return np.array(belief) if _may_be_shares(belief) else None


def _belief(text: str, n_options: int) -> Array | None:
    pairs = dict(pair.split("=", 1) for pair in text.split() if "=" in pair)
    try:
        values = [float(pairs[letter]) for letter in LETTERS[:n_options]]
    except (KeyError, ValueError):
        return None
    if not _may_be_shares(values):
        return None
    if len(values) < FEW:
        total = plain_sum(values)
        return np.array([value / total for value in values])
    shares = np.array(values)
    return np.asarray(shares / shares.sum())


def _may_be_shares(values: Sequence[float]) -> bool:
    # The sum is below infinity for no NaN, which least and greatest may miss.
    return min(values) >= 0 and 0 < max(values) < LARGEST and sum(values) < math.inf


def _blocks(content: str) -> list[tuple[str, str]]:
    """Return attributes and body of each teammate's block."""
    # Behind the last end no block is sought: each one without its end would read all that follows.
    ends = [end.end() for end in _PEER_END.finditer(content)]
    return _PEER.findall(content, 0, ends[-1]) if ends else []


def _peers(content: str, n_options: int) -> tuple[ReadPeer, ...]:
    loud = [_peer(attributes, body, n_options) for attributes, body in _blocks(content)]
    silent = [_peer(attributes, "", n_options) for attributes in _SILENT.findall(content)]
    return tuple(loud + silent)


def _peer(attributes: str, body: str, n_options: int) -> ReadPeer:
    given = dict(_ATTRIBUTE.findall(attributes))
    fields = _fields(body)
    answer = LETTERS[:n_options].find(fields.get("answer", "?"))
    reason = fields.get("reason", "")
    sounding = None if "confidence" in fields else sureness_in(reason)
    stated = min(1.0, _number(fields.get("confidence"), 1.0)) if sounding is None else sounding
    belief = _belief(fields["belief"], n_options) if "belief" in fields else None
    if belief is None and answer >= 0:
        belief = certain(answer, n_options, stated)
    return ReadPeer(
        answer=answer if answer >= 0 else None,
        belief=belief,
        stated_confidence=stated,
        weight=_number(given.get("weight"), 1.0),
        trust=_number(given.get("trust"), 1.0),
        has_reason="reason" in fields,
    )


def _number(text: str | None, otherwise: float) -> float:
    """Return a number >= 0 that a prompt of ours may hold, or what stands for none."""
    try:
        number = float(text or "")
    except ValueError:
        return otherwise
    return number if 0 <= number < LARGEST else otherwise


def _fields(body: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in body.split("\n"):
        name, colon, value = line.removeprefix("> ").partition(": ")
        if not colon or name not in ("answer", "confidence", "belief", "reason") or name in fields:
            break
        fields[name] = value
        if name == "reason":
            break
    return fields
