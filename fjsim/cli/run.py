"""``fjsim run``: one scenario, its clean baseline, and what the law predicts."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fjsim.cli.console import err, out, print_json
from fjsim.cli.trusting import Trust, confirmed
from fjsim.errors import BackendError, BudgetError, InterruptedRunError, StorageError, TrustError

if TYPE_CHECKING:
    from fjsim.runs.resolve import Setup

RUNS = Path("runs")


def run(
    scenario: Annotated[
        Path | None, typer.Argument(help="Scenario in YAML; flags override it.", show_default=False)
    ] = None,
    topology: Annotated[str | None, typer.Option(help="Who hears whom.")] = None,
    attack: Annotated[str | None, typer.Option(help="Which attack.")] = None,
    defense: Annotated[str | None, typer.Option(help="Which defense.")] = None,
    router: Annotated[str | None, typer.Option(help="Who is listened to, per question.")] = None,
    agents: Annotated[int | None, typer.Option(help="How many agents; default 6.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds after round 0; default 10.")] = None,
    questions: Annotated[
        str | None, typer.Option(help="builtin, builtin:general, builtin:tools, or a file.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="The first so many questions.")] = None,
    replicas: Annotated[int | None, typer.Option(help="How often each question is run.")] = None,
    seed: Annotated[int | None, typer.Option(help="Root of all random streams.")] = None,
    backend: Annotated[str | None, typer.Option(help="Which backend; default simulated.")] = None,
    model: Annotated[str | None, typer.Option(help="Model id of the backend.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where the model is served.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="dotted.key=value; may be repeated.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--out", help="The run folder.")] = None,
    no_baseline: Annotated[bool, typer.Option("--no-baseline", help="Skip the clean arm.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, and ask nobody.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ask anew what other runs were answered before.")
    ] = False,
    trust: Trust = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run one scenario with its paired clean baseline; the same command again resumes it.

    Example: how far does one stubborn agent at the hub move a star of six?

        fjsim run --topology star --attack stubborn
    """
    from fjsim.runs.resolve import raised_warmup, resolve
    from fjsim.scenario import load_scenario

    flags: dict[str, Any] = {
        "topology": topology,
        "attack": attack,
        "defense": defense,
        "router": router,
        "agents": agents,
        "rounds": rounds,
        "questions": questions,
        "replicas": replicas,
        "seed": seed,
        "backend": backend,
        "baseline": False if no_baseline else None,
    }
    settings = [
        *_settings(
            {"questions.limit": limit, "backend.model": model, "backend.base_url": base_url}
        ),
        *(setting or []),
    ]
    given = load_scenario(scenario, flags, settings, trust)
    setup = resolve(given)
    folder = output or RUNS / setup.title
    if raised := raised_warmup(given, setup):
        err.print(raised, style="dim", soft_wrap=True)
    if dry_run:
        _dry_run(setup, folder, json)
    else:
        _run(_trusted(setup), folder, json, cache=not no_cache)


def _trusted(setup: Setup) -> Setup:
    """Return the setup if its file needs no trust, or is given it; ask on a terminal."""
    from dataclasses import replace

    from fjsim.runs.trust import require_trust

    try:
        require_trust([setup.scenario])
    except TrustError as refusal:
        confirmed(refusal)
        return replace(setup, scenario=setup.scenario.coming_from(None))
    return setup


def _settings(values: dict[str, Any]) -> list[str]:
    from json import dumps

    return [f"{key}={dumps(value)}" for key, value in values.items() if value is not None]


def _run(setup: Setup, folder: Path, json: bool, cache: bool) -> None:
    import asyncio

    from fjsim.cli.progress import turns_bar
    from fjsim.report.terminal.run import run_table
    from fjsim.runs.play import run_setup

    _announce(setup)
    try:
        with turns_bar() as watch:
            finished = asyncio.run(run_setup(setup, folder, watch, cache))
    except (BackendError, BudgetError, StorageError) as error:
        error.add_note(f"what is done is kept in {folder}, and the same command resumes it")
        raise
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise InterruptedRunError(
            f"interrupted; what is done is kept in {folder}, and the same command resumes it"
        ) from None
    if json:
        print_json(finished.as_dict())
    else:
        out.print(run_table(finished))
        out.print(f"run folder: {folder}", soft_wrap=True)
        out.print(
            f"next: fjsim report {folder} · fjsim show {folder} · fjsim fit {folder}",
            soft_wrap=True,
        )
    _judge(finished.outcome.missing_share, setup.scenario.max_missing)


def _announce(setup: Setup) -> None:
    from fjsim.registry import broken_plugins
    from fjsim.runs.engine import engine_of
    from fjsim.runs.runtime import memory

    for package, why in broken_plugins().items():
        warnings.warn(f"plug-in package {package} does not load: {why}", stacklevel=2)
    engine = engine_of(setup)
    if engine.surprising:
        err.print(f"questions are played {engine.text}", style="dim", soft_wrap=True)
    if memory(setup) == "history" and not engine.crowd:
        err.print("questions are played in turn, because a policy learns from each", style="dim")


def _judge(missing: float, allowed: float) -> None:
    if missing > allowed:
        err.print(
            f"[bold yellow]warning:[/] {missing:.1%} of the turns are missing, more than "
            f"max_missing = {allowed:.1%}: do not trust these numbers",
            soft_wrap=True,
        )
        raise typer.Exit(1)


def _dry_run(setup: Setup, folder: Path, json: bool) -> None:
    from fjsim.report.terminal.run import estimate_table
    from fjsim.runs.estimate import estimate
    from fjsim.runs.folder import check_folder

    check_folder(folder, setup)
    expected = estimate(setup, folder)
    if json:
        print_json(expected.as_dict())
    else:
        out.print(estimate_table(expected))
