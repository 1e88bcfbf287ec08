"""An imported log written as a run folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Heard, Validity
from fjsim.errors import StorageError
from fjsim.records.contents import ItemEnd
from fjsim.records.event_log import EventLog
from fjsim.records.header import RunHeader
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.reading import EVENTS
from fjsim.records.transcript import ABSENT, VALIDITY_CODES, Transcript
from fjsim.records.turn import Turn

OF_CODE = {code: validity for validity, code in VALIDITY_CODES.items()}


def write_run_folder(log: ImportedLog, folder: Path) -> None:
    """Write an imported log as an event log of one clean arm.

    Parameters
    ----------
    log : ImportedLog
    folder : Path
        Must not hold a run yet.

    Raises
    ------
    StorageError
        If it holds a run, or cannot be written.
    """
    if (folder / EVENTS).exists():
        raise StorageError(f"{folder}: holds a run already; choose another folder with --out")
    events = EventLog(folder)
    try:
        events.say_what_it_is(_header(log))
        for item in range(log.transcript.n_items):
            _write_item(events, log, item)
    finally:
        events.close()


def _header(log: ImportedLog) -> RunHeader:
    """Return what the run is; flags of the transcript that a run of ours never sets included."""
    transcript = log.transcript
    control = () if transcript.control is None else np.flatnonzero(transcript.control)
    return RunHeader(
        rounds=transcript.n_rounds,
        agents=transcript.agents or tuple(f"seat {k}" for k in range(transcript.n_agents)),
        seats=(),
        influence=tuple(map(tuple, _influence(transcript).tolist())),
        questions=tuple(dict.fromkeys(transcript.question_ids)),
        residual=transcript.residual,
        peers_read=transcript.peers_read,
        imported=True,
        exchangeable=transcript.exchangeable,
        opinions=transcript.opinions,
        abstention=transcript.abstention,
        control=tuple(transcript.question_ids[item] for item in control),
    )


def _influence(transcript: Transcript) -> Array:
    """Return who was ever heard, evenly weighed: a graph, not a fit."""
    ever = (transcript.heard_round >= 0).any(axis=(0, 1)).astype(float)
    np.fill_diagonal(ever, 0.0)
    total = ever.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(ever, total, out=np.zeros_like(ever), where=total > 0))


def _write_item(events: EventLog, log: ImportedLog, item: int) -> None:
    transcript = log.transcript
    question, replica = transcript.question_ids[item], int(transcript.replicas[item])
    for at in range(transcript.n_rounds + 1):
        for agent in range(transcript.n_agents):
            if transcript.validity[item, at, agent] != ABSENT:
                events.write("turn", _turn(transcript, item, at, agent).as_dict())
    key = int(transcript.keys[item])
    weights = None
    if transcript.influence is not None and transcript.influence.ndim == 3:
        weights = transcript.influence[item].tolist()
    end = ItemEnd(
        "clean", question, replica, None if key < 0 else key, transcript.n_options, weights=weights
    )
    events.write("item", end.as_dict())


def _turn(transcript: Transcript, item: int, at: int, agent: int) -> Turn:
    belief = transcript.beliefs[item, at, agent]
    there = not np.isnan(belief).all()
    stated = tuple(None if np.isnan(p) else float(p) for p in belief) if there else None
    answer = int(transcript.answers[item, at, agent])
    sure = None if transcript.confidence is None else transcript.confidence[item, at, agent]
    heard = tuple(
        Heard(speaker, int(said_in))
        for speaker, said_in in enumerate(transcript.heard_round[item, at, agent])
        if said_in >= 0
    )
    validity = OF_CODE.get(int(transcript.validity[item, at, agent]), Validity.MISSING)
    return Turn(
        arm="clean",
        question=transcript.question_ids[item],
        replica=int(transcript.replicas[item]),
        round=at,
        agent=agent,
        validity=validity,
        answer=None if answer < 0 else answer,
        belief=stated,  # type: ignore[arg-type]
        stated_belief=stated,  # type: ignore[arg-type]
        confidence=None if sure is None or np.isnan(sure) else float(sure),
        heard=heard,
    )
