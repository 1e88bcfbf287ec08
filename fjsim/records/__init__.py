"""What was recorded: turns, the event log, transcripts, and foreign logs brought in."""

from fjsim.records.building import build_transcript, counted, load_run
from fjsim.records.contents import DamagedLine, ItemEnd, LogContents
from fjsim.records.event_log import SCENARIO, EventLog, MemoryLog
from fjsim.records.probe import Probe, ProbeKey
from fjsim.records.reading import EVENTS, read_log, read_run
from fjsim.records.spending import SPENDING, Account, SpendingFile, SpendingLog
from fjsim.records.transcript import ABSENT, NOT_HEARD, VALIDITY_CODES, Transcript
from fjsim.records.turn import Cost, Turn, TurnKey, shared_heard

__all__ = [
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
    "SpendingFile",
    "SpendingLog",
    "Transcript",
    "Turn",
    "TurnKey",
    "build_transcript",
    "counted",
    "load_run",
    "read_log",
    "read_run",
    "shared_heard",
]
