"""The point with the smallest summed distance, for many clouds side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array

Flags = NDArray[np.bool_]

MOST_STEPS = 100
"""Steps after which a cloud keeps the best point so far; fewer than ten are usual."""

SAME = 1e-13
"""Share of a cloud's width below which two points are one, and a step is none."""

SHARES = 0.5 ** np.arange(12)
"""Shares of a Newton step that are tried at once."""

SLACK = 1e-12
"""Relative error of the pull on a point that rounding may cause."""


def geometric_median(cloud: Array) -> Array:
    r"""Return the point with the smallest summed distance to the points of each cloud.

    Parameters
    ----------
    cloud : ndarray of shape (..., point, option)
        NaN where there is no point.

    Returns
    -------
    ndarray of shape (..., option)
        Where several points are best, which takes an even number of them in a row, the mean of
        those of the cloud that are; 0 for a cloud without a point.

    Notes
    -----
    A point of the cloud that stands there m times is the median iff the unit vectors to the other
    points sum to a vector no longer than m [1]_. Otherwise the descent starts a step away from the
    best of them, after which it never meets another one again, and takes the best of a Newton
    step, shares of it, and a step of Weiszfeld's iteration, which never goes up.

    References
    ----------
    .. [1] Y. Vardi and C.-H. Zhang, "The multivariate L1-median and associated data depth",
       PNAS 97 (2000) 1423-1426, doi:10.1073/pnas.97.4.1423.
    """
    points = cloud.reshape(-1, *cloud.shape[-2:])
    present = np.asarray(~np.isnan(points).any(axis=-1), dtype=np.bool_)
    points = np.where(present[..., None], points, 0.0)
    centre = np.zeros((len(points), points.shape[-1]))
    some = present.any(axis=-1)
    if some.any():
        centre[some] = _medians(points[some], present[some])
    return centre.reshape(*cloud.shape[:-2], cloud.shape[-1])


def _medians(points: Array, present: Flags) -> Array:
    """Return the medians of clouds with at least one point each."""
    apart = points[:, None, :, :] - points[:, :, None, :]  # (cloud, from, to, option)
    gaps = np.sqrt((apart**2).sum(axis=-1))
    both = present[:, :, None] & present[:, None, :]
    width = np.where(both, gaps, 0.0).max(axis=(-2, -1))
    others = both & (gaps > SAME * width[:, None, None])
    inverse = np.divide(1.0, gaps, out=np.zeros_like(gaps), where=others)
    pulls = (apart * inverse[..., None]).sum(axis=-2)
    pull = np.sqrt((pulls**2).sum(axis=-1))
    copies = (both & ~others).sum(axis=-1)
    best = present & (pull <= copies + SLACK * present.sum(axis=-1, keepdims=True))
    centre = (points * best[..., None]).sum(axis=-2) / np.maximum(best.sum(axis=-1), 1)[:, None]
    away = ~best.any(axis=-1)
    if away.any():
        total = np.where(present, np.where(both, gaps, 0.0).sum(axis=-1), np.inf)[away]
        at = (np.flatnonzero(away), total.argmin(axis=-1))
        length = (pull[at] - copies[at]) / (pull[at] * inverse[at].sum(axis=-1))
        start = points[at] + length[:, None] * pulls[at]
        centre[away] = _descended(points[away], present[away], start, width[away])
    return np.asarray(centre)


def _descended(points: Array, present: Flags, centre: Array, width: Array) -> Array:
    """Walk down to the medians, none of which is a point of its cloud."""
    floor = SAME * width[:, None]
    best = _summed(points, present, centre)
    for _ in range(MOST_STEPS):
        apart = centre[:, None, :] - points
        gaps = np.maximum(np.sqrt((apart**2).sum(axis=-1)), floor)
        inverse = present / gaps
        units = apart / gaps[..., None] * present[..., None]
        slope = units.sum(axis=-2)
        newton = _newton_step(units, inverse, slope)
        weiszfeld = -slope / inverse.sum(axis=-1, keepdims=True)
        steps = np.concatenate([SHARES[:, None, None] * newton, weiszfeld[None]])
        after = _summed(points, present, centre + steps)
        # Near the median the distances tell no step from another, but Newton's still comes closer.
        noise = 4 * np.finfo(float).eps * best
        full = after[0] <= np.minimum(after.min(axis=0), best) + noise
        taken = np.where(full, 0, after.argmin(axis=0)), np.arange(len(centre))
        centre = centre + steps[taken]
        best = np.minimum(best, after[taken])
        if (np.abs(steps[taken]).max(axis=-1) <= SAME * width).all():
            break
    return centre


def _newton_step(units: Array, inverse: Array, slope: Array) -> Array:
    """Return the step to where the slope would vanish if the curvature stayed."""
    n_options = units.shape[-1]
    total = inverse.sum(axis=-1)[:, None, None]
    curvature = total * np.eye(n_options) - np.einsum("cp,cpi,cpj->cij", inverse, units, units)
    # All points in a row but for rounding: there is no curvature along it.
    curvature += 1e-13 * total * np.eye(n_options)
    return np.asarray(-np.linalg.solve(curvature, slope[..., None])[..., 0])


def _summed(points: Array, present: Flags, centre: Array) -> Array:
    """Return each cloud's summed distance to some centres, shape (..., cloud)."""
    gaps = np.sqrt(((points - centre[..., None, :]) ** 2).sum(axis=-1))
    return np.asarray((gaps * present).sum(axis=-1))
