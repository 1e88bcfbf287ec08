"""What the contracts need of a plug-in before they can try it: a block that builds it."""

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import fjsim.backends
import fjsim.fitting
import fjsim.metrics  # noqa: F401  (all three register what they hold)
from fjsim.registry import Entry

N_AGENTS = 6

EDGES = "speaker,listener,weight\n" + "".join(
    f"{seat},{(seat + 1) % N_AGENTS},{seat + 1}\n" for seat in range(N_AGENTS)
)

PLAIN = {int: 0, float: 0.5, bool: True, str: "sample", Path: "sample"}


@pytest.fixture
def block_of(tmp_path: Path) -> Callable[[Entry], dict[str, Any]]:
    """Return a function that makes the smallest block a plug-in can be built from."""

    def sample(entry: Entry) -> dict[str, Any]:
        return {"kind": entry.name, **_required(entry), **_special(entry, tmp_path)}

    return sample


def _required(entry: Entry) -> dict[str, Any]:
    hints = get_type_hints(entry.factory)
    return {
        parameter.name: _value(hints[parameter.name])
        for parameter in entry.parameters
        if parameter.required
    }


def _value(hint: Any) -> Any:
    """Return some value of a type; a parameter without any needs a line in ``_special``."""
    origin = get_origin(hint)
    if origin is Literal:
        return get_args(hint)[0]
    if origin in (Union, types.UnionType):
        return _value(get_args(hint)[0])
    if origin in (tuple, list):
        return [_value(get_args(hint)[0])]
    return PLAIN.get(hint)


def _special(entry: Entry, folder: Path) -> dict[str, Any]:
    """Give values that only the plug-in itself could know."""
    if (entry.kind, entry.name) == ("topology", "from-file"):
        path = folder / "edges.csv"
        path.write_text(EDGES)
        return {"path": str(path)}
    if (entry.kind, entry.name) == ("agent", "replay"):
        (folder / "events.jsonl").touch()
        return {"run": str(folder)}
    return {}
