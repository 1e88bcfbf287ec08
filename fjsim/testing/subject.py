"""A plug-in under test: made, with its block and its entry in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fjsim import registry
from fjsim.registry import Entry


class BrokenLawError(AssertionError):
    """A plug-in does not keep a law of its kind; the message says which, and what was seen."""


def require(holds: object, otherwise: str) -> None:
    """Raise `BrokenLawError` with a sentence unless something holds."""
    if not holds:
        raise BrokenLawError(otherwise)


@dataclass(frozen=True, eq=False)
class Subject:
    """One registered plug-in and the block that made it.

    Parameters
    ----------
    entry : fjsim.registry.Entry
    block : mapping
        ``{"kind": name, parameter: value, ...}``.
    plugin : object
        What the block makes.
    """

    entry: Entry
    block: Mapping[str, Any]
    plugin: Any

    @property
    def name(self) -> str:
        """Kind and name, as a message begins."""
        return f"{self.entry.kind} '{self.entry.name}'"

    def again(self) -> Any:
        """Make the plug-in afresh."""
        return registry.build(self.entry.kind, self.block)


Law = Callable[[Subject], None]


def subject(kind: str, plugin: object) -> Subject:
    """Find what is registered of a plug-in.

    Parameters
    ----------
    kind : str
        Its kind.
    plugin : str, mapping or object
        Its name, its block, or the plug-in itself.

    Raises
    ------
    BrokenLawError
        If an object of that class is not registered.
    ConfigError
        If the name is unknown, or the block wrong.
    """
    if isinstance(plugin, str | Mapping):
        block = {"kind": plugin} if isinstance(plugin, str) else dict(plugin)
        return Subject(registry.find(kind, str(block["kind"])), block, registry.build(kind, block))
    for entry in registry.entries(kind):
        if entry.factory is type(plugin):
            return Subject(entry, registry.describe(plugin, entry.name), plugin)
    given = f"{type(plugin).__module__}.{type(plugin).__qualname__}"
    raise BrokenLawError(f'{given} is not registered; put @register("{kind}", NAME) above it')
