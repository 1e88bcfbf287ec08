"""From the columns of a log to the arrays of a transcript."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, from_opinion
from fjsim.errors import LogFormatError
from fjsim.records.importers.imported import ImportedLog, Scale, Target
from fjsim.records.importers.neighbours import Hearings, heard_rounds
from fjsim.records.transcript import ABSENT, Transcript

Integers = NDArray[np.int64]

COMMON_OPTIONS = 10
"""With no more distinct answers than this, all items share one list of options."""

CROWD_SHARE = 0.5
"""If agents sit in less than this share of the items, people differ from item to item."""

LARGEST_ARRAYS = 3 * 2**30
"""Bytes that the arrays of one log may take."""

ABSTAINED_NAME = "(abstained)"


@dataclass
class LogColumns:
    """A log column by column; texts are kept once and numbered."""

    lines: list[int] = field(default_factory=list)
    items: array[int] = field(default_factory=lambda: array("q"))
    agents: array[int] = field(default_factory=lambda: array("q"))
    rounds: array[int] = field(default_factory=lambda: array("q"))
    answers: array[int] = field(default_factory=lambda: array("q"))
    neighbours: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("q"))
    topologies: array[int] = field(default_factory=lambda: array("q"))
    opinions: array[float] = field(default_factory=lambda: array("d"))
    confidence: array[float] = field(default_factory=lambda: array("d"))
    turns: array[float] = field(default_factory=lambda: array("d"))
    beliefs: dict[int, tuple[float, ...]] = field(default_factory=dict)
    belief_options: tuple[str, ...] = ()
    item_names: dict[str, int] = field(default_factory=dict)
    agent_names: dict[str, int] = field(default_factory=dict)
    answer_names: dict[str, int] = field(default_factory=dict)
    neighbour_texts: dict[str, int] = field(default_factory=dict)
    key_texts: dict[str, int] = field(default_factory=dict)
    topology_texts: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def intern(known: dict[str, int], text: str) -> int:
        """Return the number of a text."""
        return known.setdefault(text, len(known))


@dataclass(frozen=True)
class Places:
    """Where each row of a log stands in the arrays.

    Parameters
    ----------
    item, round, seat : ndarray of int, shape (n_rows,)
    n_items, n_times, n_seats : int
    names : tuple of str
        Of the seats; empty for a crowd.
    seat_of : dict of (int, int) to int
        Crowd only: seat of (item, agent).
    crowd : bool
        Whether seats hold different people from item to item.
    """

    item: Integers
    round: Integers
    seat: Integers
    n_items: int
    n_times: int
    n_seats: int
    names: tuple[str, ...]
    seat_of: dict[tuple[int, int], int]
    crowd: bool


def build_log(
    path: Path, columns: LogColumns, target: Target | None, scale: Scale | None
) -> ImportedLog:
    """Make a transcript of a log's columns.

    Parameters
    ----------
    path : Path
        For messages.
    columns : LogColumns
        At least one row.
    target : {'belief', 'opinion', 'answer'}, optional
    scale : Scale, optional

    Returns
    -------
    ImportedLog

    Raises
    ------
    LogFormatError
        For a duplicate turn, an unknown agent, uneven beliefs, or arrays beyond `LARGEST_ARRAYS`.
    """
    places = _places(path, columns)
    chosen = target or _best_target(columns)
    made = _beliefs(path, columns, places, chosen, scale)
    _check_size(path, places, made.values.shape[-1])
    shape = (places.n_items, places.n_times, places.n_seats)
    at = (places.item, places.round, places.seat)
    beliefs = np.full((*shape, made.values.shape[-1]), np.nan)
    beliefs[at] = made.values
    validity = np.full(shape, ABSENT, dtype=np.int64)
    validity[at] = made.validity
    confidence = np.full(shape, np.nan)
    confidence[at] = np.array(columns.confidence)
    there = ~np.isnan(beliefs).all(axis=-1)
    answers = np.where(there, np.nan_to_num(beliefs, nan=-1.0).argmax(axis=-1), -1)
    hearings = heard_rounds(path, columns, places, there)
    transcript = Transcript(
        question_ids=tuple(columns.item_names),
        replicas=np.zeros(places.n_items, dtype=np.int64),
        keys=made.keys,
        beliefs=beliefs,
        answers=answers.astype(np.int64),
        validity=validity,
        heard_round=hearings.heard_round,
        gates=np.where(hearings.heard_round >= 0, 1.0, np.nan),
        influence=hearings.influence,
        confidence=confidence if np.isfinite(confidence).any() else None,
        agents=places.names,
        arm=_arm(columns),
        control=hearings.control if hearings.control.any() else None,
        opinions=chosen == "opinion",
        exchangeable=places.crowd,
        abstention=made.abstention,
    )
    notes = (*made.warnings, *hearings.warnings, *_gap_warnings(transcript))
    return ImportedLog(transcript, made.options, chosen, notes, len(columns.lines))


def _places(path: Path, columns: LogColumns) -> Places:
    """Give every row its place, and refuse a turn that stands there twice."""
    item, agent = np.array(columns.items), np.array(columns.agents)
    rounds = np.array(columns.rounds)
    n_items, n_agents = len(columns.item_names), len(columns.agent_names)
    pairs = np.unique(item * n_agents + agent)
    crowd = n_agents > 2 and len(pairs) < CROWD_SHARE * n_items * n_agents
    seat, seat_of = agent, {}
    if crowd:
        pair_item = pairs // n_agents
        first = np.searchsorted(pair_item, np.arange(n_items))
        seats = np.arange(len(pairs)) - first[pair_item]
        seat = seats[np.searchsorted(pairs, item * n_agents + agent)]
        seat_of = {
            (int(pair // n_agents), int(pair % n_agents)): int(place)
            for pair, place in zip(pairs, seats, strict=True)
        }
    n_times = int(rounds.max()) + 1
    n_seats = int(seat.max()) + 1
    _refuse_duplicates(path, columns, (item * n_times + rounds) * n_seats + seat)
    if not (rounds == 0).any():
        raise LogFormatError(
            f"{path}, line {columns.lines[0]}: no row has round 0; rounds count from 0, which is "
            "what an agent believed before any exchange"
        )
    names = () if crowd else tuple(columns.agent_names)
    return Places(item, rounds, seat, n_items, n_times, n_seats, names, seat_of, crowd)


def _refuse_duplicates(path: Path, columns: LogColumns, code: Integers) -> None:
    order = np.argsort(code, kind="stable")
    again = np.flatnonzero(np.diff(code[order]) == 0)
    if not len(again):
        return
    second = int(order[again + 1].min())
    first = int(np.flatnonzero(code == code[second])[0])
    item = list(columns.item_names)[columns.items[second]]
    agent = list(columns.agent_names)[columns.agents[second]]
    raise LogFormatError(
        f"{path}, line {columns.lines[second]}: item '{item}', agent '{agent}', round "
        f"{columns.rounds[second]} stands already at line {columns.lines[first]}; "
        "give each turn once"
    )


def _check_size(path: Path, places: Places, n_options: int) -> None:
    turns = places.n_items * places.n_times * places.n_seats
    needed = turns * (8 * n_options + 16 * places.n_seats + 32)
    if needed > LARGEST_ARRAYS:
        raise LogFormatError(
            f"{path}: {places.n_items} items x {places.n_times} rounds x {places.n_seats} agents "
            f"would need {needed / 2**30:.1f} GiB; split the log by item"
        )


def _best_target(columns: LogColumns) -> Target:
    """Return the richest column that the log has."""
    if columns.beliefs:
        return "belief"
    return "opinion" if np.isfinite(np.array(columns.opinions)).any() else "answer"


@dataclass(frozen=True)
class _Beliefs:
    """Beliefs row by row, and what their options mean."""

    values: Array
    validity: Integers
    keys: Integers
    options: tuple[tuple[str, ...], ...]
    abstention: int | None
    warnings: tuple[str, ...]


def _beliefs(
    path: Path, columns: LogColumns, places: Places, target: Target, scale: Scale | None
) -> _Beliefs:
    if target == "belief":
        return _stated_beliefs(path, columns, places)
    if target == "opinion":
        return _opinion_beliefs(path, columns, places, scale)
    return _answer_beliefs(path, columns, places)


def _key_of_item(columns: LogColumns, n_items: int) -> list[str]:
    """Return each item's key as it stands in the log; empty where there is none."""
    texts = list(columns.key_texts)
    keys = [""] * n_items
    for item, key in zip(columns.items, columns.keys, strict=True):
        keys[item] = keys[item] or texts[key]
    return keys


