"""What the rows of a log believed: stated beliefs, opinions or answers as points of the simplex."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, from_opinion
from fjsim.errors import LogFormatError
from fjsim.records.importers.columns import Integers, LogColumns, Places, refuse_size
from fjsim.records.importers.imported import Target
from fjsim.records.importers.opinions import Opinions, make_opinions
from fjsim.records.units import OpinionUnit

COMMON_OPTIONS = 10
"""With no more distinct answers than this, all items share one list of options."""


def best_target(columns: LogColumns) -> Target:
    """Return the richest column that the log has: belief, opinion, answer, in this order."""
    if columns.beliefs.rows:
        return "belief"
    return "opinion" if np.isfinite(np.array(columns.opinions)).any() else "answer"


@dataclass(frozen=True)
class RowBeliefs:
    """Beliefs row by row, and what their options mean.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_options)
    validity : ndarray of int, shape (n_rows,)
        As in `Transcript`.
    keys : ndarray of int, shape (n_items,)
        Right option; -1 without a key.
    options : tuple of tuple of str, length n_items
    abstention : int or None
        Option that stands for an abstention.
    warnings : tuple of str
    unit : OpinionUnit or None
        Unit of the opinions.
    dropped : Counter of str
        How many values were changed or left out, by reason.
    wild : ndarray of bool, shape (n_rows,), or None
        Which opinions were set to the limits of their unit; None for none.
    """

    values: Array
    validity: Integers
    keys: Integers
    options: tuple[tuple[str, ...], ...]
    abstention: int | None
    warnings: tuple[str, ...]
    unit: OpinionUnit | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    wild: NDArray[np.bool_] | None = None


def row_beliefs(
    path: Path, columns: LogColumns, places: Places, target: Target, asked: Opinions | None
) -> RowBeliefs:
    """Read one column of a log as beliefs.

    Parameters
    ----------
    path : Path
        For messages.
    columns : LogColumns
    places : Places
    target : {'belief', 'opinion', 'answer'}
        Which column.
    asked : Opinions or None
        Unit of the opinions; None to choose it.

    Returns
    -------
    RowBeliefs

    Raises
    ------
    LogFormatError
        If no row has it, or an item's beliefs differ in length.
    """
    if target == "belief":
        return _stated_beliefs(path, columns, places)
    if target == "opinion":
        return _opinion_beliefs(path, columns, places, asked)
    return _answer_beliefs(path, columns, places)


def _key_of_item(columns: LogColumns, n_items: int) -> list[str]:
    """Return each item's key as it stands in the log; empty where there is none."""
    texts = list(columns.key_texts)
    keys = [""] * n_items
    for item, key in zip(columns.items, columns.keys, strict=True):
        keys[item] = keys[item] or texts[key]
    return keys


def target_of_item(columns: LogColumns, n_items: int) -> list[str]:
    """Return what each item's adversary is after, as it stands in the log; empty for nothing."""
    texts = list(columns.target_texts)
    targets = [""] * n_items
    for item, target in zip(columns.items, columns.targets, strict=True):
        targets[item] = targets[item] or texts[target]
    return targets


def _stated_beliefs(path: Path, columns: LogColumns, places: Places) -> RowBeliefs:
    """Take the belief column, or one column per option."""
    stated = columns.beliefs
    if not stated.rows:
        raise LogFormatError(f"{path}: no row has a belief; use --target opinion or answer")
    rows, lengths = np.array(stated.rows), np.array(stated.sizes)
    sizes = _item_sizes(path, columns, places.n_items)
    width = int(lengths.max())
    refuse_size(
        path, f"{len(columns.lines)} rows x {width} options", 8 * width * len(columns.lines)
    )
    values = np.full((len(columns.lines), width), np.nan)
    starts = np.cumsum(lengths) - lengths
    option = np.arange(len(stated.values)) - np.repeat(starts, lengths)
    values[np.repeat(rows, lengths), option] = stated.values
    names = columns.belief_options or tuple(str(option) for option in range(width))
    options = tuple(names[:size] for size in sizes)
    keys = match_options(_key_of_item(columns, places.n_items), options)
    validity = np.where(np.isnan(values).all(axis=1), 3, 0)
    return RowBeliefs(values, validity, keys, options, None, ())


def _item_sizes(path: Path, columns: LogColumns, n_items: int) -> Integers:
    """Return how many options each item's beliefs have, 0 for none; refuse uneven ones."""
    rows, lengths = np.array(columns.beliefs.rows), np.array(columns.beliefs.sizes)
    items = np.array(columns.items)[rows]
    found, first = np.unique(items, return_index=True)
    sizes = np.zeros(n_items, dtype=np.int64)
    sizes[found] = lengths[first]
    uneven = np.flatnonzero(lengths != sizes[items])
    if len(uneven):
        at = int(uneven[0])
        raise LogFormatError(
            f"{path}, line {columns.lines[rows[at]]}: {lengths[at]} options, an earlier row of the "
            f"item has {sizes[items[at]]}"
        )
    return sizes


