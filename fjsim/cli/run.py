"""``fjsim run``: one scenario, its clean baseline, and what the law predicts."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fjsim.cli.console import err, out, print_json
from fjsim.cli.trusting import Plugins, Trust, confirmed
from fjsim.errors import (
    BackendError,
    BudgetError,
    ConfigError,
    InterruptedRunError,
    StorageError,
    TrustError,
)

if TYPE_CHECKING:
    from fjsim.cli.progress import LiveProgress
    from fjsim.runs.resolve import Setup
    from fjsim.scenario import Scenario

RUNS = Path("runs")
SERVED = "openai"
"""The backend that is meant by a model or an address alone."""


def run(
    scenario: Annotated[
        Path | None, typer.Argument(help="Scenario in YAML; flags override it.", show_default=False)
    ] = None,
    topology: Annotated[str | None, typer.Option(help="Who hears whom; default complete.")] = None,
    attack: Annotated[str | None, typer.Option(help="Which attack; default none.")] = None,
    defense: Annotated[str | None, typer.Option(help="Which defense; default none.")] = None,
    router: Annotated[
        str | None, typer.Option(help="Who is listened to, per question; default uniform.")
    ] = None,
    agents: Annotated[int | None, typer.Option(help="How many agents; default 6.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds after round 0; default 10.")] = None,
    questions: Annotated[
        str | None,
        typer.Option(help="builtin, builtin:general, builtin:tools, or a file; default builtin."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="The first so many questions; default 100 of builtin, all of a file."),
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(help="How often each question is run; default 1.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Root of all random streams; default 0.")] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="Which backend; default simulated, or openai with --model or --base-url."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model id of the backend.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where the model is served.")] = None,
    elicitation: Annotated[
        str | None,
        typer.Option(
            help="How beliefs are had: stated, choice, logprobs, frequency; default stated."
        ),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="dotted.key=value; may be repeated.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", help="The run folder; default one in runs/, named by what it holds."),
    ] = None,
    no_baseline: Annotated[bool, typer.Option("--no-baseline", help="Skip the clean arm.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, and ask nobody.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ask anew what other runs were answered before.")
    ] = False,
    plugin: Plugins = None,
    trust: Trust = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run one scenario with its paired clean baseline; the same command again resumes it.

    Example: how far does one stubborn agent at the hub move a star of six?

        fjsim run --topology star --attack stubborn
    """
    from fjsim.runs.naming import run_folder
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
    served = {"backend.model": model, "backend.base_url": base_url}
    if backend is None and _is_served(load_scenario(scenario, flags, setting or ()), served):
        flags["backend"] = SERVED
    settings = [
        *_settings({"questions.limit": limit, "elicitation.channel": elicitation, **served}),
        *(setting or []),
    ]
    given = load_scenario(scenario, flags, settings, trust, plugin or ())
    _require_model(given)
    try:
        setup = resolve(given)
    except TrustError as refusal:
        confirmed(refusal)
        given = given.coming_from(None)
        setup = resolve(given)
    folder = output or run_folder(RUNS, setup)
    if raised := raised_warmup(given, setup):
        err.print(raised, style="dim", soft_wrap=True)
    if dry_run:
        _dry_run(setup, folder, json)
    else:
        _run(_trusted(setup), folder, json, cache=not no_cache)


def _is_served(scenario: Scenario, served: dict[str, str | None]) -> bool:
    """Say whether flags ask for a served model where the embedded one would play."""
    given = [name.partition(".")[2] for name, value in served.items() if value is not None]
    if not given or scenario.backend.kind != "simulated":
        return False
    flags = " and ".join(f"--{name.replace('_', '-')}" for name in given)
    err.print(f"{flags} without --backend: backend {SERVED}", style="dim")
    return True


def _require_model(scenario: Scenario) -> None:
    """Refuse a backend that needs a model and has none, in the words of the command line."""
    from fjsim.registry import find, split_kind

    block = scenario.backend
    if split_kind(block.kind) is not None:
        return  # Its file is not loaded yet.
    needed = {one.name for one in find("backend", block.kind).parameters if one.required}
    if "model" in needed and "model" not in block.parameters:
        raise ConfigError(
            f"backend '{block.kind}' needs model; give --model NAME "
            "(`fjsim doctor --base-url URL` lists what is served)"
        )


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

    from fjsim.cli.progress import watched
    from fjsim.report.terminal.lost import lost_table
    from fjsim.report.terminal.run import run_table
    from fjsim.runs.lost import lost
    from fjsim.runs.play import run_setup

    _announce(setup)
    watch: LiveProgress | None = None
    try:
        with watched("reading") as watch:
            finished = asyncio.run(
                run_setup(setup, folder, watch.count, cache, watch.begin, watch.meter)
            )
    except (BackendError, BudgetError, StorageError) as error:
        error.add_note(_kept(folder, watch))
        raise
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise InterruptedRunError(f"interrupted; {_kept(folder, watch)}") from None
    _say_what_was_there(watch.first, setup.expected_turns)
    if json:
        print_json(finished.as_dict())
    else:
        out.print(run_table(finished))
        if rows := lost(finished.contents.turns.values(), setup.scenario.elicitation.channel):
            out.print(lost_table(rows))
        out.print(f"run folder: {folder}", soft_wrap=True)
        out.print("next:")
        for command in ("show", "report", "fit"):
            out.print(f"  fjsim {command} {folder}", soft_wrap=True, markup=False)
    _judge(finished.outcome.missing_share, setup.scenario.max_missing)


def _kept(folder: Path, watch: LiveProgress | None) -> str:
    """Say what a run that did not end leaves behind."""
    from fjsim.records import EVENTS

    if not (folder / EVENTS).is_file():
        return "nothing was asked, and nothing is kept"
    turns = None if watch is None else watch.done
    what = "what is done" if not turns else f"what is done ({turns:,} turns)"
    return f"{what} is kept in {folder}, and the same command resumes it"


def _say_what_was_there(first: int | None, expected: int) -> None:
    """Say how many turns did not have to be played."""
    if first is None:
        err.print(f"all {expected:,} turns were already there; nobody was asked", style="dim")
    elif first:
        err.print(f"{first:,} of {expected:,} turns were already there", style="dim")


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
    from fjsim.runs.timing import expected_time

    check_folder(folder, setup)
    expected = estimate(setup, folder)
    time = expected_time(setup, expected.turns - expected.turns_done, RUNS)
    if json:
        known = {"seconds": time.seconds, "seconds_known_from": time.known_from}
        print_json({**expected.as_dict(), **known})
    else:
        out.print(estimate_table(expected, time))
