"""``fjsim import``: a foreign log as a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.markup import escape

from fjsim.cli.console import err, out
from fjsim.cli.fit import TARGETS, parse_scale
from fjsim.errors import ConfigError


def import_log(
    source: Annotated[Path, typer.Argument(help="A log, or a folder of belief CSVs.")],
    output: Annotated[Path, typer.Option("--out", help="The run folder to make.")],
    format: Annotated[
        str, typer.Option(help="auto, long, stubborn-neighbors or inspect.")
    ] = "auto",
    target: Annotated[str | None, typer.Option(help="belief, opinion or answer.")] = None,
    scale: Annotated[str | None, typer.Option(help="LOW:HIGH, of opinions.")] = None,
) -> None:
    """Bring a foreign log into a run folder, for `show`, `report` and `fit`.

    Example: read the CSVs of another lab once, work on them like on a run of one's own

        fjsim import their_logs --format stubborn-neighbors --out runs/theirs
    """
    from fjsim.records.importers import read_log
    from fjsim.records.importers.imported import Target
    from fjsim.records.importers.run_folder import write_run_folder

    if target is not None and target not in TARGETS:
        raise ConfigError(f"--target is '{target}'; give {', '.join(TARGETS)}")
    log = read_log(source, format, target=cast("Target | None", target), scale=parse_scale(scale))
    for text in log.warnings:
        err.print(f"[yellow]![/] {escape(text)}", soft_wrap=True)
    write_run_folder(log, output)
    transcript = log.transcript
    out.print(
        f"{log.n_rows} rows, {transcript.n_items} items, {transcript.n_agents} agents, "
        f"{transcript.n_rounds} rounds: {output}\nnext: fjsim fit {output}"
    )
