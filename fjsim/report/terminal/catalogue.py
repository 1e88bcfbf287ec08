"""What there is to choose from: everything on a screen, a kind a line each, one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill

from rich.console import RenderableType
from rich.text import Text

from fjsim.foreign_text import printable, shortened
from fjsim.plugin_docs import Explained, ExplainedParameter
from fjsim.registry import Entry

WIDTH = 80
"""Columns of a terminal."""


def kinds_lines(found: Mapping[str, Sequence[Entry]]) -> Iterator[RenderableType]:
    """Yield every kind with the names of its plug-ins.

    Parameters
    ----------
    found : mapping of str to sequence of Entry
        By the plural of the kind.
    """
    for plural, kept in found.items():
        names = ", ".join(_name(entry) for entry in kept)
        line = Text(
            fill(
                f"{plural} ({len(kept)}): {names}",
                WIDTH,
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
        )
        line.stylize("bold", 0, len(plural))
        yield line


def kind_lines(plural: str, kept: Sequence[Entry]) -> Iterator[RenderableType]:
    """Yield the plug-ins of one kind, a line each.

    Parameters
    ----------
    plural : str
        What the kind is called.
    kept : sequence of Entry
    """
    width = max((len(_name(entry)) for entry in kept), default=0)
    for entry in kept:
        yield one_line(_name(entry), entry.summary, width)
    yield Text(f"fjsim list {plural} NAME explains one of them", style="dim")


def one_line(name: str, meaning: str, width: int) -> Text:
    """Return a name and what it means on one line of a terminal.

    Parameters
    ----------
    name, meaning : str
    width : int
        Columns of the longest name.
    """
    text = " ".join(printable(meaning).split())
    line = Text(f"{printable(name):<{width}}  {shortened(text, max(10, WIDTH - width - 2))}")
    line.stylize("bold", 0, len(name))
    return line


def _name(entry: Entry) -> str:
    name = f"{entry.name} ({entry.package})" if entry.third_party else entry.name
    return printable(name)


def explained_lines(plugin: Explained) -> Iterator[RenderableType]:
    """Yield one plug-in in full: what it is, its parameters, what it assumes, its source.

    Parameters
    ----------
    plugin : Explained
    """
    entry = plugin.entry
    yield Text(f"{entry.kind} {_name(entry)}", style="bold")
    yield paragraph(plugin.summary)
    if plugin.parameters:
        yield Text("parameters", style="bold")
    for parameter in plugin.parameters:
        yield from _parameter_lines(entry, parameter)
    for name, values in entry.profiles.items():
        inner = ", ".join(f"{key}={shown_default(value)}" for key, value in values.items())
        yield paragraph(f"profile {name}: {inner or 'the defaults'}", "  ")
    if plugin.notes:
        yield Text("notes", style="bold")
        yield paragraph(plugin.notes, "  ")
    if plugin.source:
        yield Text("source", style="bold")
    for reference in plugin.source:
        yield paragraph(reference, "  ")


def _parameter_lines(entry: Entry, parameter: ExplainedParameter) -> Iterator[RenderableType]:
    facts = [parameter.type]
    if parameter.range and parameter.range not in parameter.meaning:
        facts.append(f"in {parameter.range}" if parameter.range[0] in "[(" else parameter.range)
    facts.append(
        "required" if parameter.required else f"default {shown_default(parameter.default)}"
    )
    head = fill(
        printable(f"{parameter.name} : {', '.join(facts)}"),
        WIDTH,
        initial_indent="  ",
        subsequent_indent="      ",
        break_on_hyphens=False,
    )
    line = Text(head)
    line.stylize("bold", 2, 2 + len(parameter.name))
    yield line
    if parameter.meaning:
        yield paragraph(parameter.meaning, "      ")
    if parameter.name in entry.choices:
        yield paragraph(", ".join(entry.choices[parameter.name]), "      ")


def paragraph(text: str, indent: str = "") -> Text:
    """Return a text in lines of a terminal.

    Parameters
    ----------
    text : str
    indent : str
        What every line begins with.
    """
    lines = fill(
        printable(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return Text(lines)


def shown_default(value: object) -> str:
    """Return a default as it would stand in a scenario file."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
