"""From the columns of a log to the arrays of a transcript."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fjsim.records.importers.belief_columns import best_target, row_beliefs
from fjsim.records.importers.columns import LogColumns, Places, place_rows, refuse_size
from fjsim.records.importers.imported import ImportedLog, Scale, Target
from fjsim.records.importers.neighbours import heard_rounds
from fjsim.records.transcript import ABSENT, Transcript


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
    places = place_rows(path, columns)
    chosen = target or best_target(columns)
    made = row_beliefs(path, columns, places, chosen, scale)
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


def _check_size(path: Path, places: Places, n_options: int) -> None:
    turns = places.n_items * places.n_times * places.n_seats
    what = f"{places.n_items} items x {places.n_times} rounds x {places.n_seats} agents"
    refuse_size(path, what, turns * (8 * n_options + 16 * places.n_seats + 32))


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
