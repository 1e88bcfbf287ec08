"""From a learned population to a fit that says what it knows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.findings.assembly import Units, assemble, own_units
from fjsim.fitting.findings.bootstrap import percentiles, question_index, tail_share
from fjsim.fitting.findings.identified import FittedPopulation, Intervals, PopulationPart
from fjsim.fitting.findings.result import FJFit, ItemParameters
from fjsim.fitting.population.knowing import posterior_of
from fjsim.fitting.population.learning import MOST_PAIRS, Learned, mixing_equations
from fjsim.fitting.population.likelihood import likelihood_table
from fjsim.fitting.population.mixing import Posterior
from fjsim.fitting.population.pairs import pairs_of
from fjsim.fitting.population.spread import (
    drawn_means,
    moments,
    population_parts,
    resampled_questions,
)
from fjsim.fitting.rows.columns import routed_rows
from fjsim.fitting.rows.given import usual_shares
from fjsim.fitting.rows.grams import Grams
from fjsim.fitting.rows.hearing import PEERS, router_mix
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.rows.solving import finite_influence, split_rows
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream


@dataclass(frozen=True)
class Resampling:
    """How intervals are drawn: how often, at which level, from which seed."""

    resamples: int
    level: float
    seed: int


@dataclass(frozen=True)
class Described:
    """What a population is told from.

    Parameters
    ----------
    transcript : Transcript
        What was fitted.
    normal : Grams
        Per item, over the columns of the model.
    learned : Learned
    kind : {'seat', 'even', 'given'}
        Whose words count.
    rows : ndarray of shape (n_items, n_agents, n_columns)
        Mean law of each item given its turns.
    acting : ndarray of shape (n_items, n_agents, n_agents + 2)
        The same over speakers, mean over rounds.
    """

    transcript: Transcript
    normal: Grams
    learned: Learned
    kind: str
    rows: Array
    acting: Array

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which pairs of an item and an agent have turns."""
        return np.asarray(self.normal.turns.ravel() > 0)


def describe(name: str, found: Described, how: Resampling) -> FJFit:
    """Make the result of a hierarchical fit.

    Parameters
    ----------
    name : str
        Name of the estimator.
    found : Described
    how : Resampling

    Returns
    -------
    FJFit
        With parameters per item, seats' means over items, and the population.
    """
    fit = assemble(name, found.transcript, _pooled(found), _typical_rows(found), _units(found))
    known = posterior_of(pairs_of(found.normal, found.learned.mixing), found.learned)
    items = _items(found, known)
    fit = replace(
        fit,
        rows=found.acting.mean(axis=0),
        one_step_mse=_error(found),
        items=items,
        details={"influence": found.kind, "noise": found.learned.noise},
    )
    fit = _with_seats(fit, found, known)
    return _with_population(fit, found, how)


def _units(found: Described) -> Units:
    if found.kind == "seat":
        return own_units(found.acting.mean(axis=0))
    if found.transcript.exchangeable:
        of_seat = np.zeros(found.transcript.n_agents, dtype=np.int64)
        mean = found.acting.mean(axis=0)
        return Units(of_seat, mean, influence_known=False, names=("the peers",))
    seats, mean = np.arange(found.transcript.n_agents), found.acting.mean(axis=0)
    if found.kind == "even":
        return Units(seats, mean, influence_known=True)
    return Units(seats, mean, given=usual_shares(found.transcript))


def _pooled(found: Described) -> Grams:
    """Return the sums over items; over the members of a crowd too."""
    normal = found.normal.pooled()
    if not found.transcript.exchangeable:
        return normal
    return normal.of_groups(np.zeros(found.transcript.n_agents, dtype=np.int64))


def _typical_rows(found: Described) -> Array:
    """Return the mean law over items; over the members of a crowd too."""
    if not found.transcript.exchangeable:
        return np.asarray(found.rows.mean(axis=0))
    turned = found.normal.turns > 0
    return np.asarray(found.rows[turned].mean(axis=0, keepdims=True))


def _error(found: Described) -> float:
    errors = np.maximum(found.normal.errors(found.rows), 0.0).sum()
    return float(errors / (2 * max(float(found.normal.turns.sum()), 1.0)))


def _items(found: Described, known: Posterior) -> ItemParameters:
    """Return what is known item by item; NaN where an agent has no turn that counts."""
    shape = found.normal.turns.shape
    there = found.counted.reshape(shape)
    transcript = found.transcript
    moved = routed_rows(found.acting, router_mix(transcript), by_item=True)
    return ItemParameters(
        rows=found.acting,
        stubbornness=np.where(there, known.stubbornness.reshape(shape), np.nan),
        self_weight=np.where(there, known.self_weight.reshape(shape), np.nan),
        influence=split_rows(found.acting).influence,
        influence_shares=finite_influence(moved, transcript.n_rounds).mean(axis=-2),
    )


def _with_seats(fit: FJFit, found: Described, known: Posterior) -> FJFit:
    """Put the seats' means over items where one law would have its parameters."""
    items = fit.items
    assert items is not None, "parameters per item come first"
    alike = found.transcript.exchangeable

    def seats(values: Array) -> Array:
        there = ~np.isnan(values)
        if alike:
            return np.full(values.shape[1], values[there].mean() if there.any() else np.nan)
        count = there.sum(axis=0)
        total = np.where(there, values, 0.0).sum(axis=0)
        blank = np.full(len(count), np.nan)
        return np.asarray(np.divide(total, count, out=blank, where=count > 0))

    sure = fit.identified
    shares = np.full(fit.n_agents, np.nan) if alike else items.influence_shares.mean(axis=0)
    influence = fit.influence
    if found.kind == "seat":
        influence = np.where(sure.influence, _seat_mixing(found), np.nan)
    return replace(
        fit,
        stubbornness=np.where(sure.stubbornness, seats(items.stubbornness), np.nan),
        self_weight=np.where(sure.self_weight, seats(items.self_weight), np.nan),
        influence=influence,
        influence_shares=shares,
    )


