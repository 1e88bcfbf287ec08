"""An attribute that draws its owner; what draws is loaded by name, when it is asked for.

Drawing stands above runs, fits and sweeps, and they do not know it.
"""

from __future__ import annotations

import importlib
from typing import Any

DRAWING = "fjsim.report.figures"


class Figured:
    """The figures of an object, as in ``run.figures.network()``.

    Parameters
    ----------
    drawer : str
        Class in `fjsim.report.figures` that is made with the owner.
    """

    def __init__(self, drawer: str) -> None:
        self.drawer = drawer

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is None:
            return self
        return getattr(importlib.import_module(DRAWING), self.drawer)(owner)
