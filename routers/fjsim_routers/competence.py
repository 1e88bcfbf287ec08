"""Listening to those who were right before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Labels, Memory, Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_routers.shared.measures import tilted
from fjsim_routers.shared.routing import ChannelRouter


class Marks(NamedTuple):
    """Right and labelled round-0 answers of every seat so far."""

    right: Array
    answered: Array


@register("router", "competence-history")
@dataclass(frozen=True, kw_only=True)
class CompetenceHistory(ChannelRouter):
    """Listen to those who were right before, by the log-odds of their record.

    Parameters
    ----------
    sharpness : float, default 1
        Power of the odds; 0 is uniform.
    prior : float, default 1
        Right and wrong answers that everybody starts with, > 0.
    labels : {'none', 'all'} or Audit, default 'all'
        Which keys it is shown.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij (a_j / (1 - a_j))^beta`` with ``a_j`` the smoothed share
    of right answers. A static ensemble that is learned: the question itself plays no part. A
    sleeper earns its weight first.

    References
    ----------
    .. [1] S. Nitzan and J. Paroush, "Optimal decision rules in uncertain dichotomous choice
       situations", International Economic Review 23 (1982) 289-297, doi:10.2307/2526438.
    """

    memory: ClassVar[Memory] = "round0"
    ranges: ClassVar[Ranges] = {"prior": "> 0"}

    sharpness: float = 1.0
    prior: float = 1.0
    labels: Labels = "all"

    def initial_state(self, n_agents: int) -> Marks:
        """Return no marks."""
        return Marks(np.zeros(n_agents), np.zeros(n_agents))

    def update(self, record: Record, state: Marks, key: int | None) -> Marks:
        """Return the marks after a question whose key is shown."""
        if key is None:
            return state
        votes = top_option(record.stated[0])
        return Marks(
            state.right + (votes == np.asarray(key)[..., None]), state.answered + (votes >= 0)
        )

    def weights(self, record: Record, state: Marks) -> Array:
        """Return the odds of being right, to a power."""
        right, wrong = state.right + self.prior, state.answered - state.right + self.prior
        odds = np.log(right / wrong)
        return tilted(record.influence, self.sharpness * odds[..., None, :])
