"""What was recorded: turns, the event log, transcripts, and foreign logs brought in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported

if TYPE_CHECKING:
    from fjsim.records.building import build_transcript, counted, load_transcript
    from fjsim.records.casting import CASTING_SEAT, CastingKey, CastVote
    from fjsim.records.contents import DamagedLine, ItemEnd, LogContents
    from fjsim.records.event_log import SCENARIO, EventLog, MemoryLog
    from fjsim.records.header import RunHeader
    from fjsim.records.probe import Probe, ProbeKey
    from fjsim.records.reading import EVENTS, read_log, read_run
    from fjsim.records.spending import SPENDING, Account, SpendingFile, SpendingLog, read_spending
    from fjsim.records.transcript import ABSENT, NOT_HEARD, VALIDITY_CODES, Transcript
    from fjsim.records.turn import Cost, Turn, TurnKey, shared_heard

__all__ = [
    "CASTING_SEAT",
    "CastingKey",
    "CastVote",
    "ABSENT",
    "EVENTS",
    "SCENARIO",
    "SPENDING",
    "NOT_HEARD",
    "VALIDITY_CODES",
    "Account",
    "Cost",
    "DamagedLine",
    "EventLog",
    "ItemEnd",
    "LogContents",
    "MemoryLog",
    "Probe",
    "ProbeKey",
    "RunHeader",
    "SpendingFile",
    "SpendingLog",
    "Transcript",
    "Turn",
    "TurnKey",
    "build_transcript",
    "counted",
    "load_transcript",
    "read_log",
    "read_run",
    "read_spending",
    "shared_heard",
]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.records.building": ["build_transcript", "counted", "load_transcript"],
        "fjsim.records.casting": ["CASTING_SEAT", "CastingKey", "CastVote"],
        "fjsim.records.contents": ["DamagedLine", "ItemEnd", "LogContents"],
        "fjsim.records.event_log": ["SCENARIO", "EventLog", "MemoryLog"],
        "fjsim.records.header": ["RunHeader"],
        "fjsim.records.probe": ["Probe", "ProbeKey"],
        "fjsim.records.reading": ["EVENTS", "read_log", "read_run"],
        "fjsim.records.spending": [
            "SPENDING",
            "Account",
            "SpendingFile",
            "SpendingLog",
            "read_spending",
        ],
        "fjsim.records.transcript": ["ABSENT", "NOT_HEARD", "VALIDITY_CODES", "Transcript"],
        "fjsim.records.turn": ["Cost", "Turn", "TurnKey", "shared_heard"],
    },
)
