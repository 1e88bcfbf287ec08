"""From the columns of a log to the arrays of a transcript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fjsim.beliefs import Array, from_opinion
from fjsim.errors import LogFormatError
from fjsim.records.importers.belief_columns import (
    RowBeliefs,
    best_target,
    match_options,
    row_beliefs,
    target_of_item,
)
from fjsim.records.importers.columns import (
    Integers,
    LogColumns,
    Places,
    item_name,
    place_rows,
    refuse_size,
)
from fjsim.records.importers.imported import ImportedLog, Target
from fjsim.records.importers.neighbours import Hearings, heard_rounds
from fjsim.records.importers.opinions import Opinions
from fjsim.records.importers.outliers import Flags, turns_decided
from fjsim.records.transcript import ABSENT, Transcript

ARMS = ("clean", "attacked")


def build_log(
    path: Path, columns: LogColumns, target: Target | None, asked: Opinions | None
) -> ImportedLog:
    """Make a transcript of a log's columns.

    Parameters
    ----------
    path : Path
        For messages.
    columns : LogColumns
        At least one row.
    target : {'belief', 'opinion', 'answer'}, optional
    asked : Opinions, optional

    Returns
    -------
    ImportedLog

    Raises
    ------
    LogFormatError
        For a duplicate turn, an unknown agent, uneven beliefs, or arrays beyond `LARGEST_ARRAYS`.
    """
    places = place_rows(path, columns)
    chosen = target or best_target(columns)
    made = row_beliefs(path, columns, places, chosen, asked)
    _check_size(path, places, made.values.shape[-1])
    beliefs = _placed(places, made.values)
    there = np.asarray(~np.isnan(beliefs).all(axis=-1))
    hearings = heard_rounds(path, columns, places, there)
    transcript = _transcript(columns, places, made, hearings, beliefs)
    transcript = replace(transcript, opinions=chosen == "opinion")
    exposure, more = _exposure(path, places, made, hearings)
    if exposure is not None:
        transcript = replace(transcript, exposure=exposure, exchangeable=True)
    decided = _masked_outliers(places, made, transcript)
    if decided is not None:
        transcript = _marked(transcript, decided)
    more = (*more, *confidences(columns)[1])
    notes = (*made.warnings, *hearings.warnings, *more, *_gap_warnings(transcript))
    dropped = made.dropped + Counter(
        {
            "turns that heard what the log lacks, masked": hearings.masked,
            "turns that an opinion set to the limits would decide, masked": 0
            if decided is None
            else int((decided & there).sum()),
        }
    )
    log = ImportedLog(transcript, made.options, chosen, notes, len(columns.lines), +dropped)
    return _by_arm(path, columns, places, log)


def _transcript(
    columns: LogColumns, places: Places, made: RowBeliefs, hearings: Hearings, beliefs: Array
) -> Transcript:
    """Put everything but opinions and exposure together."""
    there = ~np.isnan(beliefs).all(axis=-1)
    answers = np.where(there, np.nan_to_num(beliefs, nan=-1.0).argmax(axis=-1), -1)
    validity = np.full(there.shape, ABSENT, dtype=np.int64)
    validity[places.item, places.round, places.seat] = made.validity
    confidence = _placed(places, confidences(columns)[0])
    shares = hearings.shares
    aims = match_options(target_of_item(columns, places.n_items), made.options)
    return Transcript(
        question_ids=tuple(map(item_name, columns.item_names)),
        replicas=np.zeros(places.n_items, dtype=np.int64),
        keys=made.keys,
        beliefs=beliefs,
        answers=answers.astype(np.int64),
        validity=validity,
        heard_round=hearings.heard_round,
        gates=np.where(hearings.heard_round >= 0, 1.0, np.nan),
        influence=None if shares is None else _mean_shares(shares),
        confidence=confidence if np.isfinite(confidence).any() else None,
        targets=aims if (aims >= 0).any() else None,
        agents=places.names,
        arm=_arm(columns),
        control=hearings.control if hearings.control.any() else None,
        exchangeable=places.crowd,
        abstention=made.abstention,
        options=made.options,
        people=places.people(columns),
        unit=made.unit,
        roles=_by_seat(list(columns.role_texts), columns.roles, places),
        openings=_by_seat(list(columns.opening_texts), columns.openings, places),
        given_influence=shares,
    )


def confidences(columns: LogColumns) -> tuple[Array, tuple[str, ...]]:
    """Return stated confidences in [0, 1], and how they were taken where that is not plain.

    Parameters
    ----------
    columns : LogColumns

    Returns
    -------
    values : ndarray of shape (n_rows,)
        NaN where there is none.
    notes : tuple of str
    """
    given = np.array(columns.confidence)
    stated = given[np.isfinite(given)]
    if not len(stated) or (stated.min() >= 0 and stated.max() <= 1):
        return given, ()
    if stated.min() >= 0 and stated.max() <= 100:
        return given / 100, ("confidence lies in 0..100 and is taken as percent",)
    text = f"confidence lies in {stated.min():g}..{stated.max():g}: it is not used; give 0 to 1"
    return np.full(len(given), np.nan), (text,)


def _placed(places: Places, values: Array) -> Array:
    """Return values of rows in their places, NaN elsewhere."""
    shape = (places.n_items, places.n_times, places.n_seats, *values.shape[1:])
    placed = np.full(shape, np.nan)
    placed[places.item, places.round, places.seat] = values
    return placed


def _mean_shares(shares: Array) -> Array:
    """Return each item's mean share over the turns in which somebody was heard."""
    heard = shares.sum(axis=-1, keepdims=True) > 0
    return np.asarray(shares.sum(axis=1) / np.maximum(heard.sum(axis=1), 1))


