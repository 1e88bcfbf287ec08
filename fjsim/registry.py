"""Names for plug-ins: (kind, name) -> factory, ours and a stranger's alike.

A package that the entry-point group ``fjsim.plugins`` names is imported on first use, and its
``@register`` decorators do the rest. A package of many plug-ins may ``declare`` which module holds
which instead: that module is imported when its name is asked for. A package that does not load
stops a run that may need it and is marked in ``fjsim list``.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from fjsim.errors import ConfigError, PluginError, UnknownNameError, nearest
from fjsim.explained import WANTED
from fjsim.foreign_text import shown

GROUP = "fjsim.plugins"
KINDS = ("agent", "topology", "router", "attack", "defense", "backend", "estimator", "metric")
OUR_PACKAGES = frozenset(
    {
        "fjsim",
        "fjsim_agents",
        "fjsim_topologies",
        "fjsim_routers",
        "fjsim_attacks",
        "fjsim_defenses",
    }
)

Factory = TypeVar("Factory", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed parameter of a plug-in."""

    name: str
    type: str
    default: Any
    required: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered plug-in.

    Parameters
    ----------
    kind, name : str
        What it is and what it is called in a scenario.
    factory : callable
        A frozen dataclass, or a function with typed arguments.
    package : str
        Top-level package that registered it.
    """

    kind: str
    name: str
    factory: Callable[..., Any]
    package: str

    @property
    def third_party(self) -> bool:
        """Whether it comes from outside fjsim."""
        return self.package not in OUR_PACKAGES

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (inspect.getdoc(self.factory) or "").split("\n", 1)[0]

    @property
    def profiles(self) -> Mapping[str, Mapping[str, Any]]:
        """Its named sets of parameters, which ``profile`` in its block chooses from."""
        found: Mapping[str, Mapping[str, Any]] = getattr(self.factory, "profiles", {})
        return found

    @property
    def choices(self) -> Mapping[str, Mapping[str, str]]:
        """What a parameter may name, where its class has ``choices()``: value -> meaning."""
        tell: Callable[[], Mapping[str, Mapping[str, str]]] | None
        tell = getattr(self.factory, "choices", None)
        return {} if tell is None else tell()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What may be set in its block."""
        return tuple(
            Parameter(
                name=name,
                type=str(parameter.annotation).replace("typing.", ""),
                default=None if _is_required(parameter) else _default(self.factory, parameter),
                required=_is_required(parameter),
            )
            for name, parameter in inspect.signature(self.factory).parameters.items()
        )


_entries: dict[tuple[str, str], Entry] = {}
_declared: dict[tuple[str, str], str] = {}
_broken: dict[str, str] = {}
_loaded: set[EntryPoint] = set()
_files: dict[str, tuple[str, str]] = {}
"""Module made of a file -> the file's whole path, and its path as the user gave it."""


def register(kind: str, name: str) -> Callable[[Factory], Factory]:
    """Return a decorator that registers a plug-in.

    Parameters
    ----------
    kind : {'agent', 'topology', 'router', 'attack', 'defense', 'backend', 'estimator', 'metric'}
        What it is.
    name : str
        What it is called in a scenario.

    Raises
    ------
    PluginError
        If the kind is unknown, or another plug-in has the name.

    Examples
    --------
    >>> @register("attack", "doctest-example")
    ... class Example:
    ...     pass
    """
    if kind not in KINDS:
        raise PluginError(f"no plug-in kind '{kind}'; there are {', '.join(KINDS)}")

    def add(factory: Factory) -> Factory:
        package = package_of(factory.__module__)
        known = _entries.get((kind, name))
        if known is not None and _origin(known.factory) != _origin(factory):
            raise _taken(kind, name, known.package, package)
        home = _declared.get((kind, name), factory.__module__)
        if home != factory.__module__:
            raise _taken(kind, name, package_of(home), package)
        _entries[kind, name] = Entry(kind, name, factory, package)
        return factory

    return add


def declare(kind: str, modules: Mapping[str, str]) -> None:
    """Say which module registers which plug-in, so that it is imported only if asked for.

    Parameters
    ----------
    kind : {'agent', 'topology', 'router', 'attack', 'defense', 'backend', 'estimator', 'metric'}
        What they are.
    modules : mapping of str to str
        Name in a scenario -> full name of the module whose ``@register`` has it.

    Raises
    ------
    PluginError
        If the kind is unknown, or another plug-in has one of the names.

    Examples
    --------
    >>> declare("attack", {"doctest-declared": "some_package.doctest_declared"})
    >>> del _declared["attack", "doctest-declared"]
    """
    if kind not in KINDS:
        raise PluginError(f"no plug-in kind '{kind}'; there are {', '.join(KINDS)}")
    for name, module in modules.items():
        known = _entries.get((kind, name))
        home = _declared.get((kind, name), module if known is None else known.factory.__module__)
        if home != module:
            raise _taken(kind, name, package_of(home), package_of(module))
        _declared[kind, name] = module


