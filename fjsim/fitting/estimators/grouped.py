"""One row of weights per group of seats, or for everybody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.resampled import Resampled
from fjsim.fitting.findings.assembly import Units, assemble
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.rows.given import gives_shares, usual_shares
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.rows.hearing import INNATE, PEERS, Flags
from fjsim.fitting.rows.mixtures import (
    Mixture,
    even_mixture,
    expand_rows,
    group_mixture,
    mixed_columns,
    rows_by_mixture,
)
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register


@register("estimator", "group")
@dataclass(eq=False)
class Grouped(Resampled):
    """One set of parameters per group of seats: same model, same persona, same role.

    Parameters
    ----------
    groups : tuple of str
        Group of each seat; empty for one group of all.
    resamples, level, seed
        Settings of the intervals; see `Resampled`.

    Notes
    -----
    A listener's row has one weight per group of speakers, its members weighed alike. Groups of
    which it hears nobody have none: so a group of one has no weight on itself. Where a log gives
    shares of attention these are kept, and a group has a stubbornness and a self-weight.
    """

    name: ClassVar[str] = "group"

    groups: tuple[str, ...] = ()

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per group; see `Estimator.fit`."""
        of_seat = self._numbers(transcript.n_agents)
        names = tuple(f"group {name}" for name in dict.fromkeys(self.groups)) or ("all seats",)
        used = treated(transcript)
        mixture = even_mixture if gives_shares(used) else group_mixture(of_seat)
        self.result_ = _fit_mixture(self, used, mixture, of_seat, names)
        return self

    def _numbers(self, n_agents: int) -> NDArray[np.int64]:
        """Return the group of each seat as a number."""
        if not self.groups:
            return np.zeros(n_agents, dtype=np.int64)
        if len(self.groups) != n_agents:
            raise ParameterError(
                f"groups names {len(self.groups)} seats, the transcript has {n_agents}; "
                "give one group per seat"
            )
        known = {name: at for at, name in enumerate(dict.fromkeys(self.groups))}
        return np.array([known[name] for name in self.groups], dtype=np.int64)


@register("estimator", "exchangeable")
@dataclass(eq=False)
class Exchangeable(Resampled):
    """One stubbornness and one self-weight for everybody; peers count by their mean.

    Parameters
    ----------
    without_innate : bool
        Hold stubbornness at 0 (DeGroot).
    resamples, level, seed
        Settings of the intervals; see `Resampled`.

    Notes
    -----
    For crowds whose members differ from item to item: influence between seats is not defined.
    """

    name: ClassVar[str] = "exchangeable"

    without_innate: bool = False

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row for all; see `Estimator.fit`."""
        of_seat = np.zeros(transcript.n_agents, dtype=np.int64)
        self.result_ = _fit_mixture(
            self, treated(transcript), even_mixture, of_seat, ("the peers",)
        )
        return self


def _fit_mixture(
    estimator: Grouped | Exchangeable,
    transcript: Transcript,
    mixture: Mixture,
    of_seat: NDArray[np.int64],
    names: tuple[str, ...],
) -> FJFit:
    """Fit one row per group of listeners over mixtures of speakers."""
    weights = mixture(transcript)
    per_item = grams(transcript, mixed_columns(mixture)).of_groups(of_seat)
    per_item = replace(per_item, allowed=_existing(weights, of_seat))
    if isinstance(estimator, Exchangeable) and estimator.without_innate:
        per_item = per_item.without(INNATE)
    normal = per_item.pooled()
    rows = solve_rows(normal.products, normal.targets, normal.allowed).rows
    typical = _typical(weights)
    drawn = estimator._draws(transcript, per_item, rows)
    draws = None if drawn is None else np.stack([_spread(one[of_seat], typical) for one in drawn])
    known, given = isinstance(estimator, Grouped), None
    if known and gives_shares(transcript) and not transcript.exchangeable:
        known, given = False, usual_shares(transcript)
    units = Units(
        of_seat, _spread(rows[of_seat], typical), influence_known=known, given=given, names=names
    )
    fit = assemble(
        estimator.name, transcript, normal, rows, units, draws, estimator.level,
        details={"mixture_rows": rows.tolist()},
    )  # fmt: skip
    return replace(fit, predictor=partial(rows_by_mixture, rows[of_seat], mixture))


def _existing(weights: Array, of_seat: NDArray[np.int64]) -> Flags:
    """Return which columns exist for each group of listeners: a mixture of nobody is none."""
    heard = np.asarray((weights > 0).any(axis=(0, 1, 3)), dtype=float)  # (listener, mixture)
    member = np.eye(int(of_seat.max()) + 1)[of_seat]
    mixtures = member.T @ heard > 0
    return np.concatenate([np.ones((member.shape[1], PEERS), dtype=bool), mixtures], axis=1)


def _typical(weights: Array) -> Array:
    """Return mixture weights averaged over the turns in which somebody was heard."""
    heard = weights.sum(axis=-2, keepdims=True) > 0
    count = np.maximum(heard.sum(axis=(0, 1)), 1)
    return np.asarray(weights.sum(axis=(0, 1)) / count)


def _spread(rows: Array, typical: Array) -> Array:
    """Return rows over speakers from rows over mixtures and typical mixture weights."""
    return np.asarray(expand_rows(rows, typical[None, None])[0, 0])
