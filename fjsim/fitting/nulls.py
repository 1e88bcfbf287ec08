"""Is it input-dependent at all? Tests against one shared law, permuted peers and a control arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.bootstrap import bootstrap_rows
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.linear import summed_listeners
from fjsim.fitting.grams import Columns, Grams, grams
from fjsim.fitting.hearing import (
    INNATE,
    OWN,
    PEERS,
    columns_of_round,
    expressed_prediction,
    hearing,
    spoken_beliefs,
)
from fjsim.fitting.mixtures import even_mixture, expand_rows, mixed_columns
from fjsim.fitting.prediction import _carried, apply_rows
from fjsim.fitting.rows import finite_influence
from fjsim.fitting.simplex import closest_on_simplex, solve_rows
from fjsim.records.transcript import NOT_HEARD, Transcript
from fjsim.seeds import stream

N_DRAWS = 199
N_PERMUTATIONS = 99


@dataclass(frozen=True)
class Beside:
    """A statistic beside what the null gives for it.

    Parameters
    ----------
    observed : float
    null_mean, null_low, null_high : float
        Mean and central 95 % under the null.
    """

    observed: float
    null_mean: float
    null_low: float
    null_high: float


@dataclass(frozen=True)
class ControlArm:
    """Weight on peers that nobody heard, beside the weight on peers that were heard.

    Parameters
    ----------
    control, control_low, control_high : float
        Fitted weight on the unseen group mean in the control arm, with its 95 % interval:
        regression to the mean and nothing else.
    treated, treated_low, treated_high : float
        The same fit in the arm in which peers were heard.
    """

    control: float
    control_low: float
    control_high: float
    treated: float
    treated_low: float
    treated_high: float


@dataclass(frozen=True)
class NullReport:
    """Tests of input-dependence and of listening.

    Parameters
    ----------
    shared_p : float
        p-value of "one law for all items", against a law per item.
    stubbornness_sd : Beside
        Standard deviation over items of the fitted stubbornness, mean over seats.
    top_changes : Beside
        Share of items whose most influential agent is not the pooled one; NaN for crowds.
    influence_stubbornness_correlation : Beside
        Over items and seats; arises mechanically, so read it beside its null. NaN for crowds.
    peers_p : float
        p-value of "peers' beliefs carry nothing about the item": error with the peers of another
        item.
    n_draws, n_permutations : int
    control : ControlArm or None
        Where the log has a control arm.
    """

    shared_p: float
    stubbornness_sd: Beside
    top_changes: Beside
    influence_stubbornness_correlation: Beside
    peers_p: float
    n_draws: int
    n_permutations: int
    control: ControlArm | None


def null_tests(
    transcript: Transcript,
    n_draws: int = N_DRAWS,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
) -> NullReport:
    """Test a log for input-dependence, for listening, and against its control arm.

    Parameters
    ----------
    transcript : Transcript
    n_draws : int, default 199
        Data sets drawn under the shared law.
    n_permutations : int, default 99
        Permutations of peers over items; 0 to leave that test out.
    seed : int, default 0

    Returns
    -------
    NullReport

    Notes
    -----
    A parametric null: whole deliberations are drawn from the recorded innate beliefs under one
    law, answers from its prediction, beliefs with Gaussian noise cut at the simplex; law and
    noise are calibrated until the observed fit comes out. The
    statistic is :math:`(SSE_{shared} - SSE_{item}) / SSE_{item}`.
    """
    used = treated(transcript)
    mixed = mixed_columns(even_mixture) if used.exchangeable else None
    shared = _shared_null(used, mixed, n_draws, seed)
    return NullReport(
        shared_p=shared.p,
        stubbornness_sd=shared.spread,
        top_changes=shared.changes,
        influence_stubbornness_correlation=shared.correlation,
        peers_p=_peers_null(used, mixed, n_permutations, seed),
        n_draws=n_draws,
        n_permutations=n_permutations,
        control=_control_arm(transcript, seed),
    )


@dataclass(frozen=True)
class _Shared:
    p: float
    spread: Beside
    changes: Beside
    correlation: Beside


@dataclass(frozen=True)
class _Statistics:
    gain: float
    spread: float
    changes: float
    correlation: float


def _shared_null(transcript: Transcript, mixed: Columns | None, n_draws: int, seed: int) -> _Shared:
    """Compare per-item fits with what they look like under one shared law."""
    base = _per_item(transcript, mixed)
    world = _SharedWorld(transcript, mixed, base)
    observed = _statistics(base, transcript.n_rounds, mixed is None)
    rng = stream(seed, "fit-shared-null")
    drawn = [
        _statistics(_per_item(world.draw(rng), mixed), transcript.n_rounds, mixed is None)
        for _ in range(n_draws)
    ]
    gains = np.array([one.gain for one in drawn])
    return _Shared(
        float((1 + (gains >= observed.gain).sum()) / (n_draws + 1)),
        _beside(observed.spread, [one.spread for one in drawn]),
        _beside(observed.changes, [one.changes for one in drawn]),
        _beside(observed.correlation, [one.correlation for one in drawn]),
    )


def _per_item(transcript: Transcript, mixed: Columns | None) -> Grams:
    base = grams(transcript, mixed)
    if mixed is None:
        return base
    return summed_listeners(base, np.zeros(transcript.n_agents, dtype=np.int64))


class _SharedWorld:
    """Draws deliberations under one shared law, with the noise that was observed.

    Answers (certain beliefs) are drawn from the law's prediction; beliefs and opinions get
    Gaussian noise, brought back to the simplex as the data are. Drawn beliefs are what peers hear
    next, so that the null shares the bias of fits to noisy regressors.
    """

    def __init__(self, transcript: Transcript, mixed: Columns | None, base: Grams) -> None:
        self.transcript, self.mixed, self.base = transcript, mixed, base
        self.heard = hearing(transcript)
        self.weights = even_mixture(transcript) if mixed is not None else None
        observed = np.nan_to_num(transcript.beliefs)
        self.certain = bool(np.isin(observed, (0.0, 1.0)).all()) and not transcript.opinions
        self.law = solve_pooled(base)
        self.size = np.zeros(transcript.n_agents)
        if not self.certain:
            self._calibrate()

    def _calibrate(self) -> None:
        """Find law and noise from which, cut by the simplex, the observed fit comes out."""
        wanted, size = self.law, self._misfit(self.base, self.law)
        noise = size.copy()
        rng = stream(0, "fit-null-noise")
        for _ in range(8):
            self.size = noise if len(noise) > 1 else np.repeat(noise, self.transcript.n_agents)
            drawn = _per_item(self.draw(rng), self.mixed)
            refit = solve_pooled(drawn)
            got = self._misfit(drawn, refit)
            noise = noise * np.divide(size, got, out=np.ones_like(got), where=got > 0)
            step = np.where(self.base.allowed, self.law + wanted - refit, -1e6)
            self.law = closest_on_simplex(step)

    def _misfit(self, base: Grams, rows: Array) -> Array:
        pooled = base.pooled()
        left = np.maximum(pooled.errors(rows), 0.0) / np.maximum(pooled.freedom, 1.0)
        return np.asarray(np.sqrt(left))

    def _rows(self) -> Array:
        if self.weights is None:
            return self.law[None, None]
        return expand_rows(np.repeat(self.law, self.transcript.n_agents, axis=0), self.weights)

    def draw(self, rng: np.random.Generator) -> Transcript:
        """Draw one deliberation from the recorded innate beliefs."""
        given, rows = self.transcript, self._rows()
        beliefs, said = given.beliefs.copy(), spoken_beliefs(given).copy()
        there = given.valid & given.valid[:, :1]
        for at in range(1, given.n_rounds + 1):
            shape = beliefs[:, at].shape
            chance = rng.random(shape[:-1]) if self.certain else rng.standard_normal(shape)
            for _ in range(given.n_agents if self.heard.sequential else 1):
                own = _carried(beliefs, at)
                columns = columns_of_round(self.heard, at, given.innate, own, said)
                after = self._shaken(apply_rows(self.heard, at, rows, columns), chance)
                now = np.where(there[:, at, :, None], after, beliefs[:, at])
                now = np.where(given.valid[:, at, :, None], now, np.nan)
                beliefs[:, at] = now
                said[:, at] = expressed_prediction(now, given.peers_read)
        return replace(given, beliefs=beliefs, stated_beliefs=None)

    def _shaken(self, expected: Array, chance: Array) -> Array:
        """Add noise, or draw an answer."""
        present = ~np.isnan(expected)
        if self.certain:
            edges = np.cumsum(np.maximum(np.nan_to_num(expected), 0.0), axis=-1)
            chosen = (edges < chance[..., None] * edges[..., -1:]).sum(axis=-1)
            after = (np.arange(edges.shape[-1]) == chosen[..., None]).astype(float)
        else:
            shaken = expected + self.size[:, None] * chance
            after = closest_on_simplex(np.where(present, shaken, -1e6))
        return np.where(present, after, np.nan)


def solve_pooled(base: Grams) -> Array:
    """Return the pooled rows of per-item normal equations, shape (n_agents, n_columns)."""
    normal = base.pooled()
    return solve_rows(normal.products, normal.targets, normal.allowed).rows


def _statistics(per_item: Grams, n_rounds: int, by_seat: bool) -> _Statistics:
    """Fit a law per item and measure how much it varies."""
    common = solve_pooled(per_item)
    rows = solve_rows(per_item.products, per_item.targets, per_item.allowed, common).rows
    alone = float(np.maximum(per_item.errors(rows), 0).sum())
    together = float(np.maximum(per_item.errors(np.broadcast_to(common, rows.shape)), 0).sum())
    gain = (together - alone) / max(alone, 1e-300)
    stubbornness = rows[..., INNATE]
    spread = float(stubbornness.std(axis=0).mean())
    if not by_seat:
        return _Statistics(gain, spread, float("nan"), float("nan"))
    shares = finite_influence(rows, n_rounds).mean(axis=-2)
    usual = finite_influence(common, n_rounds).mean(axis=-2).argmax()
    changes = float((shares.argmax(axis=-1) != usual).mean())
    flat, held = shares.ravel(), stubbornness.ravel()
    varied = flat.std() > 1e-12 and held.std() > 1e-12
    correlation = float(np.corrcoef(flat, held)[0, 1]) if varied else float("nan")
    return _Statistics(gain, spread, changes, correlation)


def _beside(observed: float, drawn: list[float]) -> Beside:
    values = np.array(drawn)
    values = values[np.isfinite(values)]
    if not len(values):
        return Beside(observed, float("nan"), float("nan"), float("nan"))
    low, high = np.quantile(values, [0.025, 0.975])
    return Beside(observed, float(values.mean()), float(low), float(high))


def _peers_null(
    transcript: Transcript, mixed: Columns | None, n_permutations: int, seed: int
) -> float:
    """Return the p-value of the peers' beliefs against those of other items."""
    if not n_permutations or transcript.n_items < 3:
        return float("nan")
    sizes = (~np.isnan(transcript.innate).all(axis=1)).sum(axis=-1)
    rng = stream(seed, "fit-peers-null")
    observed = _error(transcript, mixed)
    beaten = 0
    for _ in range(n_permutations):
        order = np.arange(transcript.n_items)
        for size in np.unique(sizes):
            alike = np.flatnonzero(sizes == size)
            order[alike] = rng.permutation(alike)
        beaten += _error(transcript, _with_peers_of(transcript, order, mixed)) <= observed
    return float((1 + beaten) / (n_permutations + 1))


