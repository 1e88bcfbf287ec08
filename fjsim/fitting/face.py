"""One call from a transcript to a fit that says what it knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fjsim.errors import ConfigError
from fjsim.fitting.estimators.contract import Estimator, RowEstimator, treated
from fjsim.fitting.findings.caveats import control_warning
from fjsim.fitting.findings.protocols import PROTOCOLS
from fjsim.fitting.findings.result import FJFit
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.source import HasArms, recorded
from fjsim.records.transcript import Transcript
from fjsim.registry import build

AUTO = "auto"
"""The model that the log asks for."""


def fit(
    source: Transcript | HasArms | ImportedLog | str | Path,
    model: str | Estimator = "pooled",
    *,
    compare: bool | Iterable[str] = False,
    nulls: bool = False,
    one_law: bool | None = None,
    seed: int = 0,
    **parameters: Any,
) -> FJFit:
    """Fit Friedkin-Johnsen parameters to a recorded deliberation.

    Parameters
    ----------
    source : Run, Transcript, ImportedLog, str or Path
        What was recorded, or the path of a run folder or of a foreign log. Of a run the clean arm
        is fitted, where there is one: what an adversary says or forges tells nothing of how the
        others listen. Control items are kept out of the fit.
    model : str or Estimator, default 'pooled'
        Name of an estimator, or one made by hand; ``auto`` tests whether one law holds for all
        items and chooses by held-out questions, see `fjsim.fitting.automatic`. A crowd whose
        members differ from item to item gets ``exchangeable`` instead of a model with one row per
        seat, and a warning.
    compare : bool or iterable of str, default False
        Whether to add the held-out comparison, or under which protocols.
    nulls : bool, default False
        Whether to add the tests of input-dependence.
    one_law : bool, optional
        Whether to test if one law holds for all items; default yes unless ``resamples=0``. A model
        of one law says in its first warning where it does not.
    seed : int, default 0
        Seed of everything drawn.
    **parameters
        Parameters of the estimator, for example ``resamples``.

    Returns
    -------
    FJFit

    Raises
    ------
    ConfigError
        If the source is none of these, or the model is no fit of the law, or has no such parameter.
    ParameterError
        If there is nothing to fit.

    Examples
    --------
    >>> import fjsim  # doctest: +SKIP
    >>> fjsim.fit(run, model="pooled").summary()  # doctest: +SKIP
    """
    transcript, notes = recorded(source)
    if model == AUTO:
        from fjsim.fitting.automatic import fit_automatically

        result = _noted(fit_automatically(transcript, compare, seed, parameters), transcript, notes)
        return _with_extras(result, transcript, None, False, nulls, seed)
    estimator = _estimator(transcript, model, seed, parameters)
    estimator.fit(transcript)
    if not isinstance(estimator, RowEstimator):
        raise ConfigError(
            f"'{estimator.name}' has no Friedkin-Johnsen parameters; name it in a comparison, or "
            "fit pooled, hierarchical, item, shrunk, group, gated, trajectory, bias or exchangeable"
        )
    result = estimator.result_
    if parameters.get("resamples", 1) != 0 if one_law is None else one_law:
        result = _tested(result, transcript, seed)
    if transcript.exchangeable and isinstance(model, str) and model != estimator.name:
        note = f"fitted as '{estimator.name}' instead of '{model}': seats have no identity"
        result = replace(result, warnings=(*result.warnings, note))
    result = _noted(result, transcript, notes)
    return _with_extras(result, transcript, estimator, compare, nulls, seed)


def _unit(transcript: Transcript) -> str:
    """Return in what errors of beliefs are measured, in the log's own words."""
    if transcript.unit is not None:
        return transcript.unit.name
    return "share of the scale" if transcript.opinions else "probability"


def _noted(result: FJFit, transcript: Transcript, notes: tuple[str, ...]) -> FJFit:
    """Say first what was inferred in reading, and which items were kept out."""
    control = control_warning(transcript)
    first = (*notes, *([control] if control else []))
    return replace(result, warnings=(*first, *result.warnings)) if first else result


def _tested(result: FJFit, transcript: Transcript, seed: int) -> FJFit:
    """Add the test of one law, and say where it does not hold."""
    from fjsim.fitting.automatic import ONE_LAW
    from fjsim.fitting.findings.caveats import VARIES
    from fjsim.fitting.validate.one_law import one_law_test

    tested = one_law_test(transcript, seed)
    result = replace(result, one_law=tested)
    if tested.holds is False and result.model in ONE_LAW:
        advice = f"{VARIES}; model 'hierarchical' gives it"
        result = replace(result, warnings=(advice, *result.warnings))
    return result


def _estimator(
    transcript: Transcript, model: str | Estimator, seed: int, parameters: dict[str, Any]
) -> Estimator:
    if isinstance(model, Estimator):
        return model
    by_seat = ("pooled", "item", "shrunk", "group", "gated", "trajectory", "legacy")
    name = "exchangeable" if transcript.exchangeable and model in by_seat else model
    made: Estimator = build("estimator", {"kind": name, **parameters})
    if hasattr(made, "seed") and "seed" not in parameters:
        made.seed = seed
    return made


def _with_extras(
    result: FJFit,
    transcript: Transcript,
    estimator: Estimator | None,
    compare: bool | Iterable[str],
    nulls: bool,
    seed: int,
) -> FJFit:
    """Add units, split halves, the comparison and the null tests."""
    from fjsim.fitting.findings.split_half import split_half

    halves = split_half(result, treated(transcript), seed)
    result = replace(result, split_half=halves, unit=_unit(transcript))
    if compare and estimator is not None:
        from fjsim.fitting.validate import comparison

        protocols = tuple(PROTOCOLS) if compare is True else tuple(compare)
        models: list[str | Estimator] = list(comparison.default_models(transcript))
        if estimator.name not in models:
            models.append(estimator)
        table = comparison.compare(transcript, models, protocols, seed)
        result = replace(result, comparison=table)
    if nulls:
        from fjsim.fitting.validate.nulls import null_tests

        result = replace(result, nulls=null_tests(transcript, seed=seed))
    return result