def _exposure(
    path: Path, places: Places, made: RowBeliefs, hearings: Hearings
) -> tuple[Array | None, tuple[str, ...]]:
    """Return the recorded means of what was heard, as beliefs, and what is to be said of them."""
    (item, time, seat), means = hearings.means
    if not len(means):
        return None, ()
    if made.unit is None:
        text = (
            f"{len(means)} turns record the mean of what was heard ('mean_prev='), which says "
            "nothing about answers or beliefs: they are taken to hear nobody; fit the opinions"
        )
        return None, (text,)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = made.unit.shares(means, item)
    if made.unit.kind == "bounded" and ((shares < -1e-9) | (shares > 1 + 1e-9)).any():
        raise LogFormatError(
            f"{path}: a recorded mean ('mean_prev={means[np.abs(shares - 0.5).argmax()]:g}') is "
            f"outside the scale {made.unit.low:g}..{made.unit.high:g}"
        )
    exposure = np.full((places.n_items, places.n_times, places.n_seats, 2), np.nan)
    exposure[item, time, seat] = from_opinion(np.clip(shares, 0.0, 1.0))
    text = (
        f"{len(means)} turns record the mean of what was heard: it is taken as one speaker, so "
        "one law is fitted for all; a roll-out knows the first mean only, and moves it as it "
        "predicts the others to move"
    )
    return exposure, (text,)


def _masked_outliers(places: Places, made: RowBeliefs, transcript: Transcript) -> Flags | None:
    """Return the turns that opinions set to the limits would decide; None without any."""
    if made.wild is None:
        return None
    wild = _placed(places, made.wild.astype(float)) == 1
    return turns_decided(wild, transcript.heard_round, transcript.given_influence)


def _marked(transcript: Transcript, turns: Flags) -> Transcript:
    """Mark turns as ones that no fit uses: by an entry of the listener for itself."""
    heard = transcript.heard_round.copy()
    item, time, seat = np.nonzero(turns)
    heard[item, time, seat, seat] = time - 1
    return replace(transcript, heard_round=heard)


def _by_seat(
    texts: list[str], of_row: Sequence[int], places: Places
) -> tuple[tuple[str, ...], ...]:
    """Return the first text that each seat has in each item; nothing where no row has any."""
    if texts in ([], [""]):
        return ()
    found = [[""] * places.n_seats for _ in range(places.n_items)]
    stands = zip(places.item.tolist(), places.seat.tolist(), of_row, strict=True)
    for item, seat, text in stands:
        found[item][seat] = found[item][seat] or texts[text]
    return tuple(map(tuple, found))


def _check_size(path: Path, places: Places, n_options: int) -> None:
    turns = places.n_items * places.n_times * places.n_seats
    what = f"{places.n_items} items x {places.n_times} rounds x {places.n_seats} agents"
    refuse_size(path, what, turns * (8 * n_options + 16 * places.n_seats + 32))


def _arm(columns: LogColumns) -> str:
    texts = [text for text in columns.topology_texts if text]
    return texts[0] if len(texts) == 1 else "clean"


def _by_arm(path: Path, columns: LogColumns, places: Places, log: ImportedLog) -> ImportedLog:
    """Take the arms of a log apart, where it has both, or names the one that it has."""
    whole = log.transcript
    names = [text.lower() for text in columns.arm_texts]
    strange = [name for name in names if name and name not in ARMS]
    if strange:
        raise LogFormatError(f"{path}: arm is '{strange[0][:40]}'; give clean or attacked")
    of_item = _arm_of_items(columns, places, names)
    attacked, clean = of_item == 1, of_item == 0
    if not attacked.any() or not clean.any():
        hostile = attacked.any() or whole.hostile.any()
        return replace(
            log, transcript=replace(whole, arm="attacked") if hostile else log.transcript
        )
    return replace(
        log,
        transcript=replace(whole.select(attacked), arm="attacked"),
        clean=replace(whole.select(clean), arm="clean"),
        options=tuple(log.options[at] for at in np.flatnonzero(attacked)),
    )


def _arm_of_items(columns: LogColumns, places: Places, names: list[str]) -> Integers:
    """Return 0 for a clean item, 1 for an attacked one, -1 where the log does not say."""
    codes = np.array([ARMS.index(name) if name else -1 for name in names], dtype=np.int64)
    of_item = np.full(places.n_items, -1, dtype=np.int64)
    of_item[places.item] = codes[np.array(columns.arms)]
    return of_item


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
