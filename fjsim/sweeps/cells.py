"""From a sweep to its cells: one scenario each, labelled by where it stands on the axes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from fjsim.errors import ConfigError, FjsimError
from fjsim.foreign_text import LONGEST_VALUE, shortened, shown
from fjsim.limits import check_size
from fjsim.registry import find
from fjsim.scenario import Block, Scenario, set_value
from fjsim.sweeps.grid import Axes, Fortify, Settings, Sweep

OFF = "-"
"""Label of an axis that means nothing in a cell, such as the seat of no attack."""


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Parameters
    ----------
    labels : mapping of str to str
        Axis and where the cell stands on it; the seed is no axis.
    scenario : Scenario
        Complete, seed included.
    """

    labels: Mapping[str, str]
    scenario: Scenario

    @property
    def group(self) -> tuple[tuple[str, str], ...]:
        """What the seeds of one setting share."""
        return tuple(self.labels.items())

    def key_without(self, *fields: str) -> str:
        """Return what two cells share that differ in these fields alone.

        Parameters
        ----------
        *fields : str
            Fields of a scenario; name and warm-up never count, because all cells of a sweep
            leave out the same questions.
        """
        values = self.scenario.as_dict()
        for field in ("name", "warmup", "baseline", *fields):
            del values[field]
        return json.dumps(values, sort_keys=True)


@dataclass(frozen=True)
class _Choice:
    """One value on one axis: what it is called and what it sets."""

    axis: str
    label: str
    settings: Settings
    fortify: Fortify | None = None


def expand(sweep: Sweep) -> tuple[Cell, ...]:
    """Return the cells of a sweep, in the order of its axes, seeds innermost.

    Parameters
    ----------
    sweep : Sweep

    Returns
    -------
    tuple of Cell
        No two with the same labels and seed; two settings may mean the same scenario, which is
        then run once.

    Raises
    ------
    ConfigError
        If a value does not fit its key.
    """
    cells: dict[tuple[object, ...], Cell] = {}
    _check_size(sweep)
    for grid in sweep.grids:
        for choices in product(*_axes(sweep, grid)):
            for seed in sweep.seed_list:
                cell = _cell(sweep.base, choices, seed)
                cells.setdefault((cell.group, seed), cell)
    return _same_axes(tuple(cells.values()))


def _axes(sweep: Sweep, grid: Axes) -> list[tuple[_Choice, ...]]:
    """Return the axes of one product; a block of its own wins over the same axis at the top."""
    own = {choices[0].axis: choices for choices in _choices(grid)}
    shared = {choices[0].axis: choices for choices in _choices(sweep)}
    return list((shared | own).values())


def _check_size(sweep: Sweep) -> None:
    """Refuse a grid that no sweep could play, before it is spread out."""
    products = [prod(map(len, _axes(sweep, grid))) for grid in sweep.grids]
    try:
        check_size("cells", sum(products) * sweep.n_seeds)
    except ValueError as error:
        raise ConfigError(f"sweep: {error}") from error


