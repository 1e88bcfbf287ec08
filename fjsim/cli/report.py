"""``fjsim report``: one self-contained HTML file of a run, or of what was found in one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fjsim.cli.console import out
from fjsim.cli.progress import watched
from fjsim.cli.trusting import Plugins
from fjsim.errors import UsageError


def report(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER [FOLDER]",
            help="Folder of a run, sweep, fit, import or influencers; or two runs to compare.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--out", help="The file; default report.html in the folder.")
    ] = None,
    cells: Annotated[
        bool, typer.Option("--cells", help="Write the page of every run of a sweep too.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Write one figure, .pdf, .svg or .png; default the page."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(
            help="Which: network, trajectories, takeover, success or trust of a run; matrix, "
            "frontier or leaderboard of a sweep; parameters, influence, observed or comparison of "
            "an imported log; default the first.",
            show_default=False,
        ),
    ] = None,
    plugin: Plugins = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one HTML file that says who moved whom; it needs no network.

    The page of a run shows every question, attacked and clean side by side; a sweep's who holds
    best, at what price, and every defense against every attack; that of a fit or of an imported
    log the parameters, and what they predict beside what was observed; that of influencers who is
    listened to, why, and whether it pays. Two runs get a page of their paired differences.

    Example: fjsim report runs/star-stubborn-1a2b3c4d5e --open
    """
    from fjsim.plugin_files import load_plugin_files

    load_plugin_files(plugin or ())
    if save is None and figure is not None:
        raise UsageError(f"--figure {figure} needs --save FILE.pdf, .svg or .png")
    with watched("writing the page" if save is None else "drawing the figure"):
        path = _written(sources, output, cells) if save is None else _saved(sources, figure, save)
    out.print(f"{'report' if save is None else 'figure'}: {path}", soft_wrap=True)
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())


def _saved(sources: list[Path], figure: str | None, path: Path) -> Path:
    from fjsim.report.figures import drawer_of, figures_of, save_figure

    if len(sources) != 1:
        raise UsageError(f"--save draws one run, sweep or imported log; got {len(sources)} folders")
    drawer, given = drawer_of(sources[0])
    name = figures_of(drawer)[0] if figure is None else figure
    return save_figure(drawer, name, path, **given.get(name, {}))


def _written(sources: list[Path], output: Path | None, cells: bool) -> Path:
    from fjsim.report.html.writing import write_cells, write_comparison, write_report

    if len(sources) > 2 or (len(sources) == 2 and cells):
        raise UsageError(
            f"fjsim report takes one folder, or two runs to compare without --cells; got "
            f"{len(sources)}"
        )
    if len(sources) == 2:
        return write_comparison(sources[0], sources[1], output)
    if cells:
        made = write_cells(sources[0])
        out.print(f"pages of runs: {len(made)} written")
    return write_report(sources[0], output)
