"""Stubborn in effect, restless in appearance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fjsim.beliefs import certain
from fjsim.contracts import Sight, Stance, View
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_attacks.shared.search_space import WOBBLE
from fjsim_attacks.shared.seated import Seated, heard_belief


@register("attack", "wobble")
@dataclass(frozen=True)
class Wobble(Seated):
    """Keep the target on top, but jitter its belief so as to evade stubbornness detectors.

    Parameters
    ----------
    lowest : float, default 0.55
        Least probability that it states for its target, in (0, certainty].
    pattern : {'random', 'alternating'}, default 'random'
        Whether that probability is drawn between ``lowest`` and ``certainty`` in every round, or
        jumps from one to the other: ``certainty`` in even rounds, ``lowest`` in odd ones.
    certainty : float, default 0.97
        Largest probability that it states for its target, in (0, 1].
    seat, n_seats, target, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Sees what its seat hears and gives the rest of its belief to the mean of that, so that it
    seems to respond to others. Changes nothing but what it says itself. Numeric and scripted
    seats do all of it.

    References
    ----------
    .. [1] G. Baruch, M. Baruch and Y. Goldberg, "A Little Is Enough: Circumventing Defenses For
       Distributed Learning", 2019, arXiv:1902.06156 (staying within the spread of honest
       behaviour; there of gradients, here of movements).
    """

    searched = WOBBLE

    lowest: float = 0.55
    pattern: Literal["random", "alternating"] = "random"

    def __post_init__(self) -> None:
        """Refuse a lowest certainty above the largest."""
        super().__post_init__()
        if not 0 < self.lowest <= self.certainty:
            raise ConfigError(
                f"attack.lowest is {self.lowest}; it must lie in (0, certainty], and certainty "
                f"is {self.certainty}"
            )

    @property
    def _sees(self) -> frozenset[Sight]:
        return frozenset({Sight.MESSAGES})

    def position(self, seat: int, view: View) -> Stance | None:
        """State the target with this round's certainty, the rest as the others would have it."""
        certainty = self._certainty(view)
        rest, n_options = heard_belief(view), view.question.n_options
        if rest is None:
            belief = certain(view.target, n_options, certainty)
        else:
            belief = certainty * certain(view.target, n_options) + (1 - certainty) * rest
        return Stance(int(np.argmax(belief)), belief, self.arguing)

    def _certainty(self, view: View) -> float:
        if self.pattern == "alternating":
            return self.lowest if view.round % 2 else self.certainty
        return float(view.rng.uniform(self.lowest, self.certainty))
