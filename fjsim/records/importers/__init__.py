"""Foreign logs as transcripts: one module per format."""

from fjsim.records.importers.imported import ImportedLog
from fjsim.records.importers.reading import FORMATS, detect_format, read_log

__all__ = ["FORMATS", "ImportedLog", "detect_format", "read_log"]
