"""Foreign logs as transcripts: one module per format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported

if TYPE_CHECKING:
    from fjsim.records.importers.imported import ImportedLog
    from fjsim.records.importers.reading import FORMATS, detect_format, read_log

__all__ = ["FORMATS", "ImportedLog", "detect_format", "read_log"]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.records.importers.imported": ["ImportedLog"],
        "fjsim.records.importers.reading": ["FORMATS", "detect_format", "read_log"],
    },
)
