"""What a plug-in says of itself: each parameter with type, range, default and meaning."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fjsim.registry import Entry, Parameter

_HEADING = re.compile(r"^(\S[^\n]*)\n-{3,}$", re.MULTILINE)
_DEFAULT = re.compile(r",?\s*default\b.*$|,?\s*optional\b.*$", re.DOTALL)
_EMPHASIS = re.compile(r"(?<!\w)\*{1,2}(\w[^*]*)\*{1,2}(?!\w)")
_ROLE = re.compile(r":math:`([^`]*)`|``([^`]*)``|`([^`]*)`")


@dataclass(frozen=True, slots=True)
class ExplainedParameter:
    """One parameter of a plug-in, for people.

    Parameters
    ----------
    name : str
    type : str
        In words where the docstring has them, else as annotated.
    range : str
        Such as ``[0, 1]``; empty where none is declared.
    required : bool
    default : object
        None where it is required.
    meaning : str
        One or a few sentences; empty where nobody wrote any.
    """

    name: str
    type: str
    range: str
    required: bool
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One plug-in, for people.

    Parameters
    ----------
    entry : Entry
    summary : str
        The first paragraph of its docstring.
    parameters : tuple of ExplainedParameter
    notes : str
        What it assumes, as it says itself; may be empty.
    source : tuple of str
        Where it comes from, a reference each.
    """

    entry: Entry
    summary: str
    parameters: tuple[ExplainedParameter, ...]
    notes: str
    source: tuple[str, ...]


def explained(entry: Entry) -> Explained:
    """Return what a plug-in's docstrings and ranges say of it.

    Parameters
    ----------
    entry : Entry
        Its own docstring comes first, then those of the classes that it is made from.
    """
    sections = _sections(entry.factory)
    opening = sections.get("", "").split("\n\n", 1)
    return Explained(
        entry=entry,
        summary=_plain(opening[0]),
        parameters=explained_parameters(entry),
        notes=_notes(sections.get("Notes", "")),
        source=tuple(_references(sections.get("References", ""))),
    )


def _notes(section: str) -> str:
    """Return the first paragraph of the notes, unless it leads to a formula."""
    first = _plain(section.split("\n\n", 1)[0])
    return first if first.endswith((".", ")")) else ""


def explained_parameters(entry: Entry) -> tuple[ExplainedParameter, ...]:
    """Return every parameter of a plug-in with what is known of it.

    Parameters
    ----------
    entry : Entry
    """
    told = [_told(_sections(one).get("Parameters", "")) for one in _lineage(entry.factory)]
    ranges = _ranges(entry.factory)
    return tuple(_parameter(one, told, ranges) for one in entry.parameters)


def _parameter(
    parameter: Parameter,
    told: list[dict[str, tuple[str, str]]],
    ranges: Mapping[str, str],
) -> ExplainedParameter:
    known = [one[parameter.name] for one in told if parameter.name in one]
    kinds = [kind for kind, _ in known if kind]
    meanings = [meaning for _, meaning in known if meaning and not meaning.startswith("See ")]
    return ExplainedParameter(
        name=parameter.name,
        type=kinds[0] if kinds else _annotation(parameter.type),
        range=ranges.get(parameter.name, ""),
        required=parameter.required,
        default=parameter.default,
        meaning=meanings[0] if meanings else "",
    )


def _lineage(factory: Callable[..., Any]) -> tuple[Any, ...]:
    mro = factory.__mro__ if isinstance(factory, type) else (factory,)
    return tuple(one for one in mro if one is not object)


def _ranges(factory: Callable[..., Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in reversed(_lineage(factory)):
        found.update(vars(one).get("ranges", {}) if isinstance(one, type) else {})
    return found


def _sections(documented: Any) -> dict[str, str]:
    """Return a numpydoc docstring by heading; what stands before any is under ``""``."""
    text = inspect.cleandoc(getattr(documented, "__doc__", None) or "")
    parts = _HEADING.split(text)
    pairs = zip(["", *parts[1::2]], parts[::2], strict=True)
    return {heading.strip(): body.strip("\n") for heading, body in pairs}


def _told(section: str) -> dict[str, tuple[str, str]]:
    """Return type and meaning of each parameter of a section; names may share an entry."""
    found: dict[str, tuple[str, str]] = {}
    entry = re.compile(r"^(?=\S)", re.MULTILINE)
    joined = re.sub(r",\n(?=\S)", ", ", section)
    for block in filter(None, (one.strip("\n") for one in entry.split(joined))):
        head, _, body = block.partition("\n")
        names, _, kind = head.partition(" : ")
        told = (_plain(_DEFAULT.sub("", kind)), _plain(body))
        found |= {name.strip(): told for name in names.split(",")}
    return found


def _references(section: str) -> list[str]:
    return [_plain(one) for one in re.split(r"^\.\. \[\d+\] ", section, flags=re.MULTILINE) if one]


def _plain(text: str) -> str:
    """Return a text on one line, without the marks of reStructuredText."""
    joined = _EMPHASIS.sub(r"\1", " ".join(text.split()))
    return _ROLE.sub(lambda found: next(filter(None, found.groups()), ""), joined)


def _annotation(kind: str) -> str:
    """Return an annotation as a reader would say it."""
    if found := re.fullmatch(r"<class '([^']+)'>", kind):
        return found[1].rpartition(".")[2]
    return kind.replace(" | None", ", or none")
