"""The unit in which a log's opinions are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array

OpinionKind = Literal["bounded", "log", "standardised"]

WIDEST = 5.0
"""Spreads from the median of the first estimates; what lies beyond is brought back to it."""


@dataclass(frozen=True, eq=False)
class OpinionUnit:
    r"""How the opinions of a log became shares in [0, 1].

    Parameters
    ----------
    kind : {'bounded', 'log', 'standardised'}
        Opinions on a scale with ends; or estimates without, measured item by item from the median
        of the first ones in units of their spread, after taking logarithms or as they stand.
    low, high : float
        What became 0 and 1: ends of the scale, or ``-WIDEST`` and ``WIDEST`` spreads.
    location, spread : ndarray of shape (n_items,), or None
        Median and robust spread of each item's estimates of round 0, of their natural logarithms
        for ``log``; None for ``bounded``.

    Notes
    -----
    :math:`share = (z - low) / (high - low)` with :math:`z = (x - location) / spread`. The law is
    the same in either: rows of weights sum to 1.
    """

    kind: OpinionKind = "bounded"
    low: float = 0.0
    high: float = 1.0
    location: Array | None = None
    spread: Array | None = None

    @property
    def name(self) -> str:
        """The unit in words, for tables."""
        if self.kind == "bounded":
            return f"share of the scale {self.low:g}..{self.high:g}"
        of = "the logarithms of the first estimates" if self.kind == "log" else "first estimates"
        return f"robust spread of an item's {of.removeprefix('the ')}"

    @property
    def error_scale(self) -> float:
        """By what squared errors of shares are multiplied to carry the unit."""
        return 1.0 if self.kind == "bounded" else (self.high - self.low) ** 2

    def shares(self, values: Array, items: NDArray[np.int64]) -> Array:
        """Return opinions as shares, below 0 or above 1 where they lie outside.

        Parameters
        ----------
        values : ndarray of shape (...)
            As they stand in the log; above 0 for ``log``, or NaN.
        items : ndarray of int, shape (...)
            Item of each.
        """
        given = values
        if self.location is not None and self.spread is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                given = np.log(values) if self.kind == "log" else values
            given = (given - self.location[items]) / self.spread[items]
        return np.asarray((given - self.low) / (self.high - self.low))

    def original(self, shares: Array, items: NDArray[np.int64]) -> Array:
        """Return shares as opinions of the log; the inverse of `shares`.

        Parameters
        ----------
        shares : ndarray of shape (...)
        items : ndarray of int, shape (...)
            Item of each.
        """
        given = self.low + shares * (self.high - self.low)
        if self.location is not None and self.spread is not None:
            given = self.location[items] + given * self.spread[items]
            with np.errstate(over="ignore"):
                given = np.exp(given) if self.kind == "log" else given
        return np.asarray(given)

    def select(self, items: NDArray[np.intp]) -> OpinionUnit:
        """Return the unit of some items, in the order given."""
        if self.location is None or self.spread is None:
            return self
        return replace(self, location=self.location[items], spread=self.spread[items])
