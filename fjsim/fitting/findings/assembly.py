"""From fitted rows to a result that says what it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.findings.bootstrap import percentile_intervals, question_index
from fjsim.fitting.findings.caveats import log_warnings
from fjsim.fitting.findings.equilibrium import Known, with_equilibrium
from fjsim.fitting.findings.identifiability import (
    Determined,
    blind_spots,
    determined,
    precision,
)
from fjsim.fitting.findings.identified import Identified, Intervals
from fjsim.fitting.findings.item_means import with_item_means
from fjsim.fitting.findings.result import FJFit, ItemParameters
from fjsim.fitting.rows.columns import routed_rows
from fjsim.fitting.rows.given import usual_shares
from fjsim.fitting.rows.grams import Grams
from fjsim.fitting.rows.hearing import (
    INNATE,
    OWN,
    PEERS,
    Flags,
    router_mix,
    unheard_edges,
    unplaced_turns,
)
from fjsim.fitting.rows.mixtures import Mixture, expand_rows
from fjsim.fitting.rows.solving import LawParts, finite_influence, split_rows
from fjsim.records.transcript import Transcript


@dataclass(frozen=True)
class Units:
    """How fitted rows stand for seats.

    Parameters
    ----------
    of_seat : ndarray of int, shape (n_agents,)
        Which fitted row holds for each seat.
    rows : ndarray of shape (n_agents, n_agents + 2)
        Weights over speakers, for predictions without a transcript.
    influence_known : bool
        Whether ``rows`` says who is listened to, or only how much peers count together.
    given : ndarray of shape (n_agents, n_agents), or None
        Influence that was not fitted but declared.
    names : tuple of str
        What to call the fitted rows; empty for the names of the seats.
    """

    of_seat: NDArray[np.int64]
    rows: Array
    influence_known: bool = True
    given: Array | None = None
    names: tuple[str, ...] = ()


def own_units(rows: Array) -> Units:
    """Return the units of a model with one row per seat over all speakers."""
    return Units(np.arange(len(rows)), rows)


def given_units(transcript: Transcript, rows: Array) -> Units:
    """Return the units of a model with one row per seat, in which speakers are mixed as given.

    Parameters
    ----------
    transcript : Transcript
        What was fitted.
    rows : ndarray of shape (n_agents, 3)
        Weights on the innate belief, the own last one and the mixture.
    """
    mean = usual_shares(transcript)
    return Units(np.arange(len(rows)), spread_as_given(rows, mean), given=mean)


def spread_as_given(rows: Array, shares: Array) -> Array:
    """Return rows over speakers from rows over one mixture.

    Parameters
    ----------
    rows : ndarray of shape (..., n_agents, 3)
    shares : ndarray of shape (n_agents, n_agents)
        What shares lack to 1 stays with the own last belief.

    Returns
    -------
    ndarray of shape (..., n_agents, n_agents + 2)
    """
    spread = np.concatenate([rows[..., :PEERS], rows[..., PEERS:] * shares], axis=-1)
    spread[..., OWN] = 1 - spread[..., INNATE] - spread[..., PEERS:].sum(axis=-1)
    return np.asarray(np.clip(spread, 0.0, 1.0))


def assemble(
    model: str,
    transcript: Transcript,
    normal: Grams,
    rows: Array,
    units: Units | None = None,
    draws: Array | None = None,
    level: float = 0.95,
    **extra: Any,
) -> FJFit:
    """Make the result of a fit.

    Parameters
    ----------
    model : str
        Name of the estimator.
    transcript : Transcript
        What was fitted.
    normal : Grams
        Its pooled normal equations, one set per fitted row.
    rows : ndarray of shape (n_rows, n_columns)
        Fitted weights.
    units : Units, optional
        How rows stand for seats; default one row per seat.
    draws : ndarray of shape (n_resamples, n_agents, n_agents + 2), optional
        Bootstrapped weights over speakers.
    level : float, default 0.95
        Level of the intervals.
    **extra
        Further fields of `FJFit`.

    Returns
    -------
    FJFit
    """
    units = own_units(rows) if units is None else units
    exact = precision(normal, rows)
    known = determined(exact, rows, normal.allowed)
    parts = split_rows(rows)
    names = seat_names(transcript)
    most = np.broadcast_to(_most_turns(transcript, units), len(rows))
    spots = blind_spots(normal, most, units.names or names, rows[:, PEERS:].sum(axis=-1))
    seat_parts, seat_known = _seats(parts, known, units, transcript.n_agents)
    unheard = unheard_edges(transcript)
    if units.given is None:
        seat_known = _without_unheard(seat_known, unheard)
    identified = _identified(seat_known, exact, spots, units, transcript, unheard)
    error = transcript.error_scale * _half_mean(normal.errors(rows), normal.turns)
    settled = Known(
        stubbornness=_shown(seat_parts.stubbornness, seat_known.stubbornness),
        self_weight=_shown(seat_parts.self_weight, seat_known.self_weight),
        influence=_shown(seat_parts.influence, seat_known.influence),
        influence_shares=_shares(units, transcript),
        rows=units.rows,
        identified=identified,
        warnings=log_warnings(transcript) + _blind_warnings(identified, names),
    )
    if draws is not None:
        settled = replace(settled, intervals=_masked_intervals(settled, draws, level, transcript))
    between_seats = units.influence_known or units.given is not None
    settled = with_equilibrium(settled, transcript, error, units.influence_known, between_seats)
    return _result(model, transcript, normal, settled, error, extra)


def _result(
    model: str,
    transcript: Transcript,
    normal: Grams,
    known: Known,
    error: float,
    extra: Mapping[str, Any],
) -> FJFit:
    """Return the result, made once from all that is known."""
    further = dict(extra)
    if known.at_rest:
        further.pop("predictor", None)
    return FJFit(
        model=model,
        n_items=transcript.n_items,
        n_agents=transcript.n_agents,
        n_rounds=transcript.n_rounds,
        agents=seat_names(transcript),
        stubbornness=known.stubbornness,
        self_weight=known.self_weight,
        influence=known.influence,
        influence_shares=known.influence_shares,
        rows=known.rows,
        identified=known.identified,
        intervals=known.intervals,
        warnings=known.warnings,
        one_step_mse=error,
        persistence_mse=transcript.error_scale * _half_mean(normal.power, normal.turns),
        n_turns=int(normal.turns.sum()),
        equilibrium_influence=known.equilibrium_influence,
        simulated=transcript.simulated,
        **further,
    )


def seat_names(transcript: Transcript) -> tuple[str, ...]:
    """Return the names of the seats; their numbers where they have none."""
    return transcript.agents or tuple(str(seat) for seat in range(transcript.n_agents))


def item_parameters(
    normal: Grams, rows: Array, transcript: Transcript, acting: Array | None = None
) -> ItemParameters:
    """Return parameters item by item, NaN where the item does not determine them.

    Parameters
    ----------
    normal : Grams
        Per item.
    rows : ndarray of shape (n_items, n_agents, n_columns)
    transcript : Transcript
        What was fitted.
    acting : ndarray of shape (n_items, n_agents, n_agents + 2), optional
        The same over speakers, where the rows are over a mixture that was given; default ``rows``.
    """
    known = determined(precision(normal, rows), rows, normal.allowed)
    counted = normal.turns > 0
    parts, over = split_rows(rows), rows if acting is None else acting
    influence, sure = parts.influence, known.influence & counted[..., None]
    if acting is None:
        known = _without_unheard(known, unheard_edges(transcript, by_item=True))
        sure = known.influence & counted[..., None]
    else:
        influence = split_rows(acting).influence
        sure = np.broadcast_to(counted[..., None], influence.shape)
    moved = routed_rows(over, router_mix(transcript), by_item=True)
    return ItemParameters(
        over,
        _shown(parts.stubbornness, known.stubbornness & counted),
        _shown(parts.self_weight, known.self_weight & counted),
        _shown(influence, sure),
        finite_influence(moved, transcript.n_rounds).mean(axis=-2),
    )


def item_result(
    model: str,
    transcript: Transcript,
    per_item: Grams,
    common: Array,
    rows: Array,
    resamples: int = 0,
    level: float = 0.95,
    seed: int = 0,
    mixture: Mixture | None = None,
    **extra: Any,
) -> FJFit:
    """Make the result of a model with parameters per item.

    Parameters
    ----------
    model : str
        Name of the estimator.
    transcript : Transcript
        What was fitted.
    per_item : Grams
        Its normal equations.
    common : ndarray of shape (n_agents, n_columns)
        Row that stands for all items, and for those that were not fitted.
    rows : ndarray of shape (n_items, n_agents, n_columns)
    resamples, level, seed
        Of the intervals of the means over items.
    mixture : callable, optional
        How speakers are mixed to the one column that the rows have for them.
    **extra
        As for `assemble`.

    Returns
    -------
    FJFit
    """
    units = None if mixture is None else given_units(transcript, common)
    fit = assemble(model, transcript, per_item.pooled(), common, units, **extra)
    names = zip(transcript.question_ids, transcript.replicas.tolist(), strict=True)
    known = dict(zip(names, rows, strict=True))
    acting = None
    if mixture is not None:
        acting = expand_rows(rows[:, None], mixture(transcript)).mean(axis=1)
    fit = replace(
        fit,
        items=item_parameters(per_item, rows, transcript, acting),
        one_step_mse=transcript.error_scale * _half_mean(per_item.errors(rows), per_item.turns),
        predictor=partial(_rows_of_items, known, common, mixture),
    )
    return with_item_means(fit, transcript.question_ids, resamples, level, seed)


def _rows_of_items(
    known: Mapping[tuple[str, int], Array],
    common: Array,
    mixture: Mixture | None,
    given: Transcript,
) -> Array:
    keys = zip(given.question_ids, given.replicas.tolist(), strict=True)
    rows = np.stack([known.get(key, common) for key in keys])
    return rows if mixture is None else expand_rows(rows[:, None], mixture(given))


def _shown(values: Array, known: Flags) -> Array:
    """Blank what is not identified."""
    return np.where(known, values, np.nan)


def _half_mean(errors: Array, turns: Array) -> float:
    total = float(turns.sum())
    return float(max(errors.sum(), 0.0) / (2 * total)) if total else float("nan")


def _most_turns(transcript: Transcript, units: Units) -> NDArray[np.int64]:
    """Return the largest number of updates on one item, per fitted row."""
    valid = transcript.valid
    known = valid[:, 1:] & valid[:, :-1] & ~unplaced_turns(transcript)
    per_seat = known.sum(axis=1).max(axis=0, initial=0)
    most = np.zeros(int(units.of_seat.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(most, units.of_seat, per_seat)
    return most


def _seats(
    parts: LawParts, known: Determined, units: Units, n_agents: int
) -> tuple[LawParts, Determined]:
    """Spread the fitted rows over the seats."""
    at = units.of_seat
    if units.given is not None:
        influence, sure = units.given, np.ones((n_agents, n_agents), bool)
    elif not units.influence_known:
        influence = np.full((n_agents, n_agents), np.nan)
        sure = np.zeros((n_agents, n_agents), bool)
    else:
        influence = split_rows(units.rows).influence
        sure = known.influence[at]
        if sure.shape[-1] != n_agents:
            sure = np.broadcast_to(sure.all(axis=-1, keepdims=True), (n_agents, n_agents))
    return (
        LawParts(parts.stubbornness[at], parts.self_weight[at], influence),
        Determined(known.stubbornness[at], known.self_weight[at], sure),
    )


def _without_unheard(known: Determined, unheard: Flags) -> Determined:
    """Rule out what speakers that were never heard would weigh: it counts as self-weight."""
    whole = np.asarray(~unheard.any(axis=-1))
    return Determined(
        known.stubbornness, known.self_weight & whole, known.influence & whole[..., None]
    )


def _identified(
    known: Determined,
    exact: Any,
    spots: list[list[str]],
    units: Units,
    transcript: Transcript,
    unheard: Flags,
) -> Identified:
    """Collect the identifiability report, seat by seat."""
    at = units.of_seat
    names = seat_names(transcript)
    held = set(np.flatnonzero(transcript.hostile.all(axis=0)).tolist())
    reasons = []
    for seat in range(transcript.n_agents):
        if seat in held:
            reasons.append(("an adversary's seat: taken as recorded, not fitted",))
            continue
        named = list(spots[at[seat]])
        if not (known.stubbornness[seat] or named):
            named.append("beliefs differ too little for the noise: its standard error exceeds 0.15")
        missed = units.given is None and bool(unheard[seat].any())
        if not (named or missed or known.self_weight[seat]):
            named.append("what it heard differs too little to tell its self-weight")
        if missed:
            speakers = ", ".join(names[speaker] for speaker in np.flatnonzero(unheard[seat]))
            named.append(
                f"never heard {speakers}, to whom its weights give a share: that share "
                "cannot be told from the self-weight"
            )
        reasons.append(tuple(named))
    return Identified(
        stubbornness=known.stubbornness,
        self_weight=known.self_weight,
        influence=known.influence,
        equilibrium=True,
        reasons=tuple(reasons),
        noise=exact.noise[at],
        smallest_singular_value=exact.smallest[at],
        rank=exact.rank[at],
        n_unknowns=exact.n_unknowns[at],
    )


def _shares(units: Units, transcript: Transcript) -> Array:
    if not units.influence_known and units.given is None:
        return np.full(len(units.rows), np.nan)
    acting = routed_rows(units.rows, router_mix(transcript))
    return np.asarray(finite_influence(acting, transcript.n_rounds).mean(axis=0))


def _masked_intervals(
    known: Known, draws: Array, level: float, transcript: Transcript
) -> Intervals:
    """Return intervals, blank where the estimate is."""
    n_questions = int(question_index(transcript.question_ids).max(initial=-1)) + 1
    acting = routed_rows(draws, router_mix(transcript))
    raw = percentile_intervals(draws, transcript.n_rounds, level, n_questions, acting)
    return replace(
        raw,
        stubbornness=np.where(np.isnan(known.stubbornness), np.nan, raw.stubbornness),
        self_weight=np.where(np.isnan(known.self_weight), np.nan, raw.self_weight),
        influence=np.where(np.isnan(known.influence), np.nan, raw.influence),
        influence_shares=np.where(np.isnan(known.influence_shares), np.nan, raw.influence_shares),
    )


def _blind_warnings(identified: Identified, names: tuple[str, ...]) -> tuple[str, ...]:
    """Turn blind spots into warnings, each once with the seats it concerns."""
    seats: dict[str, list[int]] = {}
    for seat, reasons in enumerate(identified.reasons):
        for reason in reasons:
            seats.setdefault(reason, []).append(seat)
    everyone = len(identified.reasons)
    return tuple(
        reason
        if len(where) == everyone
        else f"{', '.join(names[seat] for seat in where)}: {reason}"
        for reason, where in seats.items()
    )
