"""Is it input-dependent at all? One shared law, the peers of other items, and a control arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.findings.bootstrap import bootstrap_rows, tail_share
from fjsim.fitting.findings.identified import Beside, ControlArm, NullReport
from fjsim.fitting.rows.grams import Columns, Grams, chunk_grams, grams
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, hearing
from fjsim.fitting.rows.mixtures import even_mixture, mixed_columns, settled_mixture
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.rows.solving import finite_influence
from fjsim.fitting.validate.shared_world import SharedWorld, item_grams, solve_pooled
from fjsim.records.transcript import NOT_HEARD, Transcript
from fjsim.seeds import stream

N_DRAWS = 199
N_PERMUTATIONS = 99


def null_tests(
    transcript: Transcript,
    n_draws: int = N_DRAWS,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
) -> NullReport:
    """Test a log for input-dependence and for what peers tell, and fit its control arm.

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

    The test of the peers holds the error of the pooled fit against its error with the peers of
    other items. It rejects where the peers of an item carry information about its moves, which
    any shared evidence does: a team in which nobody listens but all drift to the same option of
    the question is rejected as well. Only a control arm separates listening from shared evidence.
    """
    used = treated(transcript)
    mixture = settled_mixture(used)
    mixed = None if mixture is None else mixed_columns(mixture)
    shared = shared_null(used, mixed, n_draws, seed)
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
class SharedNull:
    """Fits of every item by itself, beside what they look like under one shared law.

    Parameters
    ----------
    p : float
        P-value of one shared law.
    spread : Beside
        Standard deviation of stubbornness over items.
    changes : Beside
        Share of the items whose top seat is not the usual one.
    correlation : Beside
        Between influence shares and stubbornness; it is positive under one law too.
    """

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


def shared_null(
    transcript: Transcript, mixed: Columns | None = None, n_draws: int = N_DRAWS, seed: int = 0
) -> SharedNull:
    """Compare fits of every item by itself with what they look like under one shared law.

    Parameters
    ----------
    transcript : Transcript
        Without control items.
    mixed : callable, optional
        Columns of a crowd or of given shares of attention, in which speakers are mixed to one.
    n_draws : int, default 199
    seed : int, default 0

    Returns
    -------
    SharedNull
    """
    base = item_grams(transcript, mixed)
    world = SharedWorld(transcript, mixed, base)
    observed = _statistics(base, transcript.n_rounds, mixed is None)
    rng = stream(seed, "fit-shared-null")
    drawn = [
        _statistics(item_grams(world.draw(rng), mixed), transcript.n_rounds, mixed is None)
        for _ in range(n_draws)
    ]
    gains = np.array([one.gain for one in drawn])
    return SharedNull(
        float((1 + (gains >= observed.gain).sum()) / (n_draws + 1)),
        _beside(observed.spread, [one.spread for one in drawn]),
        _beside(observed.changes, [one.changes for one in drawn]),
        _beside(observed.correlation, [one.correlation for one in drawn]),
    )


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
    """Return the p-value of "this item's peers tell no more about its moves than another's"."""
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
    normal = chunk_grams(transcript, columns).pooled()
    allowed = normal.allowed
    if normal.allowed.shape[-1] == transcript.n_agents + PEERS:
        allowed = hearing(transcript).columns
    elif transcript.exchangeable:
        normal = normal.of_groups(np.zeros(transcript.n_agents, dtype=np.int64))
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
    per_item = grams(transcript, mixed_columns(even_mixture)).of_groups(one)
    normal = per_item.pooled()
    row = solve_rows(normal.products, normal.targets, normal.allowed).rows
    draws = bootstrap_rows(per_item, transcript.question_ids, 1000, seed, row)
    tail = tail_share(0.95, len(set(transcript.question_ids)))
    if np.isnan(tail):
        return float(row[0, PEERS]), float("nan"), float("nan")
    low, high = np.quantile(draws[:, 0, PEERS], [tail, 1 - tail])
    return float(row[0, PEERS]), float(low), float(high)
