"""Logs of inspect_ai: deliberations that a solver recorded in the samples of an evaluation."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fjsim.errors import LogFormatError
from fjsim.records.importers.imported import ImportedLog, Target
from fjsim.records.importers.long_format import KNOWN, read_long
from fjsim.records.importers.opinions import Opinions
from fjsim.records.importers.row_files import Rows
from fjsim.serial.json import read
from fjsim.unpacking import TooLargeError, read_member, refuse_member, size

RECORDED_AS = "deliberation"
"""Key of a sample's ``store``, or else of its ``metadata``, under which the turns stand."""

OF_A_SAMPLE = ("item_id", "correct_answer", "dataset", "arm")
OF_A_TURN = tuple(name for name in KNOWN if name not in OF_A_SAMPLE)

LARGEST_SAMPLE = 256 * 2**20
"""Bytes of one sample, unpacked; what is made of them takes several times as much."""
LARGEST_ARCHIVE = 64 * 2**30
LARGEST_JSON = 2**30
"""Bytes of all samples of an archive, and of a log in JSON."""
MOST_EPOCHS = 10**6

WHAT_TO_DO = "write a log with fewer samples, or without what the solver need not keep"

# A member that is encrypted is a RuntimeError.
DAMAGED = (
    OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip

WHOLE_SAMPLE = re.compile(r"_epoch_\d+\.json$")

Sample = dict[str, Any]


def read_inspect_log(
    path: Path, target: Target | None = None, opinions: Opinions | None = None
) -> ImportedLog:
    """Read the deliberations of one evaluation.

    Parameters
    ----------
    path : Path
        An ``.eval`` archive or its ``.json`` twin.
    target : {'belief', 'opinion', 'answer'}, optional
        Which entry of the turns becomes the belief.
    opinions : Opinions, optional
        In which unit the opinions are taken.

    Returns
    -------
    ImportedLog
        One item per sample and epoch; the epochs of a sample are replicas of its question.

    Raises
    ------
    LogFormatError
        If no sample holds turns, or one is broken; a line is a turn, counted over the log.

    Notes
    -----
    An evaluation records messages, not beliefs, so a solver has to say what was believed:
    ``state.store.set("deliberation", turns)``, a list of objects with the names of the long
    format (``agent_id``, ``round``, ``belief``, ``neighbours`` ...). What a sample already knows
    is taken from it: item, key (``target``) and the names of the options (``choices``).
    """
    reader = _Reader(path)
    log = read_long(path, reader.rows(), target, opinions)
    items = list(reader.items.values())
    options = log.options
    if log.target == "belief":
        options = tuple(
            item.choices if len(item.choices) == len(names) else names
            for item, names in zip(items, options, strict=True)
        )
    transcript = replace(
        log.transcript,
        question_ids=tuple(item.question for item in items),
        replicas=np.array([item.epoch - 1 for item in items], dtype=np.int64),
        options=options,
    )
    return replace(
        log, transcript=transcript, options=options, warnings=(*log.warnings, *reader.warnings())
    )


@dataclass(frozen=True)
class _Item:
    """What a sample says of its turns."""

    question: str
    epoch: int
    choices: tuple[str, ...]


@dataclass
class _Reader:
    """Gives the turns of an evaluation as rows of the long format."""

    path: Path
    items: dict[tuple[str, int], _Item] = field(default_factory=dict)
    silent: int = 0

    def rows(self) -> Rows:
        """Return every turn with its number; row 0 names the columns."""
        yield 0, dict.fromkeys(("item_id", "correct_answer", *OF_A_TURN))
        number = 0
        for sample in samples_of(self.path):
            turns = self._turns(sample)
            if not turns:
                self.silent += 1
                continue
            item = _Item(str(sample["id"]), sample["epoch"], tuple(sample["choices"] or ()))
            self.items[item.question, item.epoch] = item
            for turn in turns:
                number += 1
                yield number, self._row(item, sample, turn, number)
        if not number:
            raise LogFormatError(
                f"{self.path}: none of its {self.silent} samples holds turns; let the solver "
                f"record them: state.store.set('{RECORDED_AS}', [{{'agent_id': ..., 'round': ..., "
                "'belief': [...]}, ...])"
            )

    def _turns(self, sample: Sample) -> list[Any]:
        found = sample["store"].get(RECORDED_AS, sample["metadata"].get(RECORDED_AS, []))
        if not isinstance(found, list):
            raise LogFormatError(
                f"{self.path}, sample '{sample['id']}': '{RECORDED_AS}' is a "
                f"{type(found).__name__}; give a list of turns"
            )
        return found

    def _row(self, item: _Item, sample: Sample, turn: Any, number: int) -> dict[str, Any]:
        if not isinstance(turn, dict):
            raise LogFormatError(
                f"{self.path}, line {number}: a turn of sample '{item.question}' is no object"
            )
        row = {name: turn.get(name) for name in OF_A_TURN}
        key = _key(sample["target"], item.choices, row["belief"] is not None)
        return {**row, "item_id": f"{item.question}, epoch {item.epoch}", "correct_answer": key}

    def warnings(self) -> tuple[str, ...]:
        """Say how many samples hold no turns."""
        if not self.silent:
            return ()
        return (f"{self.silent} samples hold no turns and are left out",)


def _key(target: Any, choices: tuple[str, ...], as_number: bool) -> str:
    """Return a sample's target as the log's key: an option's number where beliefs are arrays."""
    if isinstance(target, list):
        target = target[0] if len(target) == 1 else ""
    if not as_number or not choices:
        return str(target)
    letters = [chr(ord("A") + at) for at in range(len(choices))]
    for names in (list(choices), letters):
        if target in names:
            return str(names.index(target))
    return ""


def samples_of(path: Path) -> Iterator[Sample]:
    """Return the samples of an evaluation one by one.

    Parameters
    ----------
    path : Path
        ``.eval`` or ``.json``.

    Yields
    ------
    dict
        With ``id``, ``epoch``, ``target``, ``choices``, ``store`` and ``metadata``.

    Raises
    ------
    LogFormatError
        If it is no log of inspect_ai, or a compression that needs inspect_ai to be read.

    Notes
    -----
    An archive holds ``samples/<id>_epoch_<n>.json``. Those of today are compressed by Zstandard,
    which Python reads from 3.14 on, and samples may be cut into chunks: inspect_ai itself, if it
    is installed, reads what the standard library cannot.
    """
    try:
        found = _archived(path) if zipfile.is_zipfile(path) else _plain(path)
        for sample in found:
            yield _complete(path, sample)
    except TooLargeError as error:
        raise LogFormatError(f"{path}: {error}; {WHAT_TO_DO}") from error
    except DAMAGED as error:
        raise LogFormatError(f"{path}: no log of inspect_ai ({error})") from error


def _archived(path: Path) -> Iterator[Any]:
    """Read an archive sample by sample."""
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.startswith("samples/")]
        for info in members:
            refuse_member(info, LARGEST_SAMPLE)
        if sum(info.file_size for info in members) > LARGEST_ARCHIVE:
            raise TooLargeError(f"its samples unfold to more than {size(LARGEST_ARCHIVE)}")
        whole = [info for info in members if WHOLE_SAMPLE.search(info.filename)]
        in_chunks = any(info.filename.endswith("/sample.json") for info in members)
        if in_chunks or not _readable(archive, whole):
            yield from _by_inspect(path)
        else:
            for info in whole:
                yield read(read_member(archive, info, LARGEST_SAMPLE))


