"""A model chosen by the log: one law or a population, whichever predicts held-out questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from fjsim.errors import FjsimError
from fjsim.fitting.estimators.contract import RowEstimator, treated
from fjsim.fitting.findings.caveats import VARIES
from fjsim.fitting.findings.identified import ModelChoice, OneLaw
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.validate.choice import PROTOCOL, choose
from fjsim.fitting.validate.comparison import HeldOut, default_models, held_out
from fjsim.fitting.validate.errors import reliability
from fjsim.fitting.validate.one_law import one_law_test
from fjsim.records.transcript import Transcript
from fjsim.registry import build

ONE_LAW = ("pooled", "exchangeable", "by-role", "hostile-multiplier", "group", "trajectory")
"""Models that give all items one law."""


def fit_automatically(
    transcript: Transcript,
    compare: bool | Iterable[str],
    seed: int,
    parameters: dict[str, Any],
) -> FJFit:
    """Fit the model that the log asks for.

    Parameters
    ----------
    transcript : Transcript
    compare : bool or iterable of str
        Whether to add the whole comparison, or under which protocols.
    seed : int
    parameters : dict
        Parameters of every estimator.

    Returns
    -------
    FJFit
        Of the chosen model, with the test of one law, the choice, the population where one law
        does not hold, and how well the chosen model's probabilities are calibrated.

    Notes
    -----
    Candidates, the one that is kept where it predicts as well first: ``pooled`` unless members
    differ from item to item; ``exchangeable``; ``by-role`` where a log marks hostile seats;
    ``hierarchical`` where one law is rejected. See `fjsim.fitting.validate.choice.choose`. What
    roles weigh is reported whatever is chosen.
    """
    tested = one_law_test(transcript, seed)
    made = _candidates(transcript, tested, seed, parameters)
    held = _held_out(transcript, made, compare, seed)
    choice = choose(held, tuple(made))
    name = choice.model if choice is not None else _unchosen(made)
    result = made[name].result_
    varying = made.get("hierarchical")
    if varying is not None and result.population is None:
        population = varying.result_.population
        result = replace(result, population=population)
        if tested.holds is False and name in ONE_LAW:
            result = replace(result, warnings=(VARIES, *result.warnings))
    by_role = made.get("by-role")
    if by_role is not None and not result.roles:
        result = replace(result, roles=by_role.result_.roles)
    if compare:
        result = replace(result, comparison=held.table())
    return replace(
        result, one_law=tested, choice=choice, reliability=_reliability(held, name, choice)
    )


def _reliability(held: HeldOut, name: str, choice: ModelChoice | None) -> Any:
    if choice is None:
        return None
    scores = held.scores[PROTOCOL][name]
    return reliability(scores.sure, scores.top)


def _unchosen(made: dict[str, RowEstimator]) -> str:
    """Return the model of a log of which nothing can be held out."""
    return "pooled" if "pooled" in made else next(iter(made))


def _candidates(
    transcript: Transcript, tested: OneLaw, seed: int, parameters: dict[str, Any]
) -> dict[str, RowEstimator]:
    """Fit the models that may be chosen, simplest first; those that refuse the log are left out."""
    names = ["exchangeable"] if transcript.exchangeable else ["pooled", "exchangeable"]
    if treated(transcript).hostile.any():
        names.append("by-role")
    if tested.holds is False:
        names.append("hierarchical")
    made: dict[str, RowEstimator] = {}
    refused: FjsimError | None = None
    for name in names:
        estimator: RowEstimator = build("estimator", {"kind": name, "seed": seed, **parameters})
        try:
            made[name] = estimator.fit(transcript)
        except FjsimError as error:
            refused = error
    if not made and refused is not None:
        raise refused
    return made


def _held_out(
    transcript: Transcript, made: dict[str, RowEstimator], compare: bool | Iterable[str], seed: int
) -> HeldOut:
    """Hold out questions, and whatever else is compared."""
    from fjsim.fitting.findings.protocols import PROTOCOLS

    models: list[Any] = list(made.values())
    protocols: Sequence[str] = (PROTOCOL,)
    if compare:
        models += [name for name in default_models(transcript) if name not in made]
        protocols = tuple(PROTOCOLS) if compare is True else (PROTOCOL, *compare)
    else:
        models.append("fitted-degroot")
    return held_out(transcript, models, tuple(dict.fromkeys(protocols)), seed)
