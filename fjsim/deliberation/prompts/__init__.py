"""Prompt templates as text, and the one pass that fills them."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_PLACE = re.compile(r"\{\{(\w+)\}\}")


@cache
def template(name: str) -> str:
    """Return the text of one template.

    Parameters
    ----------
    name : str
        File name without ``.md``.
    """
    return (resources.files(__package__) / f"{name}.md").read_text(encoding="utf-8").rstrip("\n")


def fill(name: str, /, **values: str) -> str:
    """Return a template with its places filled; what is put in is never filled again.

    Parameters
    ----------
    name : str
        File name without ``.md``.
    **values : str
        One text per place; a missing one is an error of ours.
    """
    return _PLACE.sub(lambda match: values[match.group(1)], template(name))
