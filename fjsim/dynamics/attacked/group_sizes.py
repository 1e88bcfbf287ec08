"""How many benign agents it takes that nobody flips, where a group can have another size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from fjsim.dynamics.attacked.adversaries import (
    attacked_parameters,
    influence_of,
    persuasive_adversaries,
    resolve_seats,
)
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.errors import FjsimError

Worst = Callable[[FJParameters, tuple[int, ...]], float]

MOST_TRIED = 64
"""Benign agents up to which every size is tried."""

MOST_BISECTED = 512
"""Benign agents up to which the number is bisected, where more of them are never worse."""

NEVER_WORSE = ("complete", "star")
"""Topologies on which the worst takeover falls with size: F1-F3, F5 and F6 of the closed forms."""


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """The same kind of group with any number of benign agents.

    Parameters
    ----------
    topology : str
        A registered name.
    seats : tuple of int or {"hub", "leaf"}
        Where the adversaries sit, resolved anew at every size.
    stubbornness, self_weight : float
        Parameters of every benign agent, in [0, 1].
    adversary_stubbornness : float
        In [0, 1].
    seed : int
        For random topologies: one draw per size.
    persuasiveness : float, default 1
        What multiplies the adversaries' weights.
    """

    topology: str
    seats: tuple[int | str, ...]
    stubbornness: float
    self_weight: float
    adversary_stubbornness: float
    seed: int
    persuasiveness: float = 1.0

    @property
    def never_worse(self) -> bool:
        """Whether more benign agents are known never to raise the worst takeover."""
        return self.topology in NEVER_WORSE and self.adversary_stubbornness == 1

    @property
    def searched(self) -> tuple[int, int]:
        """Fewest and most benign agents that `fewest_safe` looks at."""
        return 1, MOST_BISECTED if self.never_worse else MOST_TRIED

    def group(self, n_benign: int) -> tuple[FJParameters, tuple[int, ...]]:
        """Return the group of one size, adversaries seated, and their seats.

        Parameters
        ----------
        n_benign : int

        Returns
        -------
        parameters : FJParameters
        seats : tuple of int

        Raises
        ------
        FjsimError
            If the topology does not have this size, or not these seats.
        """
        influence = influence_of(self.topology, n_benign + len(self.seats), self.seed)
        chosen = resolve_seats(influence, self.seats)
        attacked = attacked_parameters(
            influence, chosen, self.stubbornness, self.self_weight, self.adversary_stubbornness
        )
        return persuasive_adversaries(attacked, chosen, self.persuasiveness), chosen

    def fewest_safe(self, worst: Worst, threshold: float) -> int | None:
        """Return the fewest benign agents with which nobody flips.

        Parameters
        ----------
        worst : callable
            Returns the largest takeover of a group.
        threshold : float
            Takeover up to which nobody flips.

        Returns
        -------
        int or None
            None if no size in `searched` that exists is safe. Where a larger group can be worse,
            sizes above the returned one need not be safe.
        """

        def at(n_benign: int) -> float:
            try:
                return worst(*self.group(n_benign))
            except FjsimError:
                # No such size, or no single equilibrium: nothing can be said of it.
                return float("inf")

        first, last = self.searched
        if self.never_worse:
            return _bracketed(at, threshold, last)
        return next((size for size in range(first, last + 1) if at(size) <= threshold), None)


def _bracketed(at: Callable[[int], float], threshold: float, most: int) -> int | None:
    """Double, then narrow down; right where a size above a safe one is safe."""
    low, high = 0, 1
    above, below = float("inf"), at(1)
    while below > threshold:
        low, high, above = high, 2 * high, below
        if high > most:
            return None
        below = at(high)
    turn = 0
    while high - low > 1:
        # The inverse of takeover grows evenly with a complete group, so that a guess is right at
        # once; every third size is the middle, so that the search is short on any graph.
        share = 0.5
        if turn % 3 < 2 and below > 0:
            share = (1 / threshold - 1 / above) / (1 / below - 1 / above)
        middle = min(max(low + ceil(share * (high - low) - 1e-9), low + 1), high - 1)
        reached = at(middle)
        if reached <= threshold:
            high, below = middle, reached
        else:
            low, above = middle, reached
        turn += 1
    return high
