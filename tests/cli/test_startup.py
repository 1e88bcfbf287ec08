"""What a command imports: nobody waits for what he does not use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command as as_command

from fjsim.cli.program import COMMANDS

HEAVY = {"pandas", "networkx", "scipy", "numba", "sklearn", "plotly", "aiohttp", "openai"}
"""Libraries that a small run on the simulated model has no use for."""

ROOMS = {
    "fjsim.sweeps",
    "fjsim.ledger",
    "fjsim.judging",
    "fjsim.server",
    "fjsim.report.html",
    "fjsim.records.importers",
    "fjsim.fitting.estimators.hierarchical",
    "fjsim.fitting.estimators.trajectory",
    "fjsim.backends.http.openai_chat",
    "fjsim_attacks.sybil",
    "fjsim_defenses.quarantine",
    "fjsim_topologies.random_graphs",
}
"""Modules of ours that it has no use for."""

IMPORTED = """
import json, sys
from fjsim.cli.program import main
try:
    main(sys.argv[2:])
finally:
    with open(sys.argv[1], "w") as file:
        json.dump(sorted(sys.modules), file)
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that a command has imported when it ends well."""
    seen = folder / "modules.json"
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, str(seen), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads(seen.read_text()))


def test_a_small_run_imports_what_it_uses_and_nothing_else(tmp_path: Path) -> None:
    command = "run --topology star --attack stubborn --limit 1 --out r"
    modules = imported(tmp_path, *command.split())
    assert {"fjsim.runs.play", "fjsim_attacks.stubborn", "fjsim.fitting.rows.kernels"} <= modules
    assert modules & (HEAVY | ROOMS) == set()
    # Each module costs a millisecond; the run that this was measured on imported 219 of ours.
    assert len([name for name in modules if name.startswith("fjsim")]) < 230


def test_help_imports_no_command(tmp_path: Path) -> None:
    modules = imported(tmp_path, "--help")
    assert modules & {home for home, _ in COMMANDS.values()} == set()
    unused = {"numpy", "importlib.metadata", "fjsim.scenario"}
    assert modules & (HEAVY | ROOMS | unused) == set()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_the_list_of_commands_says_what_each_commands_help_says(command: str) -> None:
    home, summary = COMMANDS[command]
    module = __import__(home, fromlist=["app"])
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer()
        app.command(command)(getattr(module, home.rpartition(".")[2]))
    assert (as_command(app).help or "").strip().splitlines()[0] == summary
