"""The description of a sweep: a scenario and the axes along which it is varied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from fjsim.confidential import key_place, secret_place, secret_refusal
from fjsim.errors import ConfigError, FjsimError, nearest
from fjsim.foreign_text import LONGEST_VALUE, shortened, shown
from fjsim.limits import check_size
from fjsim.origin import Origin
from fjsim.scenario import PluginBlock, Scenario, Strict, load_scenario, with_files
from fjsim.serial.yaml import read_yaml

Values = tuple[Any, ...]
Settings = Mapping[str, Any]
Label = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$", max_length=80)]


def _listed(value: Any) -> Any:
    """Let one value stand for a list of one."""
    return value if isinstance(value, (list, tuple)) or value is None else [value]


class Fortify(Strict):
    """A structural measure, which is no defense: more benign agents, or stubborn ones.

    Parameters
    ----------
    more : int
        Benign agents added to the team, >= 0.
    stubborn : int
        How many of the last seats hold a stubborn benign agent, >= 0.
    stubbornness : float
        Theirs, in [0, 1]; for numeric agents and the simulated backend. A real model is told to
        be blunt (agreeableness low), since no prompt states a magnitude.
    """

    more: int = Field(default=0, ge=0)
    stubborn: int = Field(default=0, ge=0)
    stubbornness: float = Field(default=0.95, ge=0, le=1)

    @property
    def label(self) -> str:
        """``none``, ``more 2``, ``stubborn 1`` or both."""
        parts = [f"more {self.more}" if self.more else ""]
        parts.append(f"stubborn {self.stubborn}" if self.stubborn else "")
        return " + ".join(part for part in parts if part) or "none"


FortifyBlock = Annotated[Fortify, BeforeValidator(lambda v: {} if v == "none" else v)]


class Axes(Strict):
    """One product of axes; an axis that is left out stays at the base scenario.

    Parameters
    ----------
    attacks, defenses, routers, topologies : list of str or Block
        Plug-ins by name or block.
    seats : list of str, int or list of int
        Seats of the attack; those that name no attack ignore it.
    agents : list of int
        How many.
    fortify : list of Fortify or 'none'
        Structural measures.
    vary : mapping
        Further axes: ``dotted.key: [value, ...]``, or ``name: {label: {dotted.key: value}}``
        for keys that change together.
    """

    attacks: Annotated[tuple[PluginBlock, ...], BeforeValidator(_listed)] = ()
    defenses: Annotated[tuple[PluginBlock, ...], BeforeValidator(_listed)] = ()
    routers: Annotated[tuple[PluginBlock, ...], BeforeValidator(_listed)] = ()
    topologies: Annotated[tuple[PluginBlock, ...], BeforeValidator(_listed)] = ()
    seats: Annotated[tuple[str | int | tuple[int, ...], ...], BeforeValidator(_listed)] = ()
    agents: Annotated[tuple[int, ...], BeforeValidator(_listed)] = ()
    fortify: Annotated[tuple[FortifyBlock, ...], BeforeValidator(_listed)] = ()
    vary: Mapping[str, Mapping[Label, Settings] | Values] = Field(default_factory=dict)

    @field_validator("vary", mode="before")
    @classmethod
    def _two_forms(cls, value: Any) -> Any:
        for name, axis in (value or {}).items() if isinstance(value, Mapping) else ():
            blocks = isinstance(axis, Mapping) and all(
                isinstance(block, Mapping) for block in axis.values()
            )
            if not axis or not (blocks or isinstance(axis, (list, tuple))):
                raise ValueError(
                    f"axis {shown(name)} is {shown(axis)}; write a list of values, or "
                    "label: {dotted.key: value} for each label"
                )
        return value


class BestResponse(Strict):
    """The search for the attack that answers each defense best.

    Parameters
    ----------
    budget : int
        Parameter settings tried for each defense and topology.
    attacks : list of str
        Attacks whose parameters are searched; by default those on the axis.
    limit : int or None
        Questions used while searching; None for all.
    confirm : int
        Fresh seeds on which the setting found is judged.
    """

    budget: int = Field(default=12, ge=1, le=10_000)
    attacks: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    limit: int | None = Field(default=None, ge=1)
    confirm: int = Field(default=1, ge=1, le=1_000)


class Sweep(Axes):
    """A grid of runs.

    Parameters
    ----------
    name : str
        Names the sweep's folder.
    base : Scenario
        What every cell starts from; in a file also the path of a scenario. Files of plug-ins stand
        in its ``plugins``, which all axes may name.
    seeds : int or list of int
        How many, counted from the base's seed, or which. Seeds are pooled in the table.
    grids : list of Axes
        Several products in one sweep, each inside the axes at the top; default one.
    best_response : BestResponse or None
        Whether, and how hard, to search for a better attack.

    Examples
    --------
    >>> Sweep(base={"rounds": 2}, topologies=["star", "complete"], seeds=2).seed_list
    (0, 1)
    """

    name: str = Field(default="sweep", pattern=r"^[A-Za-z0-9._-]+$", max_length=120)
    base: Scenario = Scenario()
    seeds: Annotated[int, Field(ge=1)] | tuple[Annotated[int, Field(ge=0)], ...] = 1
    grids: tuple[Axes, ...] = (Axes(),)
    best_response: BestResponse | None = None

    def __init__(self, **values: Any) -> None:
        _refuse_secrets(values)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_explained(error)) from error

    @model_validator(mode="after")
    def _check(self) -> Sweep:
        if not self.name.strip("."):
            raise ValueError(f"name is '{self.name}', which names another folder; give a word")
        check_size("seeds", self.n_seeds)
        if not isinstance(self.seeds, int) and len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds names one twice: {list(self.seeds)}; keep one")
        if not self.seed_list or not self.grids:
            raise ValueError("seeds and grids must not be empty")
        return self

    @property
    def n_seeds(self) -> int:
        """How many seeds every group of cells has."""
        return self.seeds if isinstance(self.seeds, int) else len(self.seeds)

    def trusted(self) -> Sweep:
        """Return the same sweep, trusted like one made in code."""
        return self.model_copy(update={"base": self.base.coming_from(None)})

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds of every group of cells."""
        if isinstance(self.seeds, int):
            return tuple(range(self.base.seed, self.base.seed + self.seeds))
        return self.seeds


