"""A run folder read again: the same run that was played, with the same numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fjsim.errors import IncompleteRunWarning, StorageError, UsageError
from fjsim.records import SCENARIO, LogContents, RunHeader, read_run
from fjsim.runs.folder import METRICS
from fjsim.runs.recorded import RecordedRun, read_recorded
from fjsim.runs.resolve import Setup, questions_digest, resolve, versions
from fjsim.runs.result import Run
from fjsim.runs.spending import is_simulated, spent_in
from fjsim.scenario import load_scenario
from fjsim.serial.yaml import read_yaml

OURS = "fjsim-testbed"
GO_ON = "the same fjsim run goes on with it"


def load_run(folder: str | Path) -> Run:
    """Read a run from its folder; nobody is asked and nothing is written.

    Parameters
    ----------
    folder : str or Path
        What ``fjsim run`` or ``fjsim import`` wrote.

    Returns
    -------
    Run
        As `run` returned it. Its numbers are measured again from its log, so that it also has
        those of metrics that were added later. Where its scenario names a plug-in or a file that is
        not there, or another one by now, they are those that ``metrics.json`` holds. A run that
        is not finished holds what is.

    Raises
    ------
    StorageError
        If there is no run in the folder, or it does not say what run it is.

    Warns
    -----
    DamagedLogWarning
        If lines of its log are damaged; their turns are masked.
    IncompleteRunWarning
        If it is not finished, or cannot be measured again; ``run.notes`` says the same.
    """
    path = Path(folder)
    contents = read_run(path)
    header = contents.known_header
    if header.imported:
        return Run(contents, path, simulated=False)
    setup, problem = _setup(path, header)
    recorded = None if setup is not None else read_recorded(path / METRICS)
    notes = [*_unfinished(contents, header, setup), *_not_measured(problem, recorded)]
    for note in notes:
        warnings.warn(f"{path}: {note}", IncompleteRunWarning, stacklevel=2)
    return Run(
        contents=contents,
        run_dir=path,
        simulated=contents.simulated or (setup is not None and is_simulated(setup)),
        spending=None if setup is None else spent_in(path, setup, contents),
        setup=setup,
        recorded=recorded,
        notes=tuple(notes),
    )


def _setup(path: Path, header: RunHeader) -> tuple[Setup | None, str]:
    """Return what the scenario of a folder stands for, or why that is not known."""
    file = path / SCENARIO
    if file.is_symlink():
        raise StorageError(f"{file}: is a link out of its folder, which is not followed")
    try:
        scenario, values = load_scenario(file), read_yaml(file)
        # First what is cheap: a graph of another size could be a very large one.
        if (scenario.n_agents, scenario.rounds) != (header.n_agents, header.rounds):
            return None, "its size has changed since it was made"
        setup = resolve(scenario)
    except UsageError as error:
        return None, str(error)
    changed = _changed(setup, header, values)
    return (None, f"{changed} changed since it was made") if changed else (setup, "")


def _changed(setup: Setup, header: RunHeader, values: Mapping[str, Any]) -> str:
    """Say what of a run is another by now; empty if nothing is."""
    digest = values.get("questions_digest", questions_digest(setup.questions))
    ids = tuple(question.id for question in setup.questions)
    if ids != header.questions or digest != questions_digest(setup.questions):
        return "its questions have"
    if setup.influence.shape != header.graph.shape or (setup.influence != header.graph).any():
        return "its graph has"
    if setup.seats != header.seats:
        return "its attack has"
    made_by = values.get("versions")
    same_version = isinstance(made_by, Mapping) and made_by.get(OURS) == versions()[OURS]
    # Another version may know parameters that this run's hash does not count.
    edited = same_version and header.hash not in ("", setup.hash)
    return "its scenario has" if edited else ""


def _unfinished(contents: LogContents, header: RunHeader, setup: Setup | None) -> list[str]:
    """Say how much of a run is finished, if not all is."""
    arms = header.arms or (contents.arms if setup is None else setup.scenario.arms)
    replicas = header.replicas or (1 if setup is None else setup.scenario.replicas)
    expected = len(arms) * len(header.questions) * replicas
    if len(contents.items) >= expected:
        return []
    done = f"{len(contents.items)} of {expected} deliberations are finished"
    return [f"this run is not finished: {done}; {GO_ON}"]


def _not_measured(problem: str, recorded: RecordedRun | None) -> list[str]:
    """Say that a run is not measured again, and why, if it is not."""
    if not problem:
        return []
    if recorded is None:
        return [f"only what its log shows is measured, because of its scenario: {problem}"]
    return [f"its numbers are those of {METRICS}, because of its scenario: {problem}"]
