"""The rows of a long log one by one, with their line numbers: CSV, TSV, JSONL, Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from fjsim.errors import LogFormatError, nearest
from fjsim.serial.json import read
from fjsim.unpacking import LARGEST_UNPACKED, TooLargeError, lines

Row = dict[str, Any]
Rows = Iterator[tuple[int, Row]]

LONG_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                 ".parquet": "parquet", ".pq": "parquet"}  # fmt: skip

PACKED = (".gz", ".xz")
BATCH = 8192
"""Rows of Parquet in memory at a time: one text in the file may stand in all of them."""

COMMA_NUMBER = re.compile(r"[-+]?[0-9]+,[0-9]+(?:[eE][-+]?[0-9]+)?")

WHAT_TO_DO = "split the log by item, or unpack it first"


def long_kind(path: Path) -> str:
    """Return ``csv``, ``tsv``, ``jsonl`` or ``parquet``; empty for another ending."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return LONG_SUFFIXES.get(suffixes[-1], "") if suffixes else ""


def rows_of(path: Path, notes: list[str] | None = None) -> Rows:
    """Return the rows of a long log one by one, with their line (or row) numbers.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSONL (also .gz, .xz) or Parquet. A CSV whose header holds ``;`` and no comma
        is separated by ``;``; numbers in it may have a decimal comma.
    notes : list of str, optional
        Told how the file was read, where that was inferred.

    Raises
    ------
    LogFormatError
        With the line that is broken.
    """
    kind = long_kind(path)
    told = [] if notes is None else notes
    readers: dict[str, Callable[[Path], Rows]] = {
        "csv": lambda file: _csv_rows(file, told),
        "tsv": lambda file: _csv_rows(file, told),
        "jsonl": _jsonl_rows,
        "parquet": _parquet_rows,
    }
    if kind not in readers:
        raise LogFormatError(f"{path}: logs end in {', '.join(LONG_SUFFIXES)}, also with .gz")
    try:
        yield from readers[kind](path)
    except TooLargeError as error:
        raise LogFormatError(f"{path}: {error}; {WHAT_TO_DO}") from error
    except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError, zlib.error) as error:
        raise LogFormatError(f"{path}: cannot be read as UTF-8 text ({error})") from error


def _open(path: Path) -> TextIO:
    """Open text, compressed or not."""
    ending = path.suffix.lower()
    if ending == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig", newline="")
    if ending == ".xz":
        return io.TextIOWrapper(lzma.open(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _lines(path: Path, handle: TextIO) -> Iterator[str]:
    packed = path.suffix.lower() in PACKED
    return lines(handle, LARGEST_UNPACKED if packed else float("inf"))


def renamed(path: Path, rows: Rows, names: Mapping[str, str], notes: list[str]) -> Rows:
    """Give columns of a log our names.

    Parameters
    ----------
    path : Path
        For messages.
    rows : iterator of (int, dict)
    names : mapping of str to str
        Theirs to ours.
    notes : list of str
        Told which columns are not read.

    Raises
    ------
    LogFormatError
        If the log has no such column, or two would get the same name.
    """
    first = True
    for line, row in rows:
        if first:
            _check_names(path, row, names)
            first = False
        if names:
            taken = set(names.values())
            kept = {name: cell for name, cell in row.items() if name in names or name not in taken}
            row = {names.get(name, name): cell for name, cell in kept.items()}
        yield line, row


def _check_names(path: Path, row: Row, names: Mapping[str, str]) -> None:
    for theirs in names:
        if theirs not in row:
            raise LogFormatError(
                f"{path}: --map names column '{theirs[:80]}'; there are {', '.join(row)}"
                f"{nearest(theirs[:80], list(row))}"
            )
    if len(set(names.values())) < len(names):
        raise LogFormatError(f"{path}: --map gives two columns the same name; give each once")


def _separator(path: Path, first: str) -> str:
    """Return what separates the cells, by the header."""
    if long_kind(path) == "tsv":
        return "\t"
    return ";" if ";" in first and "," not in first else ","


def _with_point(cell: str) -> str:
    """Return a number with a decimal comma as one with a point; any other cell as it is."""
    return cell.replace(",", ".") if COMMA_NUMBER.fullmatch(cell.strip()) else cell


def _csv_rows(path: Path, notes: list[str]) -> Rows:
    """Read CSV or TSV."""
    with _open(path) as handle:
        given = _lines(path, handle)
        first = next(given, "")
        separator = _separator(path, first)
        commas = False
        reader = csv.reader(chain([first], given), delimiter=separator)
        try:
            header = [name.strip() for name in next(reader, [])]
            yield 0, dict.fromkeys(header, "")
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise LogFormatError(
                        f"{path}, line {reader.line_num}: {len(cells)} cells, the header has "
                        f"{len(header)}; quote cells that hold the separator"
                    )
                if separator == ";":
                    pointed = [_with_point(cell) for cell in cells]
                    commas |= pointed != cells
                    cells = pointed
                yield reader.line_num, dict(zip(header, cells, strict=True))
            if separator == ";":
                more = ", with decimal commas" if commas else ""
                notes.append(f"cells are separated by ';'{more}")
        except csv.Error as error:
            raise LogFormatError(f"{path}, line {reader.line_num}: not CSV ({error})") from error


def _jsonl_rows(path: Path) -> Rows:
    """Read one JSON object per line."""
    with _open(path) as handle:
        for number, line in enumerate(_lines(path, handle), start=1):
            if not line.strip():
                continue
            try:
                row = read(line)
            except json.JSONDecodeError as error:
                raise LogFormatError(
                    f"{path}, line {number}: not JSON ({error.msg} at column {error.colno})"
                ) from error
            if not isinstance(row, dict):
                raise LogFormatError(f"{path}, line {number}: a JSON object is needed")
            yield number, row


def _parquet_rows(path: Path) -> Rows:
    """Read Parquet batch by batch."""
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise LogFormatError(
            f"{path}: reading Parquet needs pyarrow; pip install '.[parquet]' in a clone of fjsim"
        ) from error
    try:
        file = parquet.ParquetFile(path)
        yield 0, dict.fromkeys(file.schema_arrow.names, "")
        number = 0
        for batch in file.iter_batches(batch_size=BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except ValueError as error:
        raise LogFormatError(f"{path}: not Parquet ({error})") from error
