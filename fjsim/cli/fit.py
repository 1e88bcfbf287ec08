"""``fjsim fit``: Friedkin-Johnsen parameters of a run folder or a foreign log."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.markup import escape

from fjsim.cli.console import err, out, plain, print_json
from fjsim.errors import ConfigError, FjsimError
from fjsim.foreign_text import printable

if TYPE_CHECKING:
    from fjsim.fitting import FJFit
    from fjsim.records.importers.imported import Scale, Target
    from fjsim.records.transcript import Transcript

WITHOUT_INTERVALS = ("legacy", "bias", "trajectory")
TARGETS = ("belief", "opinion", "answer")


def fit(
    source: Annotated[Path, typer.Argument(help="A run folder, a log, or a folder of CSVs.")],
    model: Annotated[
        str, typer.Option(help="auto, or an estimator; see `fjsim list estimators`.")
    ] = "auto",
    format: Annotated[
        str, typer.Option(help="auto, long, stubborn-neighbors or inspect.")
    ] = "auto",
    arm: Annotated[str | None, typer.Option(help="clean or attacked, of a run folder.")] = None,
    target: Annotated[
        str | None, typer.Option(help="belief, opinion or answer, of a long log.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="LOW:HIGH, of opinions.")] = None,
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
    transcript, notes = load_source(source, format, arm, target, scale)
    parameters: dict[str, Any] = {}
    if model not in WITHOUT_INTERVALS:
        parameters["resamples"] = resamples
    result = fit_transcript(
        transcript, model, compare=compare, nulls=nulls, seed=seed, **parameters
    )
    ledger = _ledger(transcript, result, seed)
    summary = {**result.as_json(), "warnings": [*notes, *result.warnings], "ledger": ledger}
    if output is not None:
        _write(output, summary)
    if json:
        print_json(summary)
    elif table is not None:
        from fjsim.report.terminal.fit import paper_table

        sys.stdout.write(printable(paper_table(result, table)))
    else:
        from fjsim.report.terminal.fit import print_fit

        print_fit(out, result, notes, ledger, full)
        if output is not None:
            out.print(f"written to {output}")


def load_source(
    source: Path,
    format: str = "auto",
    arm: str | None = None,
    target: str | None = None,
    scale: str | None = None,
) -> tuple[Transcript, tuple[str, ...]]:
    """Read a run folder or a foreign log.

    Parameters
    ----------
    source : Path
        A run folder, a log file, or a folder of belief CSVs.
    format : str
        Of the log.
    arm : {'clean', 'attacked'}, optional
        Of a run folder; default the clean one.
    target : {'belief', 'opinion', 'answer'}, optional
        Of a long log.
    scale : str, optional
        ``LOW:HIGH`` of its opinions.

    Returns
    -------
    transcript : Transcript
    notes : tuple of str
        What was inferred in reading.
    """
    if (source / "events.jsonl").is_file():
        from fjsim.records.building import load_run

        if arm not in (None, "clean", "attacked"):
            raise ConfigError(f"--arm is '{arm}'; give clean or attacked")
        return load_run(source, cast(Any, arm)), ()
    from fjsim.records.importers import read_log

    if target is not None and target not in TARGETS:
        raise ConfigError(f"--target is '{target}'; give {', '.join(TARGETS)}")
    log = read_log(source, format, target=cast("Target | None", target), scale=parse_scale(scale))
    return log.transcript, log.warnings


def parse_scale(text: str | None) -> Scale | None:
    """Read ``LOW:HIGH``.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    Scale or None
    """
    from fjsim.records.importers.imported import Scale

    if text is None:
        return None
    low, _, high = text.partition(":")
    try:
        ends = Scale(float(low), float(high))
    except ValueError as error:
        raise ConfigError(f"--scale is '{text}'; give LOW:HIGH, for example 0:100") from error
    if not ends.low < ends.high:
        raise ConfigError(f"--scale is '{text}'; LOW must be below HIGH")
    return ends


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
