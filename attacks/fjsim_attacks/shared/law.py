"""What an adversary expects of the others: the law, with parameters that it assumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, certain, top_option
from fjsim.dynamics import FJParameters, rollout
from fjsim.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Assumed:
    """What an adversary takes the benign agents for.

    Parameters
    ----------
    stubbornness : float, default 0.1
        In (0, 1].
    self_weight : float, default 0.3
        In [0, 1).
    """

    stubbornness: float = 0.1
    self_weight: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what leaves the law without a unique outcome."""
        if not 0 < self.stubbornness <= 1 or not 0 <= self.self_weight < 1:
            raise ConfigError(
                f"attack.assumed is stubbornness {self.stubbornness}, self_weight "
                f"{self.self_weight}; they must lie in (0, 1] and [0, 1)"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the law expects of an attack, one entry per option gone for.

    Parameters
    ----------
    flips : ndarray of int, shape (n_targets,)
        Benign agents that do not start at the target and end there.
    belief : ndarray of shape (n_targets,)
        Summed belief of the benign agents in the target at the end.
    """

    flips: NDArray[np.int64]
    belief: Array


def expect(
    influence: Array,
    innate: Array,
    active: Sequence[int],
    held: Sequence[int],
    targets: Sequence[int],
    certainty: float,
    n_rounds: int,
    assumed: Assumed,
) -> Expected:
    """Play the law out once per target.

    Parameters
    ----------
    influence : ndarray of shape (n_agents, n_agents)
        The graph's W.
    innate : ndarray of shape (n_agents, n_options)
        Round-0 beliefs; a row of NaN is replaced by the mean of the others.
    active, held : sequence of int
        The seats that attack, and all that the adversary holds; the idle ones are honest.
    targets : sequence of int
        The options to try.
    certainty : float
        What the active seats state for their target.
    n_rounds : int
        How many rounds are played.
    assumed : Assumed
        What the benign agents are taken for.

    Returns
    -------
    Expected
    """
    n_agents, n_options = innate.shape
    known = np.asarray(~np.isnan(innate).any(axis=1))
    mean = innate[known].mean(axis=0) if known.any() else np.full(n_options, 1 / n_options)
    start = np.repeat(np.where(known[:, None], innate, mean)[None], len(targets), axis=0)
    for at, target in enumerate(targets):
        start[at, list(active)] = certain(target, n_options, certainty)
    stubbornness = np.full(n_agents, assumed.stubbornness)
    stubbornness[list(active)] = 1.0
    parameters = FJParameters(stubbornness, assumed.self_weight, influence=influence)
    end = rollout(parameters, start, n_rounds)[..., -1, :, :]  # (target, agent, option)
    benign = [seat for seat in range(n_agents) if seat not in held]
    goal = np.asarray(targets)[:, None]
    ends, starts = top_option(end[:, benign]), top_option(start[:, benign])
    moved = ((ends == goal) & (starts != goal)).astype(np.int64)
    at_target = np.take_along_axis(end[:, benign], goal[..., None], axis=2)[..., 0]
    return Expected(moved.sum(axis=1), at_target.sum(axis=1))
