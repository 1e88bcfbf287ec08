"""``fjsim fit``: Friedkin-Johnsen parameters of a run folder or a foreign log."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.markup import escape

from fjsim.arms import UNDISTURBED_HELP
from fjsim.cli.console import err, out, print_json
from fjsim.cli.log_source import (
    FORMAT_HELP,
    MAP_HELP,
    OPINIONS_HELP,
    print_attack,
    read_source,
    unit_of,
)
from fjsim.cli.progress import watched
from fjsim.errors import ConfigError, FjsimError
from fjsim.foreign_text import printable
from fjsim.serial.json import plain

if TYPE_CHECKING:
    from fjsim.fitting import FJFit
    from fjsim.records.transcript import Transcript

WITHOUT_INTERVALS = ("legacy", "bias", "trajectory")


def fit(
    source: Annotated[Path, typer.Argument(help="A run folder, a log, or a folder of CSVs.")],
    model: Annotated[
        str, typer.Option(help="auto, or an estimator; see `fjsim list estimators`.")
    ] = "auto",
    format: Annotated[str, typer.Option(help=FORMAT_HELP)] = "auto",
    arm: Annotated[str | None, typer.Option(help=UNDISTURBED_HELP)] = None,
    target: Annotated[
        str | None, typer.Option(help="belief, opinion or answer, of a long log.")
    ] = None,
    opinions: Annotated[str | None, typer.Option(help=OPINIONS_HELP)] = None,
    map: Annotated[list[str] | None, typer.Option(help=MAP_HELP)] = None,
    scale: Annotated[
        str | None, typer.Option(help="LOW:HIGH, short for --opinions bounded:LOW:HIGH.")
    ] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples; 0 for none.")] = 2000,
    nulls: Annotated[
        bool,
        typer.Option(
            "--nulls", help="Test against one shared law and other items' peers; takes longer."
        ),
    ] = False,
    compare: Annotated[bool, typer.Option(help="Compare models on held-out turns.")] = True,
    full: Annotated[
        bool, typer.Option("--full", help="Influence, comparison, calibration and ledger too.")
    ] = False,
    table: Annotated[
        str | None, typer.Option(help="Only the parameters, for a paper: md, latex or csv.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write fit.json and the tables as CSV here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Fit stubbornness, self-weight and influence, and say what cannot be known.

    auto tests whether one law holds for all items and chooses the model by held-out questions.

    Example: what does a recorded deliberation say, and does the law beat simpler ones?

        fjsim fit deliberation.csv.gz --full --out fitted
    """
    from fjsim.fitting import fit as fit_transcript
    from fjsim.report.terminal.fit import FORMATS

    if table is not None and table not in FORMATS:
        raise ConfigError(f"--table is '{table}'; give {', '.join(FORMATS)}")
    given = read_source(source, format, arm, target, unit_of(scale, opinions), map or ())
    transcript, notes = given.transcript, given.notes
    parameters: dict[str, Any] = {}
    if model not in WITHOUT_INTERVALS:
        parameters["resamples"] = resamples
    with watched("fitting, comparing, resampling") as watch:
        result = fit_transcript(
            transcript, model, compare=compare, nulls=nulls, seed=seed, **parameters
        )
        watch.begin("ledger and attack")
        ledger = _ledger(transcript, result, seed)
        attack = given.attack(seed)
    summary = {**result.as_json(), "warnings": [*notes, *result.warnings], "ledger": ledger}
    summary["attack"] = None if attack is None else attack.as_json()
    if output is not None:
        from fjsim.report.paths import fit_paths

        paths = fit_paths(transcript, result, seed)
        _write(output, {**summary, "paths": paths.as_json()})
    if json:
        print_json(summary)
    elif table is not None:
        from fjsim.report.terminal.fit import paper_table

        sys.stdout.write(printable(paper_table(result, table)))
    else:
        from fjsim.report.terminal.fit import print_fit

        print_fit(out, result, notes, ledger, full)
        print_attack(attack)
        if output is not None:
            out.print(f"written to {output}")


def _ledger(transcript: Transcript, result: FJFit, seed: int) -> list[dict[str, Any]] | None:
    """Return the mixture ledger's rows; None without keys."""
    if transcript.opinions or not (transcript.keys >= 0).any():
        return None
    from fjsim.ledger.mixture import mixture_ledger

    try:
        ledger = mixture_ledger(transcript, result, seed=seed).ledger
        return cast("list[dict[str, Any]]", ledger.to_dict("records"))
    except FjsimError as error:
        err.print(f"no ledger: {escape(str(error))}")
        return None


def _write(folder: Path, summary: dict[str, Any]) -> None:
    """Write the JSON object, and each of its tables as CSV."""
    import pandas as pd

    from fjsim.csv_file import csv_text
    from fjsim.runs.folder import write_file

    text = json_module.dumps(plain(summary), indent=2, allow_nan=False)
    write_file(folder / "fit.json", text + "\n")
    for name in ("comparison", "ledger"):
        if summary[name]:
            write_file(folder / f"{name}.csv", csv_text(pd.DataFrame(summary[name])))
