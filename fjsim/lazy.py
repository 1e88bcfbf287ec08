"""Public names of a package, each imported when it is first used.

A process pays for what it uses: a run that fits nothing imports no estimator.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def exported(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package whose names are imported on first use.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to sequence of str
        Module -> the names that it defines. A module without names is itself public.

    Returns
    -------
    tuple of two callables
        For the package to assign. What type checkers see stands under ``TYPE_CHECKING``.

    Examples
    --------
    >>> get, names = exported("fjsim", {"fjsim.errors": ["FjsimError"]})
    >>> get("FjsimError").__name__
    'FjsimError'
    """
    home_of = {name: module for module, names in homes.items() for name in names}
    modules = {module.rpartition(".")[2]: module for module, names in homes.items() if not names}

    def get(name: str) -> Any:
        if name in modules:
            return importlib.import_module(modules[name])
        if name not in home_of:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(importlib.import_module(home_of[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted([*home_of, *modules])