def _error(transcript: Transcript, columns: Columns | None) -> float:
    """Return the summed squared error of the pooled fit."""
    from fjsim.fitting.grams import _products

    normal = _products(transcript, columns).pooled()
    allowed = normal.allowed
    if normal.allowed.shape[-1] == transcript.n_agents + PEERS:
        allowed = hearing(transcript).columns
    elif transcript.exchangeable:
        per_item = summed_listeners(replace(normal, products=normal.products[None],
                                   targets=normal.targets[None], power=normal.power[None],
                                   turns=normal.turns[None], freedom=normal.freedom[None]),
                           np.zeros(transcript.n_agents, dtype=np.int64))  # fmt: skip
        normal = per_item.pooled()
        allowed = normal.allowed
    rows = solve_rows(normal.products, normal.targets, allowed).rows
    return float(np.maximum(normal.errors(rows), 0).sum())


def _with_peers_of(
    transcript: Transcript, order: NDArray[np.int_], mixed: Columns | None
) -> Columns:
    """Return columns whose speakers' beliefs come from another item."""
    heard = hearing(transcript).heard

    def columns(given: Transcript, at: int, block: Array) -> Array:
        own = block[..., [OWN]]
        other = block[order][..., PEERS:]
        usable = heard[:, at - 1][:, :, None, :] & ~np.isnan(other)
        swapped = np.concatenate([block[..., :PEERS], np.where(usable, other, own)], axis=-1)
        return swapped if mixed is None else mixed(given, at, swapped)

    return columns