def _stated_beliefs(path: Path, columns: LogColumns, places: Places) -> _Beliefs:
    """Take the belief column, or one column per option."""
    if not columns.beliefs:
        raise LogFormatError(f"{path}: no row has a belief; use --target opinion or answer")
    width = max(map(len, columns.beliefs.values()))
    values = np.full((len(columns.lines), width), np.nan)
    sizes = np.zeros(places.n_items, dtype=np.int64)
    for row, belief in columns.beliefs.items():
        item = columns.items[row]
        if sizes[item] not in (0, len(belief)):
            raise LogFormatError(
                f"{path}, line {columns.lines[row]}: {len(belief)} options, an earlier row of the "
                f"item has {sizes[item]}"
            )
        sizes[item] = len(belief)
        values[row, : len(belief)] = belief
    names = columns.belief_options or tuple(str(option) for option in range(width))
    options = tuple(names[:size] for size in sizes)
    keys = _match_keys(_key_of_item(columns, places.n_items), options)
    validity = np.where(np.isnan(values).all(axis=1), 3, 0)
    return _Beliefs(values, validity, keys, options, None, ())


def _match_keys(texts: list[str], options: tuple[tuple[str, ...], ...]) -> Integers:
    """Find each item's key among its options; -1 where it is none of them."""
    found = []
    for text, names in zip(texts, options, strict=True):
        last = text.rpartition("|")[2]
        found.append(names.index(last) if last in names else -1)
    return np.array(found, dtype=np.int64)


