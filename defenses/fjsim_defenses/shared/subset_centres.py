"""Centres that leave some points out, pull them in, or look at them from another side."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim_defenses.shared.robust_centres import coordinate_median

MOST_SUBSETS = 5_000
"""Subsets that are all tried; beyond it, one around each point, at most twice as wide."""

CLIPPINGS = 5
"""Steps of centred clipping; the centre hardly moves after three."""

REWEIGHTINGS = 20
SMALLEST_GAP = 1e-6


def own_points(cloud: Array) -> Array:
    """Return each listener's own point of its cloud, shape (..., listener, option)."""
    return np.moveaxis(np.diagonal(cloud, axis1=-3, axis2=-2), -1, -2)


def gaps(cloud: Array, centre: Array) -> Array:
    """Return Euclidean distances of points from a centre, shape (..., point); NaN for no point."""
    return np.asarray(np.sqrt(((cloud - centre[..., None, :]) ** 2).sum(axis=-1)))


def nearest_neighbours(cloud: Array, left_out: int) -> Array:
    """Return the mean of the points nearest to one's own, the farthest ones left out.

    Parameters
    ----------
    cloud : ndarray of shape (..., listener, point, option)
        NaN where there is no point; the diagonal is one's own.
    left_out : int
        How many points at most; one's own always counts, and points equally far share.
    """
    apart = gaps(cloud, own_points(cloud))
    count = (~np.isnan(apart)).sum(axis=-1, keepdims=True)
    kept = np.maximum(count - left_out, 1)
    limit = np.take_along_axis(np.sort(apart, axis=-1), kept - 1, axis=-1)
    inside = apart < limit - SMALLEST_GAP
    edge = np.abs(apart - limit) <= SMALLEST_GAP
    share = (kept - inside.sum(axis=-1, keepdims=True)) / np.maximum(
        edge.sum(axis=-1, keepdims=True), 1
    )
    return _mean(cloud, inside + edge * share)


def centred_clipping(cloud: Array, radius: float) -> Array:
    """Return one's own point, moved by what is heard, each pull cut to a radius.

    Parameters
    ----------
    cloud : ndarray of shape (..., listener, point, option)
    radius : float
        Longest pull of a point, > 0.
    """
    centre = own_points(cloud)
    present = np.asarray(~np.isnan(cloud).any(axis=-1))
    for _ in range(CLIPPINGS):
        apart = np.nan_to_num(cloud - centre[..., None, :])
        length = np.sqrt((apart**2).sum(axis=-1))
        scale = np.minimum(1.0, radius / np.maximum(length, SMALLEST_GAP))
        centre = centre + _mean(apart, present * scale, present.sum(axis=-1))
    return np.asarray(centre)


def minimum_diameter(cloud: Array, left_out: int) -> Array:
    """Return the mean of the subset of points with the smallest diameter.

    Parameters
    ----------
    cloud : ndarray of shape (..., point, option)
    left_out : int
        How many points the subset leaves out; at least one point is left.
    """
    flat = cloud.reshape(-1, *cloud.shape[-2:])
    present = np.asarray(~np.isnan(flat).any(axis=-1))
    counts = present.sum(axis=-1)
    centre = np.zeros((len(flat), cloud.shape[-1]))
    for count in np.unique(counts[counts > 0]).tolist():
        these = counts == count
        points = flat[these][present[these]].reshape(-1, count, cloud.shape[-1])
        centre[these] = _narrowest(points, max(count - left_out, 1))
    return np.asarray(centre.reshape(*cloud.shape[:-2], cloud.shape[-1]))


def _narrowest(points: Array, size: int) -> Array:
    """Return the means of the narrowest subsets of a size; equally narrow ones share."""
    apart = np.sqrt(((points[:, :, None] - points[:, None]) ** 2).sum(axis=-1))
    if comb(points.shape[1], size) <= MOST_SUBSETS:
        all_of_them = _subsets(points.shape[1], size)
        chosen = np.broadcast_to(all_of_them, (len(points), *all_of_them.shape))
    else:
        chosen = np.argsort(apart, axis=-1, kind="stable")[..., :size]
    rows = np.arange(len(points))[:, None, None, None]
    width = apart[rows, chosen[..., :, None], chosen[..., None, :]].max(axis=(-2, -1))
    means = points[np.arange(len(points))[:, None, None], chosen].mean(axis=-2)
    best = width <= width.min(axis=-1, keepdims=True) + SMALLEST_GAP
    return _mean(means, best.astype(float))


@lru_cache(maxsize=32)
def _subsets(n_points: int, size: int) -> NDArray[np.int64]:
    return np.array(list(combinations(range(n_points), size)))


def median_of_pairs(cloud: Array) -> Array:
    """Return the median, option by option, of the means of all pairs of points.

    Parameters
    ----------
    cloud : ndarray of shape (..., point, option)

    Notes
    -----
    Bucketing averages points in random buckets before the rule is applied. With buckets of two,
    this is the median over all buckets that could be drawn (Hodges and Lehmann's estimator), so
    that no seat depends on a draw. A single point is its own pair.
    """
    first, second = np.triu_indices(cloud.shape[-2], k=1)
    pairs = (cloud[..., first, :] + cloud[..., second, :]) / 2
    alone = (~np.isnan(cloud).any(axis=-1)).sum(axis=-1) < 2
    return np.where(alone[..., None], coordinate_median(cloud), coordinate_median(pairs))


def flag_mean(cloud: Array, rank: int) -> Array:
    """Return the mean, projected on the subspace that most points lie near.

    Parameters
    ----------
    cloud : ndarray of shape (..., point, option)
    rank : int
        Dimensions of the subspace, >= 1; with as many as options it is the mean.

    Notes
    -----
    The subspace has the smallest sum of distances (sines, not squares) from the points'
    directions, by iteratively reweighted least squares.
    """
    present = np.asarray(~np.isnan(cloud).any(axis=-1))
    points = np.where(present[..., None], cloud, 0.0)
    length = np.sqrt((points**2).sum(axis=-1, keepdims=True))
    unit = points / np.maximum(length, SMALLEST_GAP)
    weights = present.astype(float)
    for _ in range(REWEIGHTINGS):
        basis = _leading(unit, weights, rank)
        inside = (np.einsum("...pk,...kr->...pr", unit, basis) ** 2).sum(axis=-1)
        sine = np.sqrt(np.maximum(1 - inside, 0.0))
        weights = present / np.maximum(sine, 1e-3)
    basis = _leading(unit, weights, rank)
    mean = _mean(points, present.astype(float))
    return np.asarray(np.einsum("...kr,...lr,...l->...k", basis, basis, mean))


def _leading(unit: Array, weights: Array, rank: int) -> Array:
    """Return the leading directions of weighted unit vectors, shape (..., option, rank)."""
    scatter = np.einsum("...p,...pk,...pl->...kl", weights, unit, unit)
    return np.asarray(np.linalg.eigh(scatter)[1][..., -rank:])


def _mean(points: Array, weights: Array, total: Array | None = None) -> Array:
    """Return the weighted mean over points, of which NaN ones weigh nothing."""
    mass = np.asarray(weights.sum(axis=-1) if total is None else total)
    summed = (np.nan_to_num(points) * np.nan_to_num(weights)[..., None]).sum(axis=-2)
    return np.asarray(summed / np.maximum(mass, SMALLEST_GAP)[..., None])