def _control_arm(transcript: Transcript, seed: int) -> ControlArm | None:
    """Fit the weight on an unseen group mean in the control arm, and on the seen one elsewhere."""
    control = transcript.control
    if control is None or not control.any() or control.all():
        return None
    silent = transcript.select(control)
    rounds = np.arange(silent.n_rounds + 1)[None, :, None, None] - 1
    heard = np.broadcast_to(rounds, silent.heard_round.shape).copy()
    seats = np.arange(silent.n_agents)
    heard[:, :, seats, seats] = NOT_HEARD
    spoke = np.concatenate([np.zeros_like(silent.valid[:, :1]), silent.valid[:, :-1]], axis=1)
    heard = np.where(spoke[:, :, None, :], heard, NOT_HEARD)
    as_if = replace(silent, heard_round=heard, gates=np.where(heard >= 0, 1.0, np.nan))
    weight = [_peer_weight(part, seed) for part in (as_if, transcript.select(~control))]
    return ControlArm(*weight[0], *weight[1])


def _peer_weight(transcript: Transcript, seed: int) -> tuple[float, float, float]:
    """Return the weight on the peers' mean with its interval."""
    one = np.zeros(transcript.n_agents, dtype=np.int64)
    per_item = summed_listeners(grams(transcript, mixed_columns(even_mixture)), one)
    normal = per_item.pooled()
    row = solve_rows(normal.products, normal.targets, normal.allowed).rows
    draws = bootstrap_rows(per_item, transcript.question_ids, 1000, seed, row)
    low, high = np.quantile(draws[:, 0, PEERS], [0.025, 0.975])
    return float(row[0, PEERS]), float(low), float(high)
