"""Where the command line prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.segment import Segment

from fjsim.confidential import hide_keys
from fjsim.errors import capped
from fjsim.foreign_text import printable
from fjsim.serial.json import plain


class PlainConsole(Console):
    """A console on which no text steers the terminal, or stands in another order than its own.

    Texts of models, servers and files are printed in many places; here all of them come by.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Render as usual, without characters that do not show; styles are no text."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield segment._replace(text=printable(segment.text))


out = PlainConsole(highlight=False)
err = PlainConsole(stderr=True, highlight=False)


def print_problem(label: str, message: object, style: str) -> None:
    """Print an error or a warning on stderr: one line of bounded length, without keys.

    Parameters
    ----------
    label : str
        ``error`` or ``warning``.
    message : object
        What to say; may hold words of servers and of files.
    style : str
        Style of the label.
    """
    line = capped(hide_keys(" ".join(printable(str(message)).split())))
    err.print(f"[{style}]{label}:[/] {escape(line)}", soft_wrap=True)


def print_paged(lines: Iterable[RenderableType]) -> None:
    """Print on stdout, through the user's pager where that is a terminal and it does not fit.

    Parameters
    ----------
    lines : iterable
        What to print, in order.
    """
    group = Group(*lines)
    tall = out.is_terminal and len(out.render_lines(group, pad=False)) >= out.height
    if tall:
        # A pager that shows escape sequences as they stand would spoil what is coloured.
        with out.pager(styles=False):
            out.print(group)
    else:
        out.print(group)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout; NaN and infinity become null."""
    sys.stdout.write(json.dumps(plain(value), indent=2, allow_nan=False) + "\n")
