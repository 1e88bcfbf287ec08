"""Injected instructions as text, one per file, and how they are filled."""

from __future__ import annotations

from functools import cache
from importlib import resources

from fjsim.questions import Question

PLACE = "{option}"


@cache
def payload_names() -> tuple[str, ...]:
    """Return the names of the payloads that come with the package, sorted."""
    files = (item.name for item in resources.files(__package__).iterdir())
    return tuple(sorted(name[:-3] for name in files if name.endswith(".md")))


@cache
def template(name: str) -> str:
    """Return the text of one payload, on one line.

    Parameters
    ----------
    name : str
        One of `payload_names`, or the text itself.
    """
    if name not in payload_names():
        return " ".join(name.split())
    text = (resources.files(__package__) / f"{name}.md").read_text(encoding="utf-8")
    return " ".join(text.split())


def payload(name: str, question: Question, target: int) -> str:
    """Return a payload that asks for one option by its text, in double quotes of its own.

    Parameters
    ----------
    name : str
        One of `payload_names`, or the text itself, with ``{option}`` where the option stands.
    question : Question
        Its options are named by text: letters are shuffled from prompt to prompt.
    target : int
        The option.
    """
    option = " ".join(question.options[target].split()).replace('"', "'")
    return template(name).replace(PLACE, option)
