"""``fjsim theory --colluders`` and ``--casting``: what a vote promises, worked out or measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fjsim.cli.console import out, print_json
from fjsim.errors import ConfigError

if TYPE_CHECKING:
    from fjsim.dynamics.attacked.promises import Promises
    from fjsim.metrics.casting import MeasuredCasting
    from fjsim.runs.result import Run

DEFAULT_COLLUDERS = 2


def show_promises(found: Promises, json: bool) -> None:
    """Print what can be promised to a crowd."""
    from fjsim.report.terminal.colluders import (
        bounds_table,
        floors_table,
        promises_json,
        promises_lines,
    )

    if json:
        print_json({"colluders": promises_json(found)})
        return
    for line in promises_lines(found):
        out.print(line)
    out.print(floors_table(found))
    out.print(bounds_table(found))


def promised(
    n_agents: int,
    n_colluders: int,
    competence: float,
    losses: Sequence[float],
    stubbornness: str,
    self_weight: str,
    n_rounds: int | None,
    seed: int,
) -> Promises:
    """Work out what can be promised; parameters as the command's options have them.

    Raises
    ------
    ConfigError
        If agents differ.
    """
    from fjsim.dynamics.attacked.colluders import AlikeTeam
    from fjsim.dynamics.attacked.promises import promises

    law = []
    for name, text in (("stubbornness", stubbornness), ("self-weight", self_weight)):
        try:
            law.append(float(text))
        except ValueError as error:
            raise ConfigError(
                f"--{name} takes one number beside --colluders, since its agents are all alike; "
                f"got '{text}'"
            ) from error
    crowd = AlikeTeam(n_agents, n_colluders, competence)
    rounds = 10 if n_rounds is None else n_rounds
    return promises(crowd, losses or (0.0, 0.02, 0.05), law[0], law[1], rounds, seed)


def show_measured(folder: Path, n_colluders: int | None, seed: int, json: bool) -> None:
    """Print what the casting votes of a run were worth."""
    from fjsim.report.terminal.colluders import casting_json, casting_lines
    from fjsim.runs.loading import load_run

    found = measured(load_run(folder), n_colluders, seed)
    if json:
        print_json({"casting": casting_json(found)})
        return
    for line in casting_lines(found):
        out.print(line)


def measured(run: Run, n_colluders: int | None, seed: int) -> MeasuredCasting:
    """Measure the casting votes of a run.

    Parameters
    ----------
    run : Run
    n_colluders : int or None
        By default as many as its defense withstands.
    seed : int
        Seed of the bootstrap.
    """
    from fjsim.metrics.casting import measure_casting

    defense = None if run.setup is None else run.setup.plugins.defense
    declared = getattr(defense, "colluders", DEFAULT_COLLUDERS)
    clean = run.transcript if run.baseline is None else run.baseline
    others = () if run.baseline is None else (run.transcript,)
    return measure_casting(clean, others, declared if n_colluders is None else n_colluders, seed)
