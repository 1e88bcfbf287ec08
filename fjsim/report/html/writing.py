"""One self-contained HTML file for a run, a sweep, a fit, influencers or an imported log."""

from __future__ import annotations

import json
from pathlib import Path

from fjsim.errors import StorageError
from fjsim.records import EVENTS
from fjsim.records.reading import without_collections
from fjsim.report.html.document import FIT, INFLUENCERS, REPORT
from fjsim.runs import load_run
from fjsim.runs.folder import write_file
from fjsim.sweeps.sweep import INDEX, inside


def write_report(source: str | Path, path: str | Path | None = None) -> Path:
    """Write the report of a folder.

    Parameters
    ----------
    source : str or Path
        A run folder, a sweep's, a fit's, that of influencers, or that of an imported log.
    path : str or Path, optional
        By default ``report.html`` in it.

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    StorageError
        If the folder holds none of these, or the file cannot be written.
    """
    folder = Path(source)
    target = Path(path) if path is not None else folder / REPORT
    write_file(target, report_of(folder))
    return target


def write_cells(folder: Path) -> list[Path]:
    """Write the page of every run of a sweep, as far as it has none that is newer than its log.

    Parameters
    ----------
    folder : Path
        A sweep's folder.

    Returns
    -------
    list of Path
        The pages that were written.

    Raises
    ------
    StorageError
        If it holds no sweep.
    """
    try:
        cells = json.loads((folder / INDEX).read_text(encoding="utf-8"))["cells"]
        places = dict.fromkeys(inside(folder, folder / one["folder"]) for one in cells)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{folder}: holds no sweep ({INDEX} is missing or damaged), so that it has no cells; "
            "leave out --cells"
        ) from error
    return [write_report(place) for place in places if _is_stale(place)]


def _is_stale(place: Path) -> bool:
    written = place / REPORT
    return not written.is_file() or written.stat().st_mtime < (place / EVENTS).stat().st_mtime


def write_comparison(one: Path, other: Path, path: Path | None = None) -> Path:
    """Write the page of two runs side by side.

    Parameters
    ----------
    one, other : Path
        Run folders.
    path : Path, optional
        By default ``compared-with-ONE.html`` in the folder of the other.

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    ParameterError
        If they have no question in common.
    StorageError
        If one of them is no run, or the file cannot be written.
    """
    from fjsim.report.html.compare import compare_page

    target = path or other / f"compared-with-{one.resolve().name}.html"
    write_file(target, compare_page(load_run(one), load_run(other), target.parent))
    return target


def report_of(folder: Path) -> str:
    """Return the page of a folder.

    Raises
    ------
    StorageError
        If it holds neither a run, a sweep, a fit, influencers nor an imported log.
    """
    if (folder / INDEX).is_file():
        from fjsim.report.html.sweep import sweep_page

        return sweep_page(folder)
    if (folder / EVENTS).is_file():
        return _page_of_run(folder)
    if (folder / FIT).is_file():
        from fjsim.report.html.fit import fit_page

        return fit_page(folder)
    if (folder / INFLUENCERS).is_file():
        from fjsim.report.html.influencer_folder import influencers_page

        return influencers_page(folder)
    raise StorageError(
        f"{folder}: holds neither a run ({EVENTS}) nor a sweep ({INDEX}) nor a fit ({FIT}) nor "
        f"influencers ({INFLUENCERS}); give the folder that fjsim run, sweep, fit, influencers or "
        "import printed"
    )


def _page_of_run(folder: Path) -> str:
    run = load_run(folder)
    if run.contents.known_header.imported:
        from fjsim.report.html.fit import imported_page

        return imported_page(run, folder)
    from fjsim.report.html.run import run_page

    with without_collections():
        return run_page(run, folder)
