"""The only compiled code: loops over agents and edges that numpy cannot fuse.

Import these modules where they are used, not at the top of a file: numba takes half a second to
load.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", bound=NDArray[Any])


def readonly(values: Numbers) -> Numbers:
    """Return a contiguous view that cannot be written to.

    A kernel is compiled once per kind of argument, and to numba a writable array is another kind:
    inputs go in this way, so that each kernel is compiled once.
    """
    view: Any = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view  # type: ignore[no-any-return]
