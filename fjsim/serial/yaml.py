"""YAML as people write it: a mapping of text keys, each once, or one clear line.

Files come from others too, so their size is bounded before anything is made of them, with every
alias counted as what it stands for.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from fjsim.errors import ConfigError
from fjsim.foreign_text import LONGEST_VALUE, printable, shortened, shown

YAML_MERGE = "tag:yaml.org,2002:merge"
TIMESTAMP = "tag:yaml.org,2002:timestamp"

MOST_BYTES = 4_000_000
"""A resolved scenario of two thousand seats has about half a million."""
MOST_VALUES = 200_000
"""Keys and values of one document, aliases spelled out."""

LARGEST_NUMBER = 10**40

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's, where it is there, takes a tenth of the time."""


def yaml_of(values: Any) -> str:
    """Return plain values as YAML, keys in their order.

    Parameters
    ----------
    values : object
        Mappings, lists, texts, numbers, booleans and None.
    """
    return yaml.dump(values, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file whose top is a mapping.

    Raises
    ------
    ConfigError
        If it is missing, broken, too large, or no mapping.
    """
    try:
        values = parse_yaml(_text(Path(path)))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give the path of a scenario in YAML") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    except ConfigError as error:
        raise ConfigError(f"{path}{error}") from error.__cause__
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a mapping of keys is needed, got {type(values).__name__}")
    return values


def _text(path: Path) -> str:
    with path.open("rb") as file:
        read = file.read(MOST_BYTES + 1)
    if len(read) > MOST_BYTES:
        raise ConfigError(f": is larger than the {MOST_BYTES:,} bytes that such a file may have")
    return read.decode("utf-8")


def parse_yaml(text: str) -> Any:
    """Return what a YAML text holds: plain values only.

    Parameters
    ----------
    text : str
        Untrusted.

    Raises
    ------
    ConfigError
        If it is no YAML, repeats a key, or holds too much; starts with the line, or with a colon.
    """
    loader = None
    try:
        loader = _OneOfEachKey(text)
        node = loader.get_single_node()
        if node is None:
            return None
        n_values = _n_values(node)
        if n_values > MOST_VALUES:
            raise ConfigError(
                f": holds {n_values:,} values with every alias spelled out; at most "
                f"{MOST_VALUES:,} are read, so write less of it, or fewer aliases"
            )
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = printable(str(getattr(error, "problem", None) or "not YAML"))
        raise ConfigError(f"{where}: {shortened(problem, LONGEST_VALUE)}") from error
    except RecursionError:
        raise ConfigError(": nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def _n_values(node: yaml.Node) -> int:
    """Count the scalars and blocks below a node, each alias as often as it stands.

    Raises
    ------
    ConfigError
        If a block holds itself.
    """
    counts: dict[int, int] = {}
    open_blocks: set[int] = set()

    def count(inner: yaml.Node) -> int:
        known = counts.get(id(inner))
        if known is not None:
            return known
        if id(inner) in open_blocks:
            line = inner.start_mark.line + 1
            raise ConfigError(f", line {line}: a block holds itself by an alias; write it out")
        open_blocks.add(id(inner))
        total = 1 + sum(map(count, _children(inner)))
        open_blocks.discard(id(inner))
        counts[id(inner)] = total
        return total

    return count(node)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


class _OneOfEachKey(yaml.SafeLoader):
    """The safe loader, except that a key must be text and must not stand twice.

    It makes text, numbers, lists and mappings only; a date stays the text that it is. A scalar
    that its tag does not fit is an error with its line, as any other.
    """

    _n_composed = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Read one value; stop where there are too many, instead of reading to the end."""
        self._n_composed += 1
        if self._n_composed > MOST_VALUES:
            raise ConfigError(f": holds more than the {MOST_VALUES:,} values that are read")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == YAML_MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _at(key_node, f"key {shown(key)} is no text; put it in quotes")
            if key in seen:
                raise _at(key_node, f"key {shown(key)} stands twice in its block; keep one")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return a node's value; the library raises whatever it stumbles over."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            problem = "a value that cannot be read as what it looks like; put it in quotes"
            raise _at(node, problem) from error

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Return a whole number that can be written again."""
        value: int = super().construct_yaml_int(node)
        if abs(value) > LARGEST_NUMBER:
            raise _at(node, "a number of more than forty digits; put it in quotes, or give less")
        return value

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        """Return a scalar's text, which no file could hold with half a character in it."""
        value = super().construct_scalar(node)
        if isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value):
            raise _at(node, "half a character (a surrogate) in a text; write it whole")
        return value


def _at(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


_PLAIN = ("null", "bool", "int", "float", "str", "seq", "map")
_OneOfEachKey.yaml_constructors = {
    **{
        f"tag:yaml.org,2002:{name}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{name}"]
        for name in _PLAIN
    },
    "tag:yaml.org,2002:int": _OneOfEachKey.construct_yaml_int,
    TIMESTAMP: yaml.SafeLoader.construct_yaml_str,
    None: yaml.SafeLoader.construct_undefined,
}
