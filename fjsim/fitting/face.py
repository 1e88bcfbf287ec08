"""One call from a transcript to a fit that says what it knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fjsim.errors import ConfigError
from fjsim.fitting.estimators.contract import Estimator, RowEstimator
from fjsim.fitting.findings.caveats import control_warning
from fjsim.fitting.findings.result import FJFit
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.source import HasArms, recorded
from fjsim.records.transcript import Transcript
from fjsim.registry import build


def fit(
    source: Transcript | HasArms | ImportedLog | str | Path,
    model: str | Estimator = "pooled",
    *,
    compare: bool | Iterable[str] = False,
    nulls: bool = False,
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
        Name of an estimator, or one made by hand. A crowd whose members differ from item to item
        gets ``exchangeable`` instead of a model with one row per seat, and a warning.
    compare : bool or iterable of str, default False
        Whether to add the held-out comparison, or under which protocols.
    nulls : bool, default False
        Whether to add the tests of input-dependence.
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
    estimator = _estimator(transcript, model, seed, parameters)
    estimator.fit(transcript)
    if not isinstance(estimator, RowEstimator):
        raise ConfigError(
            f"'{estimator.name}' has no Friedkin-Johnsen parameters; name it in a comparison, or "
            "fit pooled, item, shrunk, group, gated, trajectory, bias or exchangeable"
        )
    result = estimator.result_
    if transcript.exchangeable and isinstance(model, str) and model != estimator.name:
        note = f"fitted as '{estimator.name}' instead of '{model}': seats have no identity"
        result = replace(result, warnings=(*result.warnings, note))
    control = control_warning(transcript)
    first = (*notes, *([control] if control else []))
    if first:
        result = replace(result, warnings=(*first, *result.warnings))
    return _with_extras(result, transcript, estimator, compare, nulls, seed)


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
    estimator: Estimator,
    compare: bool | Iterable[str],
    nulls: bool,
    seed: int,
) -> FJFit:
    """Add the comparison and the null tests."""
    if compare:
        from fjsim.fitting.validate import comparison

        protocols = tuple(comparison.PROTOCOLS) if compare is True else tuple(compare)
        models: list[str | Estimator] = list(comparison.default_models(transcript))
        if estimator.name not in models:
            models.append(estimator)
        table = comparison.compare(transcript, models, protocols, seed)
        result = replace(result, comparison=table)
    if nulls:
        from fjsim.fitting.validate.nulls import null_tests

        result = replace(result, nulls=null_tests(transcript, seed=seed))
    return result
