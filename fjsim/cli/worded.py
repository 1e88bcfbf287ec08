"""Help pages in words: what an option takes, without the names of Python's types."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from typer.core import TyperCommand, TyperGroup

HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of every command."""
WORDS: Mapping[Any, str] = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH", bool: ""}


class WordedCommand(TyperCommand):
    """A command whose help says what to type after an option."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters; options without a word of their own get one."""
        return worded(super().get_params(ctx), self.callback)


class WordedGroup(TyperGroup):
    """A group of commands, likewise."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options that stand before a command, with a word for each."""
        return worded(super().get_params(ctx), self.callback)


def worded(parameters: Any, callback: Any) -> Any:
    """Give every option a word for what it takes; a flag takes nothing.

    Parameters
    ----------
    parameters : list
        As the command-line library has them.
    callback : callable
        The annotated function behind the command.
    """
    hints = {} if callback is None else get_type_hints(inspect.unwrap(callback))
    for one in parameters:
        if one.param_type_name == "option" and one.metavar is None:
            one.metavar = _word(hints.get(one.name, bool))
        elif one.param_type_name == "argument":
            # Its text says what it is; the type in front of it would say so in Python.
            one.display_type = _nothing
    return parameters


def _nothing(_ctx: Any) -> str:
    return ""


def _word(hint: Any) -> str:
    """Return what is typed for a value of a type, as in ``TEXT`` or ``local|ray``."""
    if get_origin(hint) is Annotated:
        return _word(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return "|".join(map(str, get_args(hint)))
    inner = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) is list:
        return f"{_word(inner[0])}…"
    if inner and (get_origin(hint) is Union or len(inner) == 1):
        return _word(inner[0])
    return WORDS.get(hint, "TEXT")
