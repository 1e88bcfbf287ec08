"""``fjsim new``: a commented file with a plug-in that runs, to be changed into one's own."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from fjsim.cli.console import out
from fjsim.errors import ConfigError, StorageError, nearest
from fjsim.foreign_text import shown

TRIED = {
    "attack": "--attack {name}",
    "defense": "--attack stubborn --defense {name}",
    "router": "--router {name}",
    "topology": "--topology {name}",
    "agent": "--set agents.kind={name}",
    "metric": "--attack stubborn --json",
}
"""What a new plug-in of each kind is tried with."""
LONGEST_NAME = 40


def new(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(TRIED)}.", show_default=False)],
    name: Annotated[
        str, typer.Argument(help="What it is called in a scenario.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("--out", help="The file; default NAME.py in this folder.")
    ] = None,
) -> None:
    """Write a file with a plug-in that runs, with comments, to be changed into your own.

    Example: an attack of your own

        fjsim new attack lollipop

        fjsim run --plugin lollipop.py --attack lollipop --limit 10
    """
    from fjsim.registry import names

    if kind not in TRIED:
        raise ConfigError(f"nothing new as {shown(kind)}; there are {_kinds(kind)}")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > LONGEST_NAME:
        raise ConfigError(
            f"the name {shown(name)} does not do; give small letters, digits and single hyphens, "
            f"a letter first, at most {LONGEST_NAME}"
        )
    if name in names(kind):
        raise ConfigError(f"there is {kind} '{name}' already; choose another name")
    path = output or Path(f"{name.replace('-', '_')}.py")
    if path.suffix != ".py":
        raise ConfigError(f"--out {shown(str(path))}: a plug-in file ends in .py")
    _write(path, _text(kind, name, path))
    tried = TRIED[kind].format(name=name)
    out.print(f"wrote {path}", soft_wrap=True, markup=False)
    out.print(f"next: fjsim run --plugin {path} {tried} --limit 10", soft_wrap=True, markup=False)


def _kinds(kind: str) -> str:
    return f"{', '.join(TRIED)}{nearest(kind, TRIED)}"


def _text(kind: str, name: str, path: Path) -> str:
    template = files("fjsim.newcomers").joinpath(f"{kind}.txt").read_text(encoding="utf-8")
    class_name = "".join(part.capitalize() for part in name.split("-"))
    return Template(template).substitute(name=name, class_name=class_name, file=path.name)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path}: is there already; choose another name, or --out") from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror})") from error
