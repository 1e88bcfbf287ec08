"""``fjsim judge``: what defenses would have made of a deliberation that was recorded."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fjsim.cli.console import err, out, print_json
from fjsim.cli.log_source import (
    FORMAT_HELP,
    MAP_HELP,
    OPINIONS_HELP,
    read_foreign,
    unit_of,
)
from fjsim.cli.progress import watched
from fjsim.errors import ConfigError
from fjsim.foreign_text import printable, shown

if TYPE_CHECKING:
    from fjsim.judging import Judgement

DEFENSE_HELP = (
    "Name, or a block as in a scenario: '{kind: trust-adaptive, margin: 1}'; repeatable. "
    "Default: a few that need no labels."
)


def judge(
    source: Annotated[Path, typer.Argument(help="A run folder, a log, or a folder of CSVs.")],
    defense: Annotated[list[str] | None, typer.Option(help=DEFENSE_HELP)] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Show defenses the keys that their labels ask for.")
    ] = False,
    threshold: Annotated[
        float, typer.Option(help="Mean gate below which a speaker counts as cut.")
    ] = 0.5,
    law: Annotated[str, typer.Option(help="Estimator of the last round under a defense.")] = "auto",
    format: Annotated[str, typer.Option(help=FORMAT_HELP)] = "auto",
    target: Annotated[
        str | None, typer.Option(help="belief, opinion or answer, of a long log.")
    ] = None,
    opinions: Annotated[str | None, typer.Option(help=OPINIONS_HELP)] = None,
    map: Annotated[list[str] | None, typer.Option(help=MAP_HELP)] = None,
    scale: Annotated[
        str | None, typer.Option(help="LOW:HIGH, short for --opinions bounded:LOW:HIGH.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write judge.json and cuts.csv here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Replay defenses over a recorded deliberation, and say whom they would have cut.

    Example: would the default defense have found the attackers of somebody's log?

        fjsim judge deliberation.csv --defense trust-adaptive --defense ballot
    """
    from fjsim.judging import DEFENSES
    from fjsim.judging import judge as judge_log

    blocks = [_block(given) for given in defense or DEFENSES]
    unit = unit_of(scale, opinions)
    log: Any = source
    if not (source / "events.jsonl").is_file():
        log = read_foreign(source, format, target, unit, map or ())
    with watched("replaying defenses"):
        found = judge_log(log, blocks, labels=labels, threshold=threshold, law=law, seed=seed)
    if output is not None:
        _write(output, found)
    if json:
        print_json(found.as_json())
        return
    _print(found)
    if output is not None:
        out.print(f"written to {output}")


def _block(given: str) -> str | Mapping[str, Any]:
    """Read one ``--defense``: a name, or a block in braces.

    Raises
    ------
    ConfigError
        For a block that is no YAML mapping.
    """
    if not given.lstrip().startswith("{"):
        return given
    from fjsim.serial.yaml import parse_yaml

    try:
        block = parse_yaml(given)
    except ConfigError as error:
        raise ConfigError(f"--defense{error}") from error
    if not isinstance(block, dict):
        raise ConfigError(
            f"--defense is {shown(given)}; give a name, or '{{kind: NAME, parameter: value}}'"
        )
    return block


def _write(folder: Path, found: Judgement) -> None:
    """Write the JSON object, and the cuts of all defenses as CSV."""
    import pandas as pd

    from fjsim.csv_file import csv_text
    from fjsim.runs.folder import write_file
    from fjsim.serial.json import plain

    values = found.as_json()
    text = json_module.dumps(plain(values), indent=2, allow_nan=False)
    write_file(folder / "judge.json", text + "\n")
    rows: Sequence[Mapping[str, Any]] = [
        {"defense": name, **cut} for name, one in values["defenses"].items() for cut in one["cuts"]
    ]
    names = ("defense", "item", "replica", "round", "speaker", "role", "weight")
    write_file(folder / "cuts.csv", csv_text(pd.DataFrame(rows, columns=names)))


def _print(found: Judgement) -> None:
    from fjsim.report.terminal.judge import detection_table, told_again, told_table, verdict

    out.print(escape(verdict(found)), soft_wrap=False)
    out.print(detection_table(found))
    told = told_table(found)
    if told is not None:
        out.print(escape(told_again(found)))
        out.print(told)
    for text in found.warnings:
        err.print(f"[yellow]![/] {escape(printable(text))}")
