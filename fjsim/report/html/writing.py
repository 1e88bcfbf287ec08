"""One self-contained HTML file for a run, a sweep, a fit, influencers or an imported log."""

from __future__ import annotations

from pathlib import Path

from fjsim.errors import StorageError
from fjsim.records import EVENTS, read_run
from fjsim.report.html.document import FIT, INFLUENCERS, REPORT
from fjsim.runs.folder import write_file
from fjsim.sweeps.sweep import INDEX


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
    if (folder / EVENTS).is_file() and read_run(folder).known_header.imported:
        from fjsim.report.html.fit import imported_page

        return imported_page(folder)
    if (folder / EVENTS).is_file():
        from fjsim.report.html.run import run_page

        return run_page(folder)
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
