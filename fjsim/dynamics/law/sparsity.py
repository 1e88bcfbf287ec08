"""Whether a matrix is sparse, asked without importing scipy for those that are not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy import sparse
    from typing_extensions import TypeIs


def is_sparse(values: object) -> TypeIs[sparse.csr_array]:
    """Return whether this is a scipy sparse matrix or array.

    Parameters
    ----------
    values : object
        Anything.

    Examples
    --------
    >>> is_sparse([[0.0, 1.0], [1.0, 0.0]])
    False
    """
    # Nobody can hold a sparse matrix before scipy.sparse is imported.
    loaded = sys.modules.get("scipy.sparse")
    return loaded is not None and bool(loaded.issparse(values))
