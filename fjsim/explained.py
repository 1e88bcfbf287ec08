"""One line for what pydantic refused: the key, what was given, what is allowed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from fjsim.errors import nearest
from fjsim.foreign_text import LONGEST_VALUE, shortened, shown

WANTED = {
    "int_parsing": "give a whole number",
    "int_type": "give a whole number",
    "int_from_float": "give a whole number",
    "float_parsing": "give a number",
    "float_type": "give a number",
    "bool_parsing": "give true or false",
    "bool_type": "give true or false",
    "string_type": "give a text",
    "list_type": "give a list",
    "tuple_type": "give a list",
}
"""What to do about a value of the wrong type, by pydantic's name for the mistake."""
BRANCHES = frozenset({"team", "seats"})
"""What pydantic adds to the place of an error inside ``agents``."""


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Return one line for a validation error: the key, what was given, what is allowed."""
    first = error.errors()[0]
    is_key = first["type"] == "extra_forbidden"
    *outer, last = first["loc"] or ("",)
    # The last part of an unknown key's place is the key itself, whatever it is called.
    loc = [part for part in outer if part not in BRANCHES]
    loc += [last] if first["loc"] and (is_key or last not in BRANCHES) else []
    where = shortened(".".join(map(str, loc)), LONGEST_VALUE)
    if is_key:
        known = _known_keys(model, loc[:-1])
        key = str(loc[-1])
        return f"unknown key '{where}'; allowed: {', '.join(known)}{nearest(key, known)}"
    if first["type"] == "missing":
        return f"{where}: is missing; add it to {shown(first['input'])}"
    message = WANTED.get(first["type"], first["msg"].removeprefix("Value error, "))
    if not loc:
        return f"scenario: {message}"
    if first["type"] == "model_type":
        message = "A name or a block of keys belongs here, as in {key: value}"
    return f"{where}: got {shown(first['input'])}; {message[0].lower()}{message[1:]}"


def _known_keys(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    for part in path:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)