@contextmanager
def registering(module: str, place: str, file: str) -> Iterator[None]:
    """Have a module that is made of a file register its plug-ins in place of an older one's.

    Parameters
    ----------
    module : str
        Name of the module.
    place, file : str
        Path of the file from the root, and as the user gave it.

    Notes
    -----
    Where the file fails, everything stays registered as it was.
    """
    load_plugins()
    older = {name: home for name, home in _files.items() if home[0] == place}
    taken = [entry for name in older for entry in _taken_out(name)]
    _files[module] = (place, file)
    try:
        yield
    except BaseException:
        # What it imported besides stays: a module that is imported registers only once.
        _taken_out(module)
        _files.update(older)
        _entries.update({(entry.kind, entry.name): entry for entry in taken})
        raise


def _taken_out(module: str) -> list[Entry]:
    """Forget a module that is made of a file, and return what it had registered."""
    _files.pop(module, None)
    found = [entry for entry in _entries.values() if entry.factory.__module__ == module]
    for entry in found:
        del _entries[entry.kind, entry.name]
    return found


def place_of(file: str | Path) -> Path:
    """Return the whole path of a file that is named somehow, whether it is there or not."""
    try:
        return Path(file).resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(file)


def package_of(module: str) -> str:
    """Return the top-level package of a module, or the file that it is made of."""
    return _files[module][1] if module in _files else module.partition(".")[0]


def split_kind(name: str) -> tuple[str, str] | None:
    """Return file and plug-in of a kind such as ``mine.py:Lollipop``; None for a plain name."""
    file, colon, inner = name.rpartition(":")
    return (file, inner) if colon and file.endswith(".py") and inner else None


def _in_file(kind: str, file: str, name: str) -> Entry:
    """Return a plug-in of a loaded file, by the name of its class or the one it is known by."""
    place = str(place_of(file))
    modules = {module for module, (where, _) in _files.items() if where == place}
    if not modules:
        raise PluginError(
            f"{kind} {shown(f'{file}:{name}')}: {shown(file)} is not loaded; add --plugin {file}, "
            f"or plugins: [{file}] to the scenario"
        )
    inside = [entry for entry in _entries.values() if entry.factory.__module__ in modules]
    known = [entry for entry in inside if entry.kind == kind]
    for entry in known:
        if name in (entry.factory.__name__, entry.name):
            return entry
    there = ", ".join(f"{one.factory.__name__} ({one.kind} '{one.name}')" for one in inside)
    raise UnknownNameError(
        f"{shown(file)} has no {kind} {shown(name)}; it registers {there or 'nothing'}"
        f"{nearest(name, [one.factory.__name__ for one in known])}; put "
        f'@register("{kind}", "a-name") above the class that is meant'
    )


def _taken(kind: str, name: str, holder: str, package: str) -> PluginError:
    return PluginError(
        f"{kind} '{name}' is registered by {holder} and again by {package}; rename one of them"
    )


def _origin(factory: Callable[..., Any]) -> tuple[str, str]:
    return factory.__module__, factory.__qualname__


def names(kind: str) -> list[str]:
    """Return the names of one kind, sorted; what is declared alone is not imported."""
    load_plugins()
    return sorted(name for of, name in {*_entries, *_declared} if of == kind)


def entries(kind: str) -> list[Entry]:
    """Return the plug-ins of one kind, sorted by name, without those that do not load."""
    return sorted(_all(kind), key=lambda entry: entry.name)


def in_order(kind: str) -> list[Entry]:
    """Return the plug-ins of one kind as declared or registered: ours, then strangers' by name."""
    found = _all(kind)
    strangers = sorted((e for e in found if e.third_party), key=lambda entry: entry.name)
    return [entry for entry in found if not entry.third_party] + strangers


def _all(kind: str) -> list[Entry]:
    """Return every plug-in of a kind that loads; those that do not are kept in `_broken`."""
    load_plugins()
    ordered = [name for of, name in {**_declared, **_entries} if of == kind]
    return [entry for name in ordered if (entry := _entry(kind, name)) is not None]


def _entry(kind: str, name: str) -> Entry | None:
    """Return one plug-in, imported now if it was declared alone; None where it does not load."""
    module = _declared.get((kind, name))
    if module is None or (kind, name) in _entries:
        return _entries.get((kind, name))
    try:
        importlib.import_module(module)
    except PluginError:
        raise
    # As in `_import`: what a stranger's module may raise is not known.
    except Exception as error:
        _broken[module] = f"{type(error).__name__}: {error}"
        return None
    if (kind, name) not in _entries:
        _broken[module] = f"it is declared to hold {kind} '{name}' and does not register it"
    return _entries.get((kind, name))


def broken_plugins() -> Mapping[str, str]:
    """Return the packages that did not load, and why."""
    load_plugins()
    return dict(_broken)


def load_plugins() -> None:
    """Import every package that the entry-point group names; do nothing the second time."""
    for point in _installed():
        if point not in _loaded:
            _import(point)
            _loaded.add(point)


