"""``fjsim report``: one self-contained HTML file of a run, a sweep, a fit or an import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fjsim.cli.console import out
from fjsim.cli.progress import watched


def report(
    source: Annotated[
        Path,
        typer.Argument(help="Folder of a run, a sweep, a fit or an import.", show_default=False),
    ],
    output: Annotated[
        Path | None, typer.Option("--out", help="The file; default report.html in the folder.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one HTML file that says who moved whom; it needs no network.

    The page of a run shows every question, attacked and clean side by side; a sweep's its
    leaderboard; that of a fit or of an imported log the parameters, and what they predict beside
    what was observed.

    Example: fjsim report runs/star-stubborn-1a2b3c4d5e --open
    """
    from fjsim.report.html.writing import write_report

    with watched("writing the page"):
        path = write_report(source, output)
    out.print(f"report: {path}", soft_wrap=True)
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
