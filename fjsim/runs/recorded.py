"""What ``metrics.json`` says of a run whose scenario cannot be resolved any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from fjsim.contracts import Arm
from fjsim.errors import FjsimError
from fjsim.metrics import Estimate, Measured
from fjsim.metrics.recorded import Numbers, RecordedNumbers
from fjsim.origin import Origin
from fjsim.records import RunHeader, Transcript
from fjsim.runs.folder import own_text
from fjsim.runs.law.prediction import SOURCES, Prediction
from fjsim.runs.measuring import Outcome, evidence_of_log, missing_share
from fjsim.scenario import Scenario
from fjsim.serial.json import read


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """The numbers that a run wrote down when it was finished.

    Parameters
    ----------
    scenario : Scenario or None
        None where it cannot be read.
    metrics, baseline : mapping of str to Estimate or None
        Numbers of the run, and of the clean arm beside an attacked one.
    prediction : mapping of str to Prediction or None
    assumes : str
    because : mapping of str to str
        As in `Outcome`.
    """

    scenario: Scenario | None
    metrics: Numbers
    baseline: Numbers
    prediction: Mapping[str, Prediction | None]
    assumes: str
    because: Mapping[str, str]

    def outcome(self, transcripts: Mapping[Arm, Transcript], header: RunHeader) -> Outcome:
        """Return the numbers, with those that were not written down counted on the log.

        Parameters
        ----------
        transcripts : mapping of arm to Transcript
        header : RunHeader
        """
        evidence = evidence_of_log(transcripts, header)
        return Outcome(
            measured=Measured(RecordedNumbers(evidence, self.metrics, self.baseline)),
            prediction=self.prediction,
            assumes=self.assumes,
            missing_share=missing_share(transcripts),
            because=self.because,
        )


def read_recorded(path: Path) -> RecordedRun | None:
    """Read a ``metrics.json``.

    Parameters
    ----------
    path : Path
        Its contents are not trusted.

    Returns
    -------
    RecordedRun or None
        None where there is none that can be read.

    Raises
    ------
    StorageError
        If it is a link.
    """
    try:
        told = read(own_text(path))
        prediction = _mapping(told.get("prediction"))
        return RecordedRun(
            scenario=_scenario(told.get("scenario"), path),
            metrics=_numbers(told["metrics"]),
            baseline=_numbers(told.get("baseline") or {}),
            prediction={source: _prediction(prediction.get(source)) for source in SOURCES},
            assumes=_text(prediction.get("assumes", "")),
            because={
                source: _text(why)
                for source, why in _mapping(prediction.get("because")).items()
                if source in SOURCES
            },
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _scenario(values: Any, path: Path) -> Scenario | None:
    try:
        return Scenario(**_mapping(values)).coming_from(Origin(str(path)))
    except FjsimError:
        return None


def _mapping(values: Any) -> Mapping[str, Any]:
    return values if isinstance(values, dict) else {}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _numbers(values: Mapping[str, Any]) -> Numbers:
    return {name: _estimate(value) for name, value in values.items()}


def _estimate(value: Any) -> Estimate | None:
    """Return an estimate, a plain number as one without an interval, or None for null."""
    if value is None:
        return None
    if _is_number(value):
        return Estimate(value, None, None, 1)
    parts: list[float | None] = [value[name] for name in ("value", "low", "high")]
    if not all(part is None or _is_number(part) for part in parts) or type(value["n"]) is not int:
        raise ValueError("no estimate")
    return Estimate(parts[0], parts[1], parts[2], value["n"])


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float)


def _prediction(value: Any) -> Prediction | None:
    if value is None:
        return None
    takeover, flips, error = _estimate(value["takeover"]), _estimate(value["flips"]), value["error"]
    if takeover is None or flips is None or not (error is None or _is_number(error)):
        raise ValueError("no prediction")
    return Prediction(takeover, flips, error)
