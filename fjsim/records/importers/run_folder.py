"""An imported log written as a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm, Heard, Validity
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
    """Write an imported log as an event log of its arm, or of both.

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
        for arm in filter(None, (log.transcript, log.clean)):
            for item in range(arm.n_items):
                _write_item(events, arm, item)
    finally:
        events.close()


def _header(log: ImportedLog) -> RunHeader:
    """Return what the run is; flags of the transcript that a run of ours never sets included."""
    transcript = log.transcript
    names = transcript.question_ids + (log.clean.question_ids if log.clean else ())
    control = () if transcript.control is None else np.flatnonzero(transcript.control)
    return RunHeader(
        rounds=transcript.n_rounds,
        agents=transcript.agents or tuple(f"seat {k}" for k in range(transcript.n_agents)),
        seats=(),
        influence=tuple(map(tuple, _influence(transcript).tolist())),
        questions=tuple(dict.fromkeys(names)),
        residual=transcript.residual,
        peers_read=transcript.peers_read,
        words=None if transcript.words is None else tuple(transcript.words.tolist()),
        imported=True,
        exchangeable=transcript.exchangeable,
        opinions=transcript.opinions,
        abstention=transcript.abstention,
        control=tuple(transcript.question_ids[item] for item in control),
        unit=_unit(transcript),
        given_influence=transcript.given_influence is not None,
    )


def _influence(transcript: Transcript) -> Array:
    """Return who was ever heard, evenly weighed: a graph, not a fit."""
    ever = (transcript.heard_round >= 0).any(axis=(0, 1)).astype(float)
    np.fill_diagonal(ever, 0.0)
    total = ever.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(ever, total, out=np.zeros_like(ever), where=total > 0))


def _unit(transcript: Transcript) -> dict[str, Any] | None:
    unit = transcript.unit
    return None if unit is None else {"kind": unit.kind, "low": unit.low, "high": unit.high}


def _arm(transcript: Transcript) -> Arm:
    return "attacked" if transcript.arm == "attacked" else "clean"


def _write_item(events: EventLog, transcript: Transcript, item: int) -> None:
    for at in range(transcript.n_rounds + 1):
        for agent in range(transcript.n_agents):
            if transcript.validity[item, at, agent] != ABSENT:
                events.write("turn", _turn(transcript, item, at, agent).as_dict())
    events.write("item", _end(transcript, item).as_dict())


def _end(transcript: Transcript, item: int) -> ItemEnd:
    """Return what the log says of an item as a whole."""
    unit = transcript.unit
    measured = unit is not None and unit.location is not None and unit.spread is not None
    weights = None
    if transcript.influence is not None and transcript.influence.ndim == 3:
        weights = transcript.influence[item].tolist()
    return ItemEnd(
        _arm(transcript),
        transcript.question_ids[item],
        int(transcript.replicas[item]),
        _known(transcript.keys[item]),
        transcript.n_options,
        target=None if transcript.targets is None else _known(transcript.targets[item]),
        weights=weights,
        options=list(transcript.options[item]) if transcript.options else None,
        people=list(transcript.people[item]) if transcript.people else None,
        roles=list(transcript.roles[item]) if transcript.roles else None,
        location=float(unit.location[item]) if measured else None,  # type: ignore[union-attr, index]
        spread=float(unit.spread[item]) if measured else None,  # type: ignore[union-attr, index]
    )


def _known(option: Any) -> int | None:
    return None if option < 0 else int(option)


def _turn(transcript: Transcript, item: int, at: int, agent: int) -> Turn:
    place = (item, at, agent)
    stated = _numbers(transcript.beliefs[place])
    sure = None if transcript.confidence is None else transcript.confidence[place]
    return Turn(
        arm=_arm(transcript),
        question=transcript.question_ids[item],
        replica=int(transcript.replicas[item]),
        round=at,
        agent=agent,
        validity=OF_CODE.get(int(transcript.validity[place]), Validity.MISSING),
        answer=_known(transcript.answers[place]),
        text=transcript.openings[item][agent] if at == 0 and transcript.openings else "",
        belief=stated,  # type: ignore[arg-type]
        stated_belief=stated,  # type: ignore[arg-type]
        confidence=None if sure is None or np.isnan(sure) else float(sure),
        heard=_heard(transcript, place),
        exposure=None  # type: ignore[arg-type]
        if transcript.exposure is None
        else _numbers(transcript.exposure[place]),
    )


def _numbers(belief: Array) -> tuple[float | None, ...] | None:
    """Return a belief with None for NaN; None where all of it is missing."""
    if np.isnan(belief).all():
        return None
    return tuple(None if np.isnan(p) else float(p) for p in belief)


def _heard(transcript: Transcript, place: tuple[int, int, int]) -> tuple[Heard, ...]:
    """Return what was heard, with its share of attention where the log gives one.

    A silent speaker that has a share was heard in no round; so it is not among them, and its
    share is what the others lack to 1.
    """
    shares = transcript.given_influence
    return tuple(
        Heard(speaker, int(said_in))
        if shares is None
        else Heard(speaker, int(said_in), weight=float(shares[(*place, speaker)]))
        for speaker, said_in in enumerate(transcript.heard_round[place])
        if said_in >= 0
    )
