"""What there is to choose from, plug-in by plug-in."""

from __future__ import annotations

from dataclasses import dataclass

import fjsim.metrics  # noqa: F401  (registers its families, entry points or not)
from fjsim.errors import ConfigError, nearest
from fjsim.foreign_text import shown
from fjsim.registry import KINDS, Parameter, entries, in_order

PLURALS = {("topologies" if kind == "topology" else f"{kind}s"): kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plug-in as a scenario names it.

    Parameters
    ----------
    kind, name : str
        What it is, and what a scenario calls it.
    summary : str
        What it does, in one line.
    package : str
        Who brought it.
    parameters : tuple of Parameter
        What may be set in its block.
    """

    kind: str
    name: str
    summary: str
    package: str
    parameters: tuple[Parameter, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.summary}"


def plugins(kind: str) -> tuple[Plugin, ...]:
    """Return what there is of a kind, by name; metrics in the order of tables.

    Parameters
    ----------
    kind : str
        ``agent``, ``topology``, ``router``, ``attack``, ``defense``, ``backend``, ``estimator`` or
        ``metric``; the plural will do.

    Raises
    ------
    ConfigError
        If there is no such kind.

    Examples
    --------
    >>> "star" in [one.name for one in plugins("topology")]
    True
    """
    singular = PLURALS.get(kind, kind)
    if singular not in KINDS:
        raise ConfigError(
            f"no kind of plug-in {shown(kind)}; there are {', '.join(KINDS)}{nearest(kind, KINDS)}"
        )
    return tuple(
        Plugin(singular, entry.name, entry.summary, entry.package, entry.parameters)
        for entry in (in_order if singular == "metric" else entries)(singular)
    )
