"""``fjsim influencers``: who is listened to, why, and whether it pays."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fjsim.cli.console import out, print_json
from fjsim.cli.progress import watched
from fjsim.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from fjsim.ledger.influencers import Influencers
    from fjsim.sweeps.influencers import SweepInfluencers


def influencers(
    source: Annotated[
        Path,
        typer.Argument(help="A run folder, a sweep's folder, or a log.", show_default=False),
    ],
    model: Annotated[
        str, typer.Option(help="Gates from: auto, item, shrunk, hierarchical or gated.")
    ] = "auto",
    against: Annotated[
        list[str] | None,
        typer.Option(help="NAME=RUN, another run on the same questions; may be repeated."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every table too.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Cells of a sweep at a time; default one per core."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write influencers.json and the tables here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say who becomes an influencer in a team, why, and whether listening to them pays.

    Influence is fitted question by question. All cells of a sweep stand in one table.

    Example: who leads a clean team of five, and is it the confident?

        fjsim influencers runs/clean-1a2b3c4d5e --out leaders

        fjsim report leaders --open
    """
    from fjsim.report.terminal.influencers import print_influencers, print_sweep_influencers
    from fjsim.sweeps.sweep import INDEX

    found: Influencers | SweepInfluencers
    with watched("fitting question by question"):
        if (source / INDEX).is_file():
            found = _of_sweep(source, model, against, seed, workers)
        else:
            found = _of_run(source, model, against, seed)
    if output is not None:
        _write(output, found)
    if json:
        print_json(found.as_json())
        return
    from fjsim.ledger.influencers import Influencers

    if isinstance(found, Influencers):
        print_influencers(out, found, full)
    else:
        print_sweep_influencers(out, found, full)
    if output is not None:
        out.print(f"written to {output}; its page: fjsim report {output}", soft_wrap=True)


def _of_sweep(
    source: Path, model: str, against: list[str] | None, seed: int, workers: int | None
) -> SweepInfluencers:
    from fjsim.sweeps.executors import default_workers
    from fjsim.sweeps.influencers import sweep_influencers

    if against:
        raise ConfigError("--against compares single runs; give the folder of a cell with it")
    cores = default_workers() if workers is None else workers
    return sweep_influencers(source, model=model, seed=seed, workers=cores)


def _of_run(source: Path, model: str, against: list[str] | None, seed: int) -> Influencers:
    from fjsim.ledger.influencers import influencers as analyse

    beside = dict(map(_named, against or ()))
    return analyse(_recorded(source), model=model, against=beside, seed=seed)


def _recorded(source: Path) -> Any:
    """Return a run, which knows its personas, or the path of a foreign log."""
    from fjsim.records.reading import EVENTS
    from fjsim.runs import load_run

    return load_run(source) if (source / EVENTS).is_file() else source


def _named(entry: str) -> tuple[str, Path]:
    """Read one ``NAME=RUN``."""
    name, equals, path = entry.partition("=")
    if not (equals and name.strip() and path.strip()):
        raise ConfigError(
            f"--against is '{entry}'; give NAME=RUN, for example self-reflection=runs/solo-1a2b3c"
        )
    return name.strip(), Path(path.strip())


def _write(folder: Path, found: Influencers | SweepInfluencers) -> None:
    """Write the JSON object, and each table as CSV."""
    from fjsim.csv_file import csv_text
    from fjsim.ledger.influencers import Influencers
    from fjsim.report.html.document import INFLUENCERS
    from fjsim.runs.folder import write_file
    from fjsim.serial.json import plain

    text = json_module.dumps(plain(found.as_json()), indent=2, allow_nan=False)
    write_file(folder / INFLUENCERS, text + "\n")
    frames: dict[str, pd.DataFrame] = (
        found.frames if isinstance(found, Influencers) else {"cells": found.table}
    )
    for name, frame in frames.items():
        write_file(folder / f"{name}.csv", csv_text(frame))
