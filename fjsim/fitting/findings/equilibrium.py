"""Influence at equilibrium: of a fitted law, and of logs that hold nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import NotConvergentError
from fjsim.fitting.findings.caveats import log_warnings
from fjsim.fitting.findings.identified import Identified, Intervals
from fjsim.fitting.rows.columns import routed_rows
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, RouterMix, router_mix
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.rows.solving import parameters_of
from fjsim.records.transcript import Transcript

SLOWEST_DECAY = 0.02
"""If the part of a deviation that one round removes is below this, the equilibrium is too far."""

AT_REST = 1e-8
"""Largest movement that counts as none."""


@dataclass(frozen=True)
class Known:
    """What of the law a log determines, seat by seat, before it becomes a result.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of shape (n_agents,)
        NaN where they are not identified.
    influence : ndarray of shape (n_agents, n_agents)
        Likewise.
    influence_shares : ndarray of shape (n_agents,)
        Mean weight of each innate belief after the last round.
    rows : ndarray of shape (n_agents, n_agents + 2)
        Weights for predictions.
    identified : Identified
    warnings : tuple of str
    intervals : Intervals or None
    equilibrium_influence : ndarray of shape (n_agents, n_agents), or None
    at_rest : bool
        Whether the log holds only the equilibrium, so that single rounds cannot be predicted by
        the model that was asked for.
    """

    stubbornness: Array
    self_weight: Array
    influence: Array
    influence_shares: Array
    rows: Array
    identified: Identified
    warnings: tuple[str, ...]
    intervals: Intervals | None = None
    equilibrium_influence: Array | None = None
    at_rest: bool = False


@dataclass(frozen=True)
class EquilibriumRows:
    """What an observed equilibrium determines.

    Parameters
    ----------
    rows : ndarray of shape (n_agents, n_agents + 2)
        Effective stubbornness and influence, with self-weight 0: reaches the same equilibrium.
    influence, total : ndarray of shape (n_agents, n_agents)
        Who is listened to, and the weight of each innate belief at equilibrium.
    """

    rows: Array
    influence: Array
    total: Array


def only_equilibrium(transcript: Transcript, one_step_mse: float) -> bool:
    """Say whether a log jumps from innate beliefs to a rest that one step of the law cannot reach.

    Parameters
    ----------
    transcript : Transcript
    one_step_mse : float
        Error of the one-step fit.

    Returns
    -------
    bool
        True if something moves in round 1 and nothing after it, agents still disagree there, and
        the equilibrium fits at least 100 times better than the one-step law.
    """
    beliefs = transcript.beliefs
    if transcript.n_rounds < 2 or transcript.arm == "attacked":
        return False
    if transcript.residual == "renormalise" and np.nanmin(transcript.gates, initial=1.0) < 1:
        return False  # No fixed weights, at rest or on the way there.
    later = np.abs(np.diff(beliefs[:, 1:], axis=1))
    if np.nanmax(later, initial=0.0) > AT_REST or np.isnan(beliefs[:, 2:]).all():
        return False
    if np.nanmax(np.abs(beliefs[:, 1] - beliefs[:, 0]), initial=0.0) <= AT_REST:
        return False
    apart = np.nanmax(beliefs[:, 1], axis=1) - np.nanmin(beliefs[:, 1], axis=1)
    if np.nanmax(apart, initial=0.0) < 1e-6:
        return False
    return _equilibrium_error(transcript) < max(one_step_mse / 100, 1e-20) < one_step_mse


def equilibrium_rows(transcript: Transcript) -> EquilibriumRows:
    r"""Fit effective stubbornness and influence to an observed equilibrium.

    Parameters
    ----------
    transcript : Transcript
        Whose beliefs rest after round 1.

    Returns
    -------
    EquilibriumRows

    Notes
    -----
    At rest :math:`b_i = e_i s_i + (1-e_i)\sum_j w_{ij} b_j`: a row on the simplex again, over
    the innate belief and the speakers' resting ones.
    """
    from fjsim.dynamics import total_influence

    rows, _ = _fit(transcript)
    parameters = parameters_of(rows)
    return EquilibriumRows(rows, parameters.dense_influence(), total_influence(parameters))


def _equilibrium_error(transcript: Transcript) -> float:
    return _fit(transcript)[1]


def _fit(transcript: Transcript) -> tuple[Array, float]:
    """Fit the resting beliefs by innate beliefs and resting speakers."""
    resting = transcript.beliefs[:, [1]]
    # Measured from the innate belief: a transcript whose "own last belief" is the innate one.
    staged = np.concatenate([transcript.beliefs[:, [0]], resting], axis=1)
    view = replace(
        transcript,
        beliefs=staged,
        answers=transcript.answers[:, :2],
        validity=transcript.validity[:, :2],
        heard_round=np.where(transcript.heard_round[:, :2] >= 0, 1, -1),
        gates=transcript.gates[:, :2],
        stated_beliefs=None,
        confidence=None,
        peers_read="belief",
        acting=None,
        option_gates=None,
        kept=None,
        played=None,
    )
    normal = grams(view).pooled()
    allowed = normal.allowed.copy()
    allowed[:, OWN] = False
    fitted = solve_rows(normal.products, normal.targets, allowed).rows
    error = float(np.maximum(normal.errors(fitted), 0).sum() / max(normal.turns.sum(), 1) / 2)
    rows = np.zeros_like(fitted)
    rows[:, INNATE] = fitted[:, INNATE] + fitted[:, OWN]
    rows[:, PEERS:] = fitted[:, PEERS:]
    return rows, error


def with_equilibrium(
    known: Known,
    transcript: Transcript,
    one_step_mse: float,
    fitted_influence: bool,
    between_seats: bool,
) -> Known:
    """Add the influence at equilibrium to what is known, or say why there is none.

    Parameters
    ----------
    known : Known
        What the fitted rows say.
    transcript : Transcript
        What was fitted.
    one_step_mse : float
        Error of the one-step fit.
    fitted_influence : bool
        Whether who is listened to was fitted.
    between_seats : bool
        Whether influence between seats is defined: fitted, or given.

    Returns
    -------
    Known
    """
    if fitted_influence and only_equilibrium(transcript, one_step_mse):
        return _at_rest(known, transcript)
    reached, problem = _equilibrium(known, router_mix(transcript), between_seats)
    if problem:
        identified = replace(known.identified, equilibrium=False)
        return replace(known, identified=identified, warnings=(*known.warnings, problem))
    return replace(known, equilibrium_influence=reached)


def _equilibrium(
    known: Known, router: RouterMix | None, between_seats: bool
) -> tuple[Array | None, str]:
    """Return M, or why it is undefined."""
    from fjsim.dynamics import total_influence

    if not between_seats:
        return None, "influence between seats is not defined, at equilibrium or after a round"
    if np.isnan(known.stubbornness).any():
        return None, "influence at equilibrium is not determined, because stubbornness is not"
    parameters = parameters_of(routed_rows(known.rows, router))
    decay = 1 - np.abs(np.linalg.eigvals(parameters.update_matrix())).max()
    far = (
        f"stubbornness near 0: a round removes only {max(float(decay), 0):.3f} of a deviation, so "
        "the influence at equilibrium is undefined; influence after the last round is reported"
    )
    if decay < SLOWEST_DECAY:
        return None, far
    try:
        return total_influence(parameters), ""
    except NotConvergentError:
        return None, far


def _at_rest(known: Known, transcript: Transcript) -> Known:
    """Return what a log tells that holds only the equilibrium."""
    found = equilibrium_rows(transcript)
    n_agents = transcript.n_agents
    none = np.zeros(n_agents, dtype=bool)
    reason = (
        "only the equilibrium was observed: influence and its total at equilibrium are "
        "determined, stubbornness and self-weight are not (only their ratio)"
    )
    identified = replace(
        known.identified,
        stubbornness=none,
        self_weight=none,
        influence=np.ones_like(known.identified.influence),
        reasons=((reason,),) * n_agents,
    )
    return Known(
        stubbornness=np.full(n_agents, np.nan),
        self_weight=np.full(n_agents, np.nan),
        influence=found.influence,
        influence_shares=found.total.mean(axis=0),
        rows=found.rows,
        identified=identified,
        warnings=(*log_warnings(transcript), reason),
        equilibrium_influence=found.total,
        at_rest=True,
    )
