"""``fjsim sweep``: a grid of runs, resumable, with one table and a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Group

from fjsim.cli.console import err, out, print_json
from fjsim.cli.trusting import Plugins, Trust, confirmed
from fjsim.errors import TrustError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fjsim.sweeps.grid import Sweep
    from fjsim.sweeps.planning import SweepPlan
    from fjsim.sweeps.sweep import SweepResult

RUNS, SWEEPS = Path("runs"), Path("sweeps")


def sweep(
    sweep: Annotated[Path, typer.Argument(help="Sweep in YAML.", show_default=False)],
    executor: Annotated[
        Literal["local", "ray"], typer.Option(help="Processes of this machine, or a ray cluster.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Cells at a time; default one per core.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--out", help="The sweep's folder; default one in sweeps/.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, and ask nobody.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Every setting and every best response too.")
    ] = False,
    plugin: Plugins = None,
    trust: Trust = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run a grid of scenarios; the same command again resumes it.

    Example: which defense holds against which attack?

        fjsim sweep configs/sweeps/defenses.yaml --workers 2
    """
    from fjsim.sweeps.executors import default_workers
    from fjsim.sweeps.grid import load_sweep
    from fjsim.sweeps.planning import plan

    described = load_sweep(sweep, trust, plugin or ())
    folder = output or SWEEPS / described.name
    if dry_run:
        _dry_run(plan(described, folder), workers or default_workers(), json)
        return
    try:
        _run(described, folder, executor, workers, full, json)
    except TrustError as refusal:
        confirmed(refusal)
        _run(described.trusted(), folder, executor, workers, full, json)


def _dry_run(planned: SweepPlan, workers: int, json: bool) -> None:
    from fjsim.report.terminal.sweep import plan_table
    from fjsim.runs.timing import expected_time
    from fjsim.sweeps.best_response import most_runs

    expected = planned.expected()
    setup = next(iter(planned.setups.values()))
    time = expected_time(setup, expected["turns"], RUNS, workers)
    expected |= {
        "search_runs_at_most": most_runs(planned),
        "seconds": time.seconds,
        "seconds_known_from": time.known_from,
    }
    if json:
        print_json(expected)
    else:
        out.print(plan_table(expected))


def _run(
    described: Sweep,
    folder: Path,
    executor: Literal["local", "ray"],
    workers: int | None,
    full: bool,
    json: bool,
) -> None:
    import asyncio

    from fjsim.cli.progress import watched
    from fjsim.errors import FjsimError, InterruptedRunError
    from fjsim.sweeps.executors import default_workers
    from fjsim.sweeps.sweep import run_sweep

    try:
        with watched("planning") as watch:
            at_a_time = workers or default_workers()
            result = run_sweep(described, folder, executor, at_a_time, watch.count, watch.begin)
    except (KeyboardInterrupt, asyncio.CancelledError):
        # Caught here, because the command-line library would exit without a word.
        raise InterruptedRunError(
            f"interrupted; what is done is kept in {folder}, and the same command resumes it"
        ) from None
    except TrustError:
        raise
    except FjsimError as error:
        if (folder / "cells").is_dir():
            error.add_note(f"what is done is kept in {folder}")
        raise
    if json:
        print_json(_as_dict(result, folder))
    else:
        _show(result, folder, full)
    _judge(result.missing_share, described.base.max_missing)


def _as_dict(result: SweepResult, folder: Path) -> dict[str, object]:
    best = result.best_responses
    return {
        "sweep_dir": str(folder),
        "simulated": result.simulated,
        "direction": result.table.attrs["direction"],
        "table": result.table.astype(object).to_dict("records"),
        "leaderboard": result.leaderboard.astype(object).to_dict("records"),
        "best_responses": None if best is None else best.astype(object).to_dict("records"),
    }


def _show(result: SweepResult, folder: Path, full: bool) -> None:
    """Print the answer, and everything else where it is asked for; the answer stands last."""
    from fjsim.report.terminal import sweep as shown

    best = result.best_responses
    lines: list[RenderableType] = []
    if full or len(result.leaderboard) < 2:
        lines += shown.settings_lines(result.table, result.simulated)
    if full and best is not None and len(best):
        lines += shown.best_response_lines(best, result.simulated)
    if len(result.leaderboard):
        lines += shown.leaderboard_lines(result.leaderboard, result.simulated)
    lines += shown.sweep_notes(result.table, result.simulated)
    lines += shown.worth_a_look(result.table, result.leaderboard, best)
    out.print(Group(*lines))
    out.print(f"all {len(result.table)} settings: --full, or {folder}/table.csv", soft_wrap=True)
    out.print(f"next: fjsim report {folder}", soft_wrap=True)


def _judge(missing: float, allowed: float) -> None:
    if missing > allowed:
        err.print(
            f"[bold yellow]warning:[/] in one cell {missing:.1%} of the turns are missing, more "
            f"than max_missing = {allowed:.1%}: do not trust that row",
            soft_wrap=True,
        )
        raise typer.Exit(1)
