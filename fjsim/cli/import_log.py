"""``fjsim import``: a foreign log as a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fjsim.cli.console import out, print_json
from fjsim.cli.log_source import (
    FORMAT_HELP,
    MAP_HELP,
    OPINIONS_HELP,
    print_attack,
    print_understood,
    read_foreign,
    understood,
    unit_of,
)


def import_log(
    source: Annotated[Path, typer.Argument(help="A log, or a folder of belief CSVs.")],
    output: Annotated[Path, typer.Option("--out", help="The run folder to make.")],
    format: Annotated[str, typer.Option(help=FORMAT_HELP)] = "auto",
    target: Annotated[str | None, typer.Option(help="belief, opinion or answer.")] = None,
    opinions: Annotated[str | None, typer.Option(help=OPINIONS_HELP)] = None,
    map: Annotated[list[str] | None, typer.Option(help=MAP_HELP)] = None,
    scale: Annotated[
        str | None, typer.Option(help="LOW:HIGH, short for --opinions bounded:LOW:HIGH.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Bring a foreign log into a run folder, for `show` and `fit`.

    Example: read the CSVs of another lab once, work on them like on a run of one's own

        fjsim import their_logs --format stubborn-neighbors --out runs/theirs
    """
    from fjsim.metrics.attacked_log import attacked_log
    from fjsim.records.importers.run_folder import write_run_folder

    log = read_foreign(source, format, target, unit_of(scale, opinions), map or ())
    write_run_folder(log, output)
    attack = attacked_log(log.transcript, log.clean)
    if json:
        print_json({**understood(log), "out": str(output), "attack": attack and attack.as_json()})
        return
    print_understood(log)
    print_attack(attack)
    out.print(f"written to {output}\nnext: fjsim fit {output}")