def match_options(texts: list[str], options: tuple[tuple[str, ...], ...]) -> Integers:
    """Find a text of each item among its options; -1 where it is none of them.

    Parameters
    ----------
    texts : list of str, length n_items
        What stands after the last ``|`` counts.
    options : tuple of tuple of str, length n_items
    """
    found = []
    for text, names in zip(texts, options, strict=True):
        last = text.rpartition("|")[2]
        found.append(names.index(last) if last in names else -1)
    return np.array(found, dtype=np.int64)


def _opinion_beliefs(
    path: Path, columns: LogColumns, places: Places, asked: Opinions | None
) -> RowBeliefs:
    """Take scalar opinions as ``(1 - p, p)``."""
    given = np.array(columns.opinions)
    if not np.isfinite(given).any():
        raise LogFormatError(f"{path}: no row has an opinion; use --target answer")
    made = make_opinions(path, columns, places, asked)
    binary = made.unit.kind == "bounded" and made.unit.high == 1
    keys = []
    for text in _key_of_item(columns, places.n_items):
        number = text.partition("|")[0]
        keys.append(int(number) if number in ("0", "1") and binary else -1)
    return RowBeliefs(
        from_opinion(made.shares),
        np.where(np.isnan(made.shares), 3, 0),
        np.array(keys, dtype=np.int64),
        (("0", "1"),) * places.n_items,
        None,
        made.notes,
        made.unit,
        made.dropped,
        made.wild if made.wild.any() else None,
    )


def _answer_beliefs(path: Path, columns: LogColumns, places: Places) -> RowBeliefs:
    """Take categorical answers as certain beliefs; an empty one is a category of its own."""
    names = list(columns.answer_names)
    answers = np.array(columns.answers)
    blank = columns.answer_names.get("", -1)
    stated = [name for name in names if name]
    if not stated:
        raise LogFormatError(f"{path}: no row has an answer")
    shared = len(stated) <= COMMON_OPTIONS
    wanted = {text for text in columns.target_texts if text}
    options = (
        (tuple(sorted({*stated, *wanted})),) * places.n_items
        if shared
        else _options_per_item(columns, names, blank, places.n_items)
    )
    widest = max(map(len, options))
    abstained = answers == blank
    index = _option_index(columns, names, options, shared)
    width = widest + (1 if abstained.any() else 0)
    refuse_size(path, f"{len(answers)} rows x {width} answers", 8 * width * len(answers))
    values = np.zeros((len(answers), max(width, 2)))
    sizes = np.array([len(of_item) for of_item in options])[places.item]
    column = np.where(abstained, width - 1, index)
    values[np.arange(len(answers)), column] = 1.0
    absent = np.arange(values.shape[1])[None, :] >= np.maximum(sizes, 2)[:, None]
    if abstained.any():
        absent[:, width - 1] = False
    values[absent] = np.nan
    return RowBeliefs(
        values,
        np.where(abstained, 2, 0),
        match_options(_key_of_item(columns, places.n_items), options),
        options,
        width - 1 if abstained.any() else None,
        (),
    )


def _options_per_item(
    columns: LogColumns, names: list[str], blank: int, n_items: int
) -> tuple[tuple[str, ...], ...]:
    """Collect the answers that were given to each item, in order of appearance."""
    seen: list[dict[str, None]] = [{} for _ in range(n_items)]
    for item, answer in zip(columns.items, columns.answers, strict=True):
        if answer != blank:
            seen[item][names[answer]] = None
    for texts in (_key_of_item(columns, n_items), target_of_item(columns, n_items)):
        for item, text in enumerate(texts):
            if text:
                seen[item][text] = None
    return tuple(tuple(of_item) for of_item in seen)


def _option_index(
    columns: LogColumns, names: list[str], options: tuple[tuple[str, ...], ...], shared: bool
) -> Integers:
    """Return each row's option; 0 for an abstention, which is placed elsewhere."""
    if shared:
        places = {name: at for at, name in enumerate(options[0])}
        table = np.array([places.get(name, 0) for name in names], dtype=np.int64)
        return np.asarray(table[np.array(columns.answers)])
    per_item = [{name: at for at, name in enumerate(of_item)} for of_item in options]
    return np.array(
        [
            per_item[item].get(names[answer], 0)
            for item, answer in zip(columns.items, columns.answers, strict=True)
        ],
        dtype=np.int64,
    )