def _seat_mixing(found: Described) -> Array:
    mixing = found.learned.mixing
    return np.where(mixing.sum(axis=-1, keepdims=True) > 0, mixing, np.nan)


def _with_population(fit: FJFit, found: Described, how: Resampling) -> FJFit:
    """Add mean and spread, and intervals for seats."""
    if not fit.identified.stubbornness.any():
        return fit
    place = np.flatnonzero(found.counted)
    place = _thinned(place, found.transcript.n_agents, how.seed)
    pairs = pairs_of(found.normal, found.learned.mixing).select(place)
    table = likelihood_table(pairs, found.learned.noise)
    names = found.transcript.question_ids
    sums = moments(table, found.learned.theta, place, names, fit.n_agents)
    n_questions = sums.count.shape[0]
    totals = sums.total.sum(axis=(0, 1)) / max(float(sums.count.sum()), 1.0)
    tail = tail_share(how.level, n_questions)
    drawn = means = None
    if how.resamples and not np.isnan(tail):
        drawn = resampled_questions(names, how.resamples, how.seed)
        means = drawn_means(sums, drawn)
    whole = None if means is None else means[:, -1]
    stubbornness, self_weight = population_parts(totals, whole, how.level, n_questions)
    shares = _share_parts(fit, names, drawn, tail)
    fit = replace(
        fit, population=FittedPopulation(stubbornness, self_weight, shares, found.learned.noise)
    )
    if means is None or drawn is None:
        return fit
    return replace(fit, intervals=_intervals(fit, found, how, drawn, means, tail))


def _thinned(place: NDArray[np.int64], n_agents: int, seed: int) -> NDArray[np.int64]:
    """Keep as many pairs, of whole items, as fit a table."""
    if len(place) <= 2 * MOST_PAIRS:
        return place
    items = np.unique(place // n_agents)
    most = max(2 * MOST_PAIRS * len(items) // len(place), 1)
    kept = stream(seed, "fit-hierarchical-intervals").permutation(items)[:most]
    return place[np.isin(place // n_agents, kept)]


def _share_parts(
    fit: FJFit, names: tuple[str, ...], drawn: Array | None, tail: float
) -> tuple[PopulationPart, ...]:
    """Return mean and spread over items of each seat's share."""
    assert fit.items is not None, "parameters per item come first"
    if np.isnan(fit.influence_shares).all():
        return ()
    shares = fit.items.influence_shares
    mean, spread = shares.mean(axis=0), shares.std(axis=0)
    blank = np.full((2, fit.n_agents), np.nan)
    ends, widths = blank, blank
    if drawn is not None:
        weights = drawn[:, question_index(names)]
        count = weights.sum(axis=1, keepdims=True)
        means = weights @ shares / count
        squares = weights @ shares**2 / count
        ends = percentiles(means, tail)
        widths = percentiles(np.sqrt(np.maximum(squares - means**2, 0.0)), tail)
    return tuple(
        PopulationPart(*map(float, (mean[j], *ends[:, j], spread[j], *widths[:, j])))
        for j in range(fit.n_agents)
    )


def _intervals(
    fit: FJFit, found: Described, how: Resampling, drawn: Array, means: Array, tail: float
) -> Intervals:
    """Return intervals of the seats' means, of their weights of speakers, and of their shares."""
    seats = means[:, -1:] if found.transcript.exchangeable else means[:, :-1]
    parts = None if fit.population is None else fit.population.influence_shares

    def shown(values: Array, estimate: Array) -> Array:
        ends = percentiles(np.clip(values, 0, 1), tail)
        return np.where(np.isnan(estimate), np.nan, ends)

    shares = np.full((2, fit.n_agents), np.nan)
    if parts:
        shares = np.array([[part.low for part in parts], [part.high for part in parts]])
    influence = np.full((2, fit.n_agents, fit.n_agents), np.nan)
    if found.kind == "seat":
        influence = shown(_drawn_mixing(found, drawn), fit.influence)
    return Intervals(
        how.level,
        how.resamples,
        drawn.shape[1],
        stubbornness=shown(seats[..., 0], fit.stubbornness),
        self_weight=shown(seats[..., 2], fit.self_weight),
        influence=influence,
        influence_shares=shares,
    )


def _drawn_mixing(found: Described, drawn: Array) -> Array:
    """Return the weights of speakers in every resample, given what is known of each item."""
    known = posterior_of(pairs_of(found.normal, found.learned.mixing), found.learned)
    chosen = Posterior(
        *(getattr(known, name)[found.counted] for name in Posterior.__dataclass_fields__)
    )
    products, targets = mixing_equations(found.normal, chosen, found.counted)
    weights = drawn[:, question_index(found.transcript.question_ids)]
    speakers, size = found.normal.allowed[:, PEERS:], targets.shape[-1]
    rows = []
    # One listener at a time: the matrices of all resamples and listeners would be large together.
    for listener in range(targets.shape[1]):
        gram = weights @ products[:, listener].reshape(len(products), -1)
        aim = weights @ targets[:, listener]
        solved = solve_rows(
            gram.reshape(-1, size, size), aim, speakers[listener], found.learned.mixing[listener]
        )
        rows.append(solved.rows)
    return np.stack(rows, axis=1)
