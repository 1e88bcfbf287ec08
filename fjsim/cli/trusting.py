"""Asking whether a file may decide what its author wants decided: programs, keys, files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fjsim.cli.console import err
from fjsim.errors import TrustError

Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Let the file name programs to start, files to write and variables with keys.",
    ),
]


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="File of your own plug-ins; its code is run. May be repeated.",
        show_default=False,
    ),
]


def confirmed(refusal: TrustError) -> None:
    """Ask on a terminal whether to trust a file after all; raise the refusal where nobody does.

    Parameters
    ----------
    refusal : TrustError
        Says what the file asks for.
    """
    if not _is_terminal():
        raise refusal
    err.print(escape(str(refusal)), soft_wrap=True)
    if not typer.confirm("Trust this file?", default=False, err=True):
        raise refusal


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
