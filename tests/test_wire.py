import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fjsim.wire import read, written

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def numbers_close(one: object, other: object) -> bool:
    """Equal, but for integers beyond 64 bits, which may come back as the nearest float."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(numbers_close(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(numbers_close, one, other))
    if isinstance(one, int) and abs(one) >= 2**63:
        return one == other or float(one) == other
    return one == other


@given(plain)
def test_what_is_written_is_one_line_and_read_back(value: object) -> None:
    if any(math.isinf(part) for part in floats(value)):
        return
    line = written(value)
    assert b"\n" not in line
    assert numbers_close(value, read(line))
    assert numbers_close(value, json.loads(line))


def floats(value: object) -> list[float]:
    if isinstance(value, float):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [x for part in parts for x in floats(part)] if isinstance(value, (list, dict)) else []  # type: ignore[union-attr]


def test_numpy_s_numbers_are_plain_and_nan_is_null() -> None:
    assert read(written({"a": np.float64(0.1), "b": np.arange(2), "c": math.nan})) == {
        "a": 0.1,
        "b": [0, 1],
        "c": None,
    }


def test_half_a_character_is_kept() -> None:
    line = written({"said": "é\ud800"})
    assert line.isascii()
    assert read(line) == {"said": "é\ud800"}


@pytest.mark.parametrize("text", ['"a\nb"', b'"a\nb"'])
def test_control_characters_are_let_through(text: str | bytes) -> None:
    assert read(text) == "a\nb"


@pytest.mark.parametrize(
    "text", ["", "{", b"\xff", "nothing", '{"a": }', "[" * 100_000, '{"a":' * 100_000]
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