_BLOCKS: Mapping[str, type[Strict]] = {
    "grids": Axes,
    "fortify": Fortify,
    "best_response": BestResponse,
}


def _explained(error: ValidationError) -> str:
    """Return one line: the key, what was given, what is allowed."""
    first = error.errors()[0]
    # What pydantic adds about unions and constraints says nothing to the user.
    *outer, last = first["loc"] or ("",)
    loc = [part for part in outer if not (isinstance(part, str) and "-" in part)]
    is_key = first["type"] == "extra_forbidden"
    loc += [last] if is_key or not (isinstance(last, str) and "-" in last) else []
    where = shortened(".".join(map(str, loc)), LONGEST_VALUE)
    if is_key:
        model = next((_BLOCKS[str(p)] for p in reversed(loc[:-1]) if str(p) in _BLOCKS), Sweep)
        known = list(model.model_fields)
        return (
            f"unknown key {shown(where)}; allowed: {', '.join(known)}{nearest(str(loc[-1]), known)}"
        )
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{where}: {message}" if where else f"sweep: {message}"
    return f"{where}: got {shown(first['input'])}; {message[0].lower()}{message[1:]}"


def _refuse_secrets(values: Mapping[str, Any]) -> None:
    """Refuse keys in a sweep before its values become labels, folders and messages."""
    place = key_place({name: value for name, value in values.items() if name != "base"})
    grids = values.get("grids")
    listed = grids if isinstance(grids, (list, tuple)) else ()
    for axes in (values, *(grid for grid in listed if isinstance(grid, Mapping))):
        for key, value in _varied(axes.get("vary")):
            if "backend" in key.split("."):
                place = place or secret_place({key: value}, "vary")
    if place is not None:
        raise ConfigError(secret_refusal(place))


def _varied(axes: object) -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of the axes of ``vary``, in both of its forms."""
    for name, axis in axes.items() if isinstance(axes, Mapping) else ():
        yield str(name), axis
        for settings in axis.values() if isinstance(axis, Mapping) else ():
            if isinstance(settings, Mapping):
                yield from ((str(key), value) for key, value in settings.items())


SweepLike = Sweep | Mapping[str, Any] | str | Path
"""A sweep, a mapping of its fields, or the path of a YAML file."""


def sweep_of(given: SweepLike) -> Sweep:
    """Return the sweep that is given in one way or another.

    Parameters
    ----------
    given : Sweep, mapping, str or Path
        A path is that of a YAML file, which may not decide what only its user may.

    Raises
    ------
    ConfigError
        If it is none of these, or its values are wrong.
    """
    if isinstance(given, Sweep):
        return given
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        return Sweep(**given)
    if isinstance(given, (str, Path)):
        return load_sweep(given)
    raise ConfigError(
        f"a sweep is wanted, and this is {type(given).__name__} {shown(given)}; give a "
        "fjsim.Sweep, a mapping of its fields, or the path of a YAML file"
    )


def load_sweep(path: str | Path, trust: bool = False, plugins: Sequence[str | Path] = ()) -> Sweep:
    """Read a sweep from YAML.

    Parameters
    ----------
    path : str or Path
        ``base`` may be a scenario, or the path of one relative to this file.
    trust : bool
    plugins : sequence of str or Path
        As in ``fjsim.scenario.load_scenario``.

    Returns
    -------
    Sweep

    Raises
    ------
    ConfigError
        If the file, a key or a value is wrong; names the nearest key.
    """
    values = read_yaml(path)
    base = values.get("base", {})
    scenario = _base_file(path, base) if isinstance(base, str) else base
    if not isinstance(scenario, (dict, Scenario)):
        raise ConfigError(f"{path}: base is {shown(base)}; give a scenario or the path of one")
    if isinstance(scenario, dict):
        scenario = Scenario(**scenario)
    scenario = with_files(scenario, plugins)
    values["base"] = scenario.coming_from(None if trust else Origin(str(path)))
    values.setdefault("name", Path(path).stem)
    return Sweep(**values)


def _base_file(path: str | Path, base: str) -> Scenario:
    """Read the scenario that a sweep names; nothing that stands in it is repeated in an error."""
    file = Path(path).parent / base
    if not file.is_file():
        raise ConfigError(f"{path}: base is {shown(base)}, and there is no such file")
    try:
        return load_scenario(file)
    except FjsimError as error:
        # A sweep from somebody else may name a file that is no business of the log's.
        raise ConfigError(
            f"{path}: base {shown(base)} is no valid scenario; fjsim run {shown(str(file))} "
            "--dry-run says why"
        ) from error
