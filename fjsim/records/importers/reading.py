"""Reading a foreign log: which format it is in, and who reads that."""

from __future__ import annotations

from pathlib import Path

from fjsim.errors import ConfigError, LogFormatError, nearest
from fjsim.records.importers.imported import ImportedLog, Scale, Target
from fjsim.records.importers.inspect_logs import read_inspect_log
from fjsim.records.importers.long_format import read_long
from fjsim.records.importers.row_files import LONG_SUFFIXES, long_kind, rows_of
from fjsim.records.importers.stubborn_neighbors import read_belief_csvs

FORMATS: dict[str, str] = {
    "long": "one row per turn: CSV, JSONL or Parquet, also .gz",
    "stubborn-neighbors": "belief CSVs of the public Stubborn Neighbors code (a folder or a file)",
    "inspect": "an inspect_ai log (.eval or .json) whose samples hold a deliberation",
}
"""Formats by name, and what each is."""

INSPECT_SUFFIXES = (".eval", ".json")


def read_log(
    source: str | Path,
    format: str = "auto",
    *,
    target: Target | None = None,
    scale: Scale | None = None,
) -> ImportedLog:
    """Read a foreign log.

    Parameters
    ----------
    source : str or Path
        A file, or a folder of belief CSVs.
    format : str, default 'auto'
        A name from `FORMATS`; ``auto`` goes by name and content.
    target : {'belief', 'opinion', 'answer'}, optional
        Which column becomes the belief; default the first of these that the log has.
    scale : Scale, optional
        Ends of the opinions' scale; default [0, 1], or inferred with a warning.

    Returns
    -------
    ImportedLog

    Raises
    ------
    LogFormatError
        With the line that cannot be read.
    ConfigError
        If the format has no such name.
    """
    path = Path(source)
    if not path.exists():
        raise LogFormatError(f"{path}: no such file or folder; give a log or a run folder")
    name = detect_format(path) if format == "auto" else format
    if name not in FORMATS:
        raise ConfigError(
            f"no log format '{name}'; there are auto, {', '.join(FORMATS)}{nearest(name, FORMATS)}"
        )
    if name == "inspect":
        return read_inspect_log(path, target, scale)
    if name == "stubborn-neighbors":
        return read_belief_csvs(path)
    return read_long(path, rows_of(path), target, scale)


def detect_format(path: Path) -> str:
    """Return the name of the format that a path looks like.

    Parameters
    ----------
    path : Path
        An existing file or folder.

    Returns
    -------
    str
        A key of `FORMATS`.

    Raises
    ------
    LogFormatError
        If it looks like none.
    """
    if path.is_dir():
        if any(path.rglob("*_beliefs.csv")) or any(path.rglob("belief_after_item_*.csv")):
            return "stubborn-neighbors"
        raise LogFormatError(
            f"{path}: neither a run folder (events.jsonl) nor a folder of belief CSVs; "
            "give a log file, or --format"
        )
    if path.name.endswith("_beliefs.csv") or path.name.startswith("belief_after_item_"):
        return "stubborn-neighbors"
    if path.suffix.lower() in INSPECT_SUFFIXES:
        return "inspect"
    if long_kind(path):
        return "long"
    raise LogFormatError(
        f"{path}: logs end in {', '.join((*LONG_SUFFIXES, *INSPECT_SUFFIXES))}, rows also with "
        ".gz; rename it or give --format"
    )
