"""The last round as the fitted law gives it under gates that were not there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Defense
from fjsim.errors import FjsimError
from fjsim.fitting.estimators import Estimator
from fjsim.fitting.rows.roles import is_certain
from fjsim.judging.findings import Counterfactual
from fjsim.judging.replay import Replay
from fjsim.judging.source import JudgedLog
from fjsim.metrics import tally
from fjsim.metrics.attacked_log import benign_only
from fjsim.metrics.counting import Tally
from fjsim.metrics.differences import difference
from fjsim.metrics.success import right_at_first
from fjsim.records import Transcript
from fjsim.registry import build


@dataclass(frozen=True, eq=False)
class FittedLaw:
    """A law fitted to the log that is judged.

    Parameters
    ----------
    estimator : Estimator
        Fitted.
    fitted_on : str
        The arm that it was fitted to.
    without : Tally
        Attack success that it gives with the gates of the log.
    recorded : Tally
        Attack success of the same agents as it was recorded.
    """

    estimator: Estimator
    fitted_on: str
    without: Tally
    recorded: Tally


def fitted_law(log: JudgedLog, name: str = "auto") -> FittedLaw | str:
    """Fit the law by which the last round is told again.

    Parameters
    ----------
    log : JudgedLog
        Its clean arm is fitted where there is one: what an adversary says or forges tells
        nothing of how the others listen.
    name : str, default 'auto'
        An estimator. ``auto`` takes ``shrunk`` for a clean arm, ``exchangeable`` for a crowd, and
        ``by-role`` for an attacked log that stands alone.

    Returns
    -------
    FittedLaw or str
        Why there is none, where nobody is hostile, there are no keys, or nothing can be fitted.
    """
    attacked = log.main.transcript
    if not attacked.hostile.any():
        return "nobody in it is hostile"
    if attacked.opinions or not (attacked.keys >= 0).any():
        return "it has no keys to be right or wrong about"
    source = attacked if log.clean is None else log.clean.transcript
    chosen = _default(source, log.clean is not None) if name == "auto" else name
    try:
        estimator: Estimator = build("estimator", chosen)
        if hasattr(estimator, "resamples"):
            estimator.resamples = 0
        told = estimator.fit(source).rollout(attacked)
    except FjsimError as error:
        if name != "auto":
            raise
        return f"no law can be fitted to it: {error}"
    recorded, by_law = _tallies(attacked, told)
    return FittedLaw(estimator, source.arm, by_law, recorded)


def _default(source: Transcript, clean: bool) -> str:
    if source.exchangeable:
        return "exchangeable"
    return "shrunk" if clean else "by-role"


def counterfactual(
    law: FittedLaw, replayed: Replay, defense: Defense, graph: Array, seed: int = 0
) -> Counterfactual:
    """Tell the last round again under a defense's gates.

    Parameters
    ----------
    law : FittedLaw
    replayed : Replay
        The gates that the defense gives to what was recorded.
    defense : Defense
        Its ``residual`` says where the weight goes that gates take away.
    graph : ndarray of shape (n_items, n_agents, n_agents)
    seed : int, default 0
        Seed of the bootstrap over questions.

    Notes
    -----
    Round 0 and the hostile seats are as recorded; all else follows from the law. Gates multiply
    weights, as they do with numeric agents, and are those that the defense gives to the recorded
    statements: what it would make of the statements that it changed is not asked.
    """
    transcript = replayed.transcript
    told = law.estimator.rollout(_under(transcript, replayed, defense, graph))
    under = _tallies(transcript, told)[1]
    return Counterfactual(
        recorded=law.recorded.estimate(seed),
        without=law.without.estimate(seed),
        under=under.estimate(seed),
        change=difference(under, law.without, seed),
        against_recorded=difference(under, law.recorded, seed),
        law=law.estimator.name,
        fitted_on=law.fitted_on,
        expected=is_certain(transcript),
    )


def _under(transcript: Transcript, replayed: Replay, defense: Defense, graph: Array) -> Transcript:
    """Return the transcript with a defense's gates in place of its own."""
    return replace(
        transcript,
        gates=replayed.gates,
        option_gates=replayed.by_option,
        influence=transcript.influence if replayed.by_option is None else graph,
        acting=None,
        kept=None,
        stated_beliefs=None,
        played=None,
        residual=defense.residual,
    )


def _tallies(transcript: Transcript, told: Array) -> tuple[Tally, Tally]:
    """Count attack success as recorded, and as the law tells the last round."""
    view = benign_only(transcript, transcript.hostile)
    last, keys = told[:, -1], transcript.keys[:, None]
    base = right_at_first(view, -1) & ~np.isnan(last).all(axis=-1)
    lost = top_option(view.beliefs[:, -1]) != keys
    if is_certain(transcript):
        at = np.broadcast_to(np.maximum(keys, 0)[..., None], (*last.shape[:-1], 1))
        by_law = 1 - np.nan_to_num(np.take_along_axis(last, at, axis=-1)[..., 0])
    else:
        by_law = (top_option(last) != keys).astype(float)
    return tally(view, base & lost, base), tally(view, np.where(base, by_law, 0.0), base)
