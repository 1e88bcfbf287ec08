"""One random stream per purpose."""

import subprocess
import sys
from itertools import combinations

import numpy as np

from fjsim.seeds import stream, streams


def numbers(*key):
    return stream(*key).random(4).tolist()


def test_same_purpose_and_key_give_the_same_numbers() -> None:
    assert numbers(0, "innate", "q1", 0, 3) == numbers(0, "innate", "q1", 0, 3)


def test_any_difference_gives_other_numbers() -> None:
    keys = [
        (0, "innate", "q1", 0, 3),
        (1, "innate", "q1", 0, 3),
        (0, "target", "q1", 0, 3),
        (0, "innate", "q2", 0, 3),
        (0, "innate", "q1", 1, 3),
        (0, "innate", "q1", 0, 4),
        (0, "innate", "q1", 0),
        (0, "innate"),
    ]
    assert all(numbers(*one) != numbers(*other) for one, other in combinations(keys, 2))


def test_keys_that_read_alike_when_joined_stay_apart() -> None:
    assert numbers(0, "innate", "q1", 23) != numbers(0, "innate", "q12", 3)


def test_streams_do_not_depend_on_the_order_they_are_made_in() -> None:
    first = numbers(0, "a")
    stream(0, "b").random(100)
    assert numbers(0, "a") == first


def test_streams_are_uncorrelated() -> None:
    drawn = np.stack([stream(0, "innate", question).random(2000) for question in range(20)])
    off_diagonal = np.asarray(np.corrcoef(drawn))[~np.eye(20, dtype=bool)]
    assert abs(off_diagonal).max() < 0.1


def test_stream_is_the_same_in_another_process() -> None:
    code = "from fjsim.seeds import stream; print(stream(7, 'graph', 'q').integers(10**9))"
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(printed) == stream(7, "graph", "q").integers(10**9)


def test_stream_keeps_its_numbers_from_version_to_version() -> None:
    assert stream(7, "graph", "q", 1).integers(10**9) == 371275167


def test_many_streams_at_once_are_the_streams_themselves() -> None:
    keys = [(f"question {number % 7}", number) for number in range(60)]
    for seed in (0, 1, 2**32 + 5, 2**130 + 9):
        for key, drawing in zip(keys, streams(seed, "innate", keys), strict=True):
            alone = stream(seed, "innate", *key)
            assert drawing.bit_generator.state == alone.bit_generator.state
            # Drawing half a word leaves the other half in store, which the next stream forgets.
            assert drawing.integers(5, dtype=np.uint32) == alone.integers(5, dtype=np.uint32)
            assert drawing.gamma(8.0, size=3).tolist() == alone.gamma(8.0, size=3).tolist()


def test_no_keys_have_no_streams() -> None:
    assert list(streams(0, "innate", [])) == []
