"""Compiled integrals of Gaussian likelihoods over cells."""

from __future__ import annotations

import math
from typing import Any

from fjsim.compiling import kernel

_compile: Any = kernel(error_model="numpy")

ROOT = math.sqrt(0.5)
HALF_PI = math.sqrt(math.pi / 2)
FAR = 37.0
NARROW = 0.05
"""A cell this narrow, in standard deviations, is looked at in its middle only."""


@_compile
def _tail(z, reference):  # type: ignore[no-untyped-def]
    """Return the normal tail beyond z >= 0, relative to the density at ``reference``."""
    if z < 20.0:
        mills = HALF_PI * math.erfc(z * ROOT) * math.exp(0.5 * z * z)
    else:
        mills = (1.0 - (1.0 - 3.0 / (z * z)) / (z * z)) / z
    drop = 0.5 * (z * z - reference)
    return mills * math.exp(-drop) if drop < 700.0 else 0.0


@_compile
def _between(low, high, reference):  # type: ignore[no-untyped-def]
    """Return the mean over [low, high] of the normal density relative to ``reference``."""
    width = high - low
    if width < NARROW:
        middle = 0.5 * (low + high)
        drop = 0.5 * (middle * middle - reference)
        return math.exp(-drop) if drop < 700.0 else 0.0
    if low >= 0.0:
        inside = _tail(low, reference) - _tail(high, reference)
    elif high <= 0.0:
        inside = _tail(-high, reference) - _tail(-low, reference)
    else:
        # The peak lies inside, so the reference is its own density.
        inside = 2.0 * HALF_PI - _tail(high, reference) - _tail(-low, reference)
    return max(inside, 0.0) / width


@_compile
def fill(constant, slope, curve, noise, edges, weight, first, second, scale):  # type: ignore[no-untyped-def]
    """Fill likelihood, and its first two moments in the stubbornness; see `likelihood_table`.

    All relative to ``exp(scale)``, pair by pair.
    """
    n_pairs, n_nodes = constant.shape
    n_cells = edges.size - 1
    for pair in range(n_pairs):
        best = -math.inf
        for node in range(n_nodes):
            flat = max(curve[pair, node], 1e-12 * noise * noise)
            centre, spread = slope[pair, node] / flat, noise / math.sqrt(flat)
            nearest = (min(max(centre, 0.0), 1.0) - centre) / spread
            reference = nearest * nearest
            error = constant[pair, node] - slope[pair, node] * centre
            height = -error / (2.0 * noise * noise) - 0.5 * reference
            weight[pair, node, 0] = height
            best = max(best, height)
        scale[pair] = best
        for node in range(n_nodes):
            height = weight[pair, node, 0] - best
            factor = math.exp(height) if height > -700.0 else 0.0
            flat = max(curve[pair, node], 1e-12 * noise * noise)
            centre, spread = slope[pair, node] / flat, noise / math.sqrt(flat)
            nearest = (min(max(centre, 0.0), 1.0) - centre) / spread
            reference = nearest * nearest
            for cell in range(n_cells):
                low, high = edges[cell], edges[cell + 1]
                if factor == 0.0:
                    weight[pair, node, cell] = 0.0
                    first[pair, node, cell] = 0.0
                    second[pair, node, cell] = 0.0
                    continue
                mass = factor * _between(
                    (low - centre) / spread, (high - centre) / spread, reference
                )
                # Between a peak inside the cell and an even cell: off by far less than its width.
                even = min(1.0, (high - low) / spread / 3.5)
                mean = even * min(max(centre, low), high) + (1.0 - even) * 0.5 * (low + high)
                variance = min((high - low) ** 2 / 12.0, spread * spread)
                weight[pair, node, cell] = mass
                first[pair, node, cell] = mass * mean
                second[pair, node, cell] = mass * (mean * mean + variance)
