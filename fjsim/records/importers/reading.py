"""Reading a foreign log: which format it is in, and who reads that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fjsim.errors import ConfigError, LogFormatError, nearest
from fjsim.records.importers.attacked_teams import is_attacked_teams, read_attacked_teams
from fjsim.records.importers.imported import ImportedLog, Target
from fjsim.records.importers.inspect_logs import read_inspect_log
from fjsim.records.importers.long_format import read_long
from fjsim.records.importers.opinions import Opinions, parse_opinions
from fjsim.records.importers.row_files import LONG_SUFFIXES, PACKED, long_kind, renamed, rows_of
from fjsim.records.importers.stubborn_neighbors import read_belief_csvs

FORMATS: dict[str, str] = {
    "long": "one row per turn: CSV, JSONL or Parquet, also .gz",
    "stubborn-neighbors": "belief CSVs of the public Stubborn Neighbors code (a folder or a file)",
    "inspect": "an inspect_ai log (.eval or .json) whose samples hold a deliberation",
    "g-safeguard": "attacked teams of the public G-safeguard code (.json, also .gz)",
}
"""Formats by name, and what each is."""

INSPECT_SUFFIXES = (".eval", ".json")


def read_log(
    source: str | Path,
    format: str = "auto",
    *,
    target: Target | None = None,
    opinions: str | Opinions | None = None,
    map: Mapping[str, str] | None = None,
) -> ImportedLog:
    """Read a log that somebody else recorded.

    Parameters
    ----------
    source : str or Path
        A file, or a folder of belief CSVs.
    format : str, default 'auto'
        A name from `FORMATS`; ``auto`` goes by name and content.
    target : {'belief', 'opinion', 'answer'}, optional
        Which column becomes the belief; default the first of these that the log has.
    opinions : str or Opinions, optional
        In which unit opinions are taken: ``'bounded:LOW:HIGH'``, ``'log'`` or ``'standardised'``;
        by default it is inferred, with a warning.
    map : mapping of str to str, optional
        Names of columns of a long log, theirs to ours: ``{"topic": "item_id"}``.

    Returns
    -------
    ImportedLog
        Its ``transcript`` is what `fjsim.fit` takes; its ``warnings`` say what was inferred.

    Raises
    ------
    LogFormatError
        With the line that cannot be read.
    ConfigError
        If there is no such format, or no such unit.

    Examples
    --------
    >>> import fjsim  # doctest: +SKIP
    >>> log = fjsim.read_log("estimates.csv", opinions="log", map={"topic": "item_id"})
    ... # doctest: +SKIP
    >>> fjsim.fit(log.transcript).summary()  # doctest: +SKIP
    """
    path = Path(source)
    if not path.exists():
        raise LogFormatError(f"{path}: no such file or folder; give a log or a run folder")
    name = detect_format(path) if format == "auto" else format
    if name not in FORMATS:
        raise ConfigError(
            f"no log format '{name}'; there are auto, {', '.join(FORMATS)}{nearest(name, FORMATS)}"
        )
    asked = parse_opinions(opinions, "opinions") if isinstance(opinions, str) else opinions
    if map and name != "long":
        raise ConfigError(f"map (--map) names columns of the format long, and this is {name}")
    if name == "inspect":
        return read_inspect_log(path, target, asked)
    if name == "g-safeguard":
        return read_attacked_teams(path)
    if name == "stubborn-neighbors":
        return read_belief_csvs(path)
    notes: list[str] = []
    log = read_long(path, renamed(path, rows_of(path, notes), map or {}, notes), target, asked)
    return replace(log, warnings=(*notes, *log.warnings))


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
    if _json_ending(path) and is_attacked_teams(path):
        return "g-safeguard"
    if path.suffix.lower() in INSPECT_SUFFIXES:
        return "inspect"
    if long_kind(path):
        return "long"
    raise LogFormatError(
        f"{path}: logs end in {', '.join((*LONG_SUFFIXES, *INSPECT_SUFFIXES))}, rows also with "
        ".gz; rename it or give --format"
    )


def _json_ending(path: Path) -> bool:
    """Say whether a file is JSON by its name, packed or not."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    return suffixes[-1:] == [".json"]