@cache
def _installed() -> tuple[EntryPoint, ...]:
    # Scanning every installed distribution takes milliseconds; a sweep asks thousands of times.
    return tuple(entry_points(group=GROUP))


def _import(point: EntryPoint) -> None:
    try:
        importlib.import_module(point.module)
    except PluginError:
        raise
    # A stranger's package may fail in any way; the run that does not name it goes on.
    except Exception as error:
        _broken[point.value] = f"{type(error).__name__}: {error}"


def find(kind: str, name: str) -> Entry:
    """Return the plug-in of that kind and name.

    Raises
    ------
    UnknownNameError
        With the nearest name.
    PluginError
        If no plug-in has the name but a package that may hold it did not load.
    """
    load_plugins()
    split = split_kind(name)
    entry = _entry(kind, name) if split is None else _in_file(kind, *split)
    if entry is not None:
        return entry
    known = names(kind)
    hint = f"no {kind} {shown(name)}; there are {', '.join(known)}{nearest(name, known)}"
    if _broken:
        failures = "; ".join(f"{package} ({why})" for package, why in _broken.items())
        raise PluginError(f"{hint} — and a plug-in package did not load: {failures}")
    raise UnknownNameError(hint)


def build(kind: str, block: str | Mapping[str, Any], beside: Sequence[str] = ()) -> Any:
    """Make a plug-in from its block in a scenario.

    Parameters
    ----------
    kind : str
        What it is.
    block : str or mapping
        Its name, or ``{"kind": name, parameter: value, ...}``. Where its class has ``profiles``,
        ``profile`` names a set of parameters, and those that stand beside it win.
    beside : sequence of str, default ()
        Keys that its block may hold beside the parameters, taken out before; named in errors.

    Returns
    -------
    object
        The plug-in, its parameters checked against their types.

    Raises
    ------
    ConfigError
        With the parameter, what was given and what is allowed.
    """
    given = {"kind": block} if isinstance(block, str) else dict(block)
    if "kind" not in given:
        raise ConfigError(f"the {kind} block {shown(given)} names no plug-in; add its kind")
    entry = find(kind, str(given.pop("kind")))
    given = _with_profile(entry, given)
    accepted = inspect.signature(entry.factory).parameters
    known = [*accepted]
    for name in given:
        if name not in known:
            allowed = [*known, *(["profile"] if entry.profiles else []), *beside]
            raise ConfigError(
                f"{kind} '{entry.name}' has no parameter {shown(name)}; allowed: "
                f"{', '.join(allowed) or 'none'}{nearest(name, allowed)}"
            )
    missing = [name for name in known if _is_required(accepted[name]) and name not in given]
    if missing:
        raise ConfigError(f"{kind} '{entry.name}' needs {', '.join(missing)}; set it in its block")
    return entry.factory(**_coerce(entry, given))


def _with_profile(entry: Entry, given: dict[str, Any]) -> dict[str, Any]:
    """Return a block with the parameters of the profile that it names; its own ones win."""
    profiles = entry.profiles
    if not profiles or "profile" not in given:
        return given
    name = given["profile"]
    if not isinstance(name, str) or name not in profiles:
        raise ConfigError(
            f"{entry.kind} '{entry.name}' has no profile {shown(name)}; there are "
            f"{', '.join(profiles)}{nearest(str(name), profiles)}"
        )
    own = {key: value for key, value in given.items() if key != "profile"}
    return {**profiles[name], **own}


def _coerce(entry: Entry, given: Mapping[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(entry.factory, include_extras=True)
    checked: dict[str, Any] = {}
    for name, value in given.items():
        try:
            checked[name] = TypeAdapter(hints.get(name, Any)).validate_python(value)
        except ValidationError as error:
            first = error.errors()[0]
            problem = WANTED.get(first["type"], first["msg"])
            raise ConfigError(
                f"{entry.kind} '{entry.name}', parameter '{name}': got {shown(value)}; {problem}"
            ) from error
    return checked


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def _default(factory: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    if not dataclasses.is_dataclass(factory):
        return parameter.default
    for item in dataclasses.fields(factory):
        if item.name == parameter.name and item.default_factory is not dataclasses.MISSING:
            return item.default_factory()
    return parameter.default


def describe(plugin: Any, name: str) -> dict[str, Any]:
    """Return the block that builds this very plug-in again, defaults included.

    Parameters
    ----------
    plugin : object
        A dataclass made by ``build``.
    name : str
        The name it is registered under.

    Returns
    -------
    dict
        ``{"kind": name, parameter: value, ...}`` of plain values.
    """
    values: dict[str, Any] = {"kind": name}
    if dataclasses.is_dataclass(plugin):
        for item in dataclasses.fields(plugin):
            if item.init and not item.name.startswith("_"):
                values[item.name] = _as_given(getattr(plugin, item.name))
    return values


def _as_given(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: _as_given(getattr(value, item.name)) for item in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): _as_given(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_as_given(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_as_given(item) for item in value]
    if isinstance(value, Enum):
        return _as_given(value.value)
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)
