r"""What rounding can add to a residual, so that a certificate holds to the last digit.

Operations are counted: each is exact up to a factor :math:`1 \pm u` with :math:`u = 2^{-53}`, and a
sum of n terms up to :math:`(n-1)u` times the sum of their sizes [1]_. The computed residual of
beliefs of size at most X then misses the exact one by no more than a multiple of :math:`uX`. The
exact one is that of the law with the parameters as they are held, so the rounding of effective
stubbornness and of the rows counts too.

References
----------
.. [1] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., SIAM 2002,
   sections 3.1 and 4.3.
"""

from __future__ import annotations

UNIT = 2.0**-53
"""Relative error of one operation in double precision."""

SPARSE = 44 * UNIT
"""Error of a residual per unit of belief, rows summed with compensation; 36 are counted."""

ATTAINABLE = 1.5 * SPARSE
"""Certified error that an iterative solver reaches, per unit of belief and of stubbornness."""


def dense_rounding(n_agents: int) -> float:
    r"""Return the error of a dense residual per unit of belief.

    Parameters
    ----------
    n_agents : int
        Terms of a row, summed in any order.

    Returns
    -------
    float

    Notes
    -----
    :math:`17 + 2n` operations are counted where the diagonal is part of the row (beliefs of size
    X make terms of size 2X), and :math:`46 + n` where differences to the own belief are summed, in
    whatever order the compiler chose.
    """
    return (2 * n_agents + 52) * UNIT