def _same_axes(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Give every cell the same axes, in one order."""
    axes = list(dict.fromkeys(axis for cell in cells for axis in cell.labels))
    return tuple(
        Cell({axis: cell.labels.get(axis, OFF) for axis in axes}, cell.scenario) for cell in cells
    )


def _choices(axes: Axes) -> Iterator[tuple[_Choice, ...]]:
    """Yield the axes that are given, each as its values."""
    plugins = {
        "topology": axes.topologies,
        "router": axes.routers,
        "attack": axes.attacks,
        "defense": axes.defenses,
    }
    for name, blocks in plugins.items():
        if blocks:
            yield tuple(_Choice(name, block_label(b), {name: b.as_dict()}) for b in blocks)
    if axes.seats:
        yield tuple(_Choice("seat", _text(s), {"attack.seat": s}) for s in axes.seats)
    if axes.agents:
        yield tuple(_Choice("agents", str(n), {"agents.count": n}) for n in axes.agents)
    for name, values in axes.vary.items():
        yield tuple(_varied(name, values))
    if axes.fortify:
        yield tuple(_Choice("fortify", f.label, {}, f) for f in axes.fortify)


def _varied(name: str, values: Any) -> Iterator[_Choice]:
    if isinstance(values, Mapping):
        for label, settings in values.items():
            yield _Choice(name, label, settings)
    else:
        for value in values:
            yield _Choice(name, _text(value), {name: value})


def block_label(block: Block) -> str:
    """Return the name of a plug-in, with its parameters where some are set."""
    inner = ", ".join(f"{key}={_text(value)}" for key, value in block.parameters.items())
    return f"{block.kind}({inner})" if inner else block.kind


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "+".join(map(str, value))
    return str(value)


def _cell(base: Scenario, choices: tuple[_Choice, ...], seed: int) -> Cell:
    values = base.as_dict()
    labels = _base_labels(base) | {choice.axis: choice.label for choice in choices}
    fortify = Fortify()
    settings: dict[str, Any] = {}
    for choice in choices:
        settings |= choice.settings
        fortify = choice.fortify or fortify
    # A whole block first, then keys inside it, whichever axis they come from.
    for key in sorted(settings, key=lambda dotted: dotted.count(".")):
        if not _is_idle(key, values):
            set_value(values, f"{key}={json.dumps(settings[key])}")
    strengthened(values, fortify)
    values |= {"seed": seed}
    if isinstance(values["warmup"], int):  # What it is else, is refused below.
        values["warmup"] = max(values["warmup"], _usual_warmup(values))
    values["name"] = _slug(labels, seed)
    try:
        scenario = Scenario(**values)
    except FjsimError as error:
        place = shortened(", ".join(labels.values()), LONGEST_VALUE)
        raise ConfigError(f"cell {place}: {error}") from error
    return Cell(_labelled(labels, scenario), scenario.coming_from(base.origin))


def _base_labels(base: Scenario) -> dict[str, str]:
    kinds = (base.topology, base.router, base.attack, base.defense)
    return dict(
        zip(("topology", "router", "attack", "defense"), (b.kind for b in kinds), strict=True)
    )


def _labelled(labels: Mapping[str, str], scenario: Scenario) -> dict[str, str]:
    """Bring the labels up to date with what other axes set, and mark what means nothing."""
    now = dict(labels)
    for name in _base_labels(scenario):
        block: Block = getattr(scenario, name)
        if now[name].partition("(")[0] != block.kind:
            now[name] = block_label(block)
    if scenario.attack.kind == "none" and "seat" in now:
        now["seat"] = OFF
    return now


def _is_idle(key: str, values: Mapping[str, Any]) -> bool:
    """Say whether a key belongs to a plug-in that the cell does not have."""
    field, _, inner = key.partition(".")
    if not inner or field not in ("attack", "defense"):
        return False
    return bool(_block(values, field)["kind"] == "none")


def _block(values: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return the block of a plug-in in plain values that an axis may have set to anything."""
    block = values[field]
    given = {"kind": block} if isinstance(block, str) else block
    if not isinstance(given, Mapping) or not isinstance(given.get("kind"), str):
        raise ConfigError(f"{field} is {shown(block)}; give a name, or a block with its kind")
    return given


def _usual_warmup(values: Mapping[str, Any]) -> int:
    """Return the warm-up that a defense asks for by itself: the papers' warm-up defenses do."""
    given = _block(values, "defense")
    usual = getattr(find("defense", given["kind"]).factory, "warmup", 0)
    warmup = given.get("warmup", usual) or 0
    # Anything but a number is refused when the defense is built.
    return warmup if isinstance(warmup, int) else 0


def strengthened(values: dict[str, Any], fortify: Fortify) -> None:
    """Put a structural measure into the plain values of a scenario, in place.

    Parameters
    ----------
    values : dict
        As ``Scenario.as_dict`` gives them.
    fortify : Fortify
        What to add.

    Raises
    ------
    ConfigError
        If the seats cannot be made stubborn.
    """
    if not (fortify.more or fortify.stubborn):
        return
    team = Scenario(agents=values["agents"]).as_dict()["agents"]
    blocks = [dict(block) for block in (team if isinstance(team, list) else [team])]
    blocks[-1]["count"] += fortify.more
    if fortify.stubborn:
        blocks[-1]["count"] -= fortify.stubborn
        if blocks[-1]["count"] < 1:
            raise ConfigError(
                f"fortify: {fortify.stubborn} stubborn agents leave no other; add agents, or take "
                "fewer"
            )
        blocks.append(_stubborn(blocks[-1], values["backend"], fortify))
    values["agents"] = blocks if len(blocks) > 1 else blocks[0]


def _stubborn(block: Mapping[str, Any], backend: Mapping[str, Any], fortify: Fortify) -> Any:
    traits = {"stubbornness": fortify.stubbornness, "stubbornness_concentration": 0.0}
    own = block.get("backend") or backend
    if block["kind"] == "numeric":
        extra: dict[str, Any] = traits
    elif block["kind"] == "llm" and own["kind"] == "simulated":
        extra = {"backend": {**own, **traits}}
    elif block["kind"] == "llm":
        extra = {"agreeableness": "low"}
    else:
        raise ConfigError(
            f"fortify: agents of kind '{block['kind']}' cannot be made stubborn; use llm or numeric"
        )
    return {**block, **extra, "count": fortify.stubborn}


def _slug(labels: Mapping[str, str], seed: int) -> str:
    kept = [label for label in labels.values() if label not in ("none", "uniform", OFF)]
    text = re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(kept)).strip("-.")[:60]
    return f"{text or 'base'}-s{seed}"
