"""A figure by its name, and as a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from fjsim.arms import undisturbed_arm
from fjsim.errors import ConfigError, nearest
from fjsim.fitting import fit
from fjsim.report.figures.canvas import styled
from fjsim.runs import load_run
from fjsim.runs.folder import write_file
from fjsim.sweeps.sweep import INDEX, load_sweep_result

FORMATS = ("pdf", "svg", "png")
DPI = 300


def drawer_of(folder: Path) -> tuple[Any, dict[str, Any]]:
    """Return what draws the figures of a folder, and what its `observed` takes.

    Parameters
    ----------
    folder : Path
        The folder of a run, of a sweep, or of an imported log, which is fitted.

    Raises
    ------
    StorageError
        If it holds none of these.
    """
    if (folder / INDEX).is_file():
        return load_sweep_result(folder).figures, {}
    run = load_run(folder)
    if not run.contents.known_header.imported:
        return run.figures, {}
    transcript = run.arms[undisturbed_arm(run.arms)]
    return fit(transcript, compare=True).figures, {"observed": {"transcript": transcript}}


def figures_of(drawer: object) -> list[str]:
    """Return the names of the figures that something has."""
    return [name for name in vars(type(drawer)) if not name.startswith("_")]


def save_figure(drawer: object, name: str, path: Path, **given: Any) -> Path:
    """Draw one figure and write it.

    Parameters
    ----------
    drawer : RunFigures, FitFigures or SweepFigures
    name : str
        Which one, such as ``network``.
    path : Path
        Its ending says the format: pdf, svg or png.
    **given
        What the figure takes.

    Raises
    ------
    ConfigError
        If there is no such figure, or the ending is another.
    FjsimError
        If this run, fit or sweep has nothing that it could show.
    """
    names = figures_of(drawer)
    if name not in names:
        there = ", ".join(names)
        raise ConfigError(f"no figure '{name}' here; there are {there}{nearest(name, names)}")
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise ConfigError(f"{path}: a figure is saved as .{', .'.join(FORMATS)}; name it so")
    figure: Figure = getattr(drawer, name)(**given)
    held = io.BytesIO()
    with styled():
        # The date would make every file another one.
        stamp = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[kind]
        figure.savefig(held, format=kind, dpi=DPI, metadata=stamp)
    write_file(path, held.getvalue())
    return path
