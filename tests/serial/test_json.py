import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fjsim.serial.json import read, written

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


def floats(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [x for part in parts for x in floats(part)] if isinstance(value, (list, dict)) else []


def test_numpy_s_numbers_are_plain_and_nan_is_null() -> None:
    assert read(written({"a": np.float64(0.1), "b": np.arange(2), "c": math.nan})) == {
        "a": 0.1,
        "b": [0, 1],
        "c": None,
    }


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("é\ud800", "é\ufffd"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\\\ud83d", "\\\ufffd"),
        ("\\ud83d", "\\ud83d"),
        ('a "quoted\\" \ud83d', 'a "quoted\\" \ufffd'),
    ],
)
def test_half_a_character_is_written_and_comes_back_as_the_replacement_character(
    said: str, back: str
) -> None:
    line = written({"said": said})
    assert line.isascii()
    assert read(line) == {"said": back}
    assert read(f'["{chr(0xD83D)}", 1]') == ["\ufffd", 1]


def test_a_whole_character_in_escapes_beside_a_half_one_stays_whole() -> None:
    assert read(r'["\ud83d\ude00", "\ud83d", "\\ud83d"]') == ["\U0001f600", "\ufffd", "\\ud83d"]


@pytest.mark.parametrize("around", ["{}", "[{}, NaN]"])
@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("9" * 5000, math.inf),
        ("-" + "9" * 5000, -math.inf),
        ("1" + "0" * 400, math.inf),
        ("1" + "0" * 30, 1e30),
        (str(2**64 - 1), 2**64 - 1),
        (str(2**64), 2.0**64),
        (str(-(2**63)), -(2**63)),
        ("1e999", math.inf),
    ],
)
def test_a_number_beyond_the_range_is_the_nearest_float(
    around: str, digits: str, value: float
) -> None:
    found = read(around.format(digits))
    found = found[0] if isinstance(found, list) else found
    assert found == value
    assert type(found) is type(value)


@given(st.text(st.sampled_from('{}[]",:\\ud83eDa0 \ud83d\n\x00é1')))
def test_what_is_read_can_be_written_to_a_file(text: str) -> None:
    for source in (text, f'"{text}"', f'["{text}", NaN]'):
        try:
            found = read(source)
        except ValueError:
            continue
        json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize("text", ['"a\nb"', b'"a\nb"'])
def test_control_characters_are_let_through(text: str | bytes) -> None:
    assert read(text) == "a\nb"


@pytest.mark.parametrize(
    "text", ["", "{", b"\xff", "nothing", '{"a": }', "[" * 100_000, '{"a":' * 100_000]
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
