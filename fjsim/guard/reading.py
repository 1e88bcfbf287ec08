"""Which answer a free text gives, where a team states none apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Extractor = Callable[[str], str | int | None]
"""Reads an answer off a text: an option or its number, and None where it finds none."""

MOST_READ = 20_000
"""Characters of a text that are read; its end is, because answers stand there."""
ALIKE = 0.6
"""Share of words that two answers in own words have in common at least, to count as one."""

_MARKED = re.compile(
    r"(?:final\s+answer|answer|choice|verdict)\s*(?:is|:|=)\s*([^\n<]{1,200})", re.IGNORECASE
)
_LETTER = re.compile(r"^\W*(?:option\s+)?\(?([A-Z])\)?(?:[\s.,:;)!]|$)")


def normal(text: str) -> str:
    """Return a text in lower case, its letters, digits and single spaces only."""
    kept = "".join(c if c.isalnum() else " " for c in text.lower())
    return " ".join(kept.split())


def marked(text: str) -> str:
    """Return what the last "answer: ..." of a text says; the last line that is not empty else."""
    text = text[-MOST_READ:]
    found = _MARKED.findall(text)
    if found:
        return str(found[-1]).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def stated_option(text: str, options: Sequence[str]) -> int | None:
    """Return the one option that a text names.

    Parameters
    ----------
    text : str
        What was said.
    options : sequence of str
        The question's options, A the first.

    Returns
    -------
    int or None
        None where it names none, or more than one.

    Notes
    -----
    Looked for, in this order: an option's text, then a letter, after the last "answer:"; an
    option's text anywhere. An option that is part of another's name does not count where the
    longer one stands.

    Examples
    --------
    >>> stated_option("It must be Paris. Answer: B", ["Rome", "Paris"])
    1
    """
    said = marked(text)
    for option in (_named(said, options), _letter(said, len(options))):
        if option is not None:
            return option
    return _named(text[-MOST_READ:], options)


def _letter(said: str, n_options: int) -> int | None:
    found = _LETTER.match(said)
    if found is None:
        return None
    at = ord(found.group(1)) - ord("A")
    return at if at < n_options else None


def _named(said: str, options: Sequence[str]) -> int | None:
    words = f" {normal(said)} "
    by_length = sorted(range(len(options)), key=lambda at: -len(normal(options[at])))
    named = []
    for at in by_length:
        wanted = normal(options[at])
        if wanted and f" {wanted} " in words:
            named.append(at)
            words = words.replace(f" {wanted} ", "  ")
    return named[0] if len(named) == 1 else None


def in_own_words(text: str) -> str | None:
    """Return the answer of a text without options: what follows "answer:", else its last line.

    Returns
    -------
    str or None
        None for a text without words. `Guard` counts two such answers as one where they share
        at least 60 % of their words.
    """
    return normal(marked(text)) or None


def same_answer(one: str, other: str) -> bool:
    """Say whether two answers in own words count as one."""
    first, second = set(normal(one).split()), set(normal(other).split())
    if not first or not second:
        return first == second
    return len(first & second) / len(first | second) >= ALIKE