def _opinion_beliefs(
    path: Path, columns: LogColumns, places: Places, scale: Scale | None
) -> _Beliefs:
    """Take scalar opinions as ``(1 - p, p)``."""
    given = np.array(columns.opinions)
    if not np.isfinite(given).any():
        raise LogFormatError(f"{path}: no row has an opinion; use --target answer")
    ends, notes = (scale, ()) if scale else _inferred_scale(given)
    values = (given - ends.low) / (ends.high - ends.low)
    outside = np.flatnonzero((values < -1e-9) | (values > 1 + 1e-9))
    if len(outside):
        row = int(outside[0])
        raise LogFormatError(
            f"{path}, line {columns.lines[row]}: opinion {given[row]:g} is outside the scale "
            f"{ends.low:g}..{ends.high:g}; give --scale LOW:HIGH"
        )
    keys = []
    for text in _key_of_item(columns, places.n_items):
        number = text.partition("|")[0]
        keys.append(int(number) if number in ("0", "1") and ends.high == 1 else -1)
    return _Beliefs(
        from_opinion(np.clip(values, 0, 1)),
        np.where(np.isnan(given), 3, 0),
        np.array(keys, dtype=np.int64),
        (("0", "1"),) * places.n_items,
        None,
        notes,
    )


def _inferred_scale(given: Array) -> tuple[Scale, tuple[str, ...]]:
    """Return [0, 1], or the nearest round scale that holds all opinions, with a warning."""
    low, high = float(np.nanmin(given)), float(np.nanmax(given))
    if low >= 0 and high <= 1:
        return Scale(0.0, 1.0), ()
    top = float(10 ** np.ceil(np.log10(max(high, -low, 1.0)) - 1e-12))
    ends = Scale(0.0 if low >= 0 else -top, top)
    return ends, (
        f"scale inferred: opinions lie in {low:g}..{high:g}, taken as {ends.low:g}..{ends.high:g} "
        "(give --scale LOW:HIGH to say otherwise)",
    )


def _answer_beliefs(path: Path, columns: LogColumns, places: Places) -> _Beliefs:
    """Take categorical answers as certain beliefs; an empty one is a category of its own."""
    names = list(columns.answer_names)
    answers = np.array(columns.answers)
    blank = columns.answer_names.get("", -1)
    stated = [name for name in names if name]
    if not stated:
        raise LogFormatError(f"{path}: no row has an answer")
    shared = len(stated) <= COMMON_OPTIONS
    options = (
        (tuple(sorted(stated)),) * places.n_items
        if shared
        else _options_per_item(columns, names, blank, places.n_items)
    )
    widest = max(map(len, options))
    abstained = answers == blank
    index = _option_index(columns, names, options, shared)
    width = widest + (1 if abstained.any() else 0)
    values = np.zeros((len(answers), max(width, 2)))
    sizes = np.array([len(of_item) for of_item in options])[places.item]
    column = np.where(abstained, width - 1, index)
    values[np.arange(len(answers)), column] = 1.0
    absent = np.arange(values.shape[1])[None, :] >= np.maximum(sizes, 2)[:, None]
    if abstained.any():
        absent[:, width - 1] = False
    values[absent] = np.nan
    return _Beliefs(
        values,
        np.where(abstained, 2, 0),
        _match_keys(_key_of_item(columns, places.n_items), options),
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
    for item, text in enumerate(_key_of_item(columns, n_items)):
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


def _arm(columns: LogColumns) -> str:
    texts = [text for text in columns.topology_texts if text]
    return texts[0] if len(texts) == 1 else "clean"


def _gap_warnings(transcript: Transcript) -> tuple[str, ...]:
    """Say how many agents have a round missing between two others."""
    there = transcript.validity != ABSENT
    first = there.argmax(axis=1)
    last = there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    spoke = there.any(axis=1)
    gaps = int((spoke & (last - first + 1 > there.sum(axis=1))).sum())
    if not gaps:
        return ()
    return (f"gaps: {gaps} agents skip a round of their item; those turns are masked",)


__all__ = ["Hearings", "LogColumns", "Places", "build_log"]