def _readable(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> bool:
    """Say whether the standard library knows the compression."""
    try:
        for info in members[:1]:
            archive.open(info).close()
    except NotImplementedError:
        return False
    return True


def _plain(path: Path) -> Iterator[Any]:
    """Read a log in JSON, which is one object."""
    length = path.stat().st_size
    if length > LARGEST_JSON:
        raise TooLargeError(
            f"a log in JSON is read whole and has {size(length)}, more than {size(LARGEST_JSON)} "
            "(an .eval archive is read sample by sample)"
        )
    log = read(path.read_bytes())
    if not (isinstance(log, dict) and "eval" in log):
        raise LogFormatError(f"{path}: no log of inspect_ai; it has no entry 'eval'")
    samples = log.get("samples") or []
    if not isinstance(samples, list):
        raise LogFormatError(f"{path}: no log of inspect_ai; its 'samples' are no list")
    yield from samples


def _by_inspect(path: Path) -> Iterator[Any]:
    """Let inspect_ai read an archive."""
    try:
        from inspect_ai.log import read_eval_log_samples
    except ImportError as error:
        raise LogFormatError(
            f"{path}: its compression needs inspect_ai; pip install '.[inspect]' in a clone of "
            "fjsim, or "
            "write it as JSON (inspect log convert --to json)"
        ) from error
    wanted = {"id", "epoch", "target", "choices", "store", "metadata"}
    for sample in read_eval_log_samples(str(path), all_samples_required=False):
        yield sample.model_dump(mode="json", include=wanted)


def _complete(path: Path, sample: Any) -> Sample:
    """Return a sample with every entry that is read, or refuse it."""
    if not (isinstance(sample, dict) and isinstance(sample.get("id"), (str, int))):
        raise LogFormatError(f"{path}: a sample without 'id'")
    empty = {"epoch": 1, "target": "", "choices": None, "store": {}, "metadata": {}}
    found = {"id": sample["id"]} | {
        name: default if sample.get(name) is None else sample[name]
        for name, default in empty.items()
    }
    for name, kind, fits in (
        ("epoch", "a whole number from 1 on", _is_count(found["epoch"])),
        ("target", "text, or a list of texts", _are_texts(_listed(found["target"]))),
        ("choices", "a list of texts", _are_texts(found["choices"] or [])),
        ("store", "an object", isinstance(found["store"], dict)),
        ("metadata", "an object", isinstance(found["metadata"], dict)),
    ):
        if not fits:
            raise LogFormatError(
                f"{path}, sample '{str(sample['id'])[:80]}': {name} must be {kind}"
            )
    return found


def _is_count(given: Any) -> bool:
    return isinstance(given, int) and 1 <= given <= MOST_EPOCHS


def _listed(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


def _are_texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(text, (str, int, float)) for text in given)
