"""Kernels: interpreted where there is little to do, compiled where there is much, and alike."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fjsim import compiling
from fjsim.dynamics.kernels import edges
from fjsim.fitting.rows import kernels as active_set

COUNTER = """
from fjsim.compiling import kernel

@kernel()
def step(value):
    return value + 1

@kernel()
def count(values):
    total = 0
    for value in values:
        total = step(total)
    return total
"""


@pytest.fixture
def counter(tmp_path: Any) -> ModuleType:
    """A module of two kernels, one of which calls the other."""
    path = tmp_path / "counting_kernels.py"
    path.write_text(COUNTER)
    module = ModuleType("counting_kernels")
    exec(compile(COUNTER, str(path), "exec"), module.__dict__)
    return module


def test_much_work_in_one_task_or_in_many_is_compiled_and_little_is_not(
    counter: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "compiled", lambda module: "compiled")
    assert compiling.kernels(counter, compiling.INTERPRETED).count(np.ones(3)) == 3
    assert compiling.kernels(counter, 1) == "compiled"
    counter.__name__ = "other_kernels"
    chosen = [compiling.kernels(counter, compiling.INTERPRETED / 4) for _ in range(5)]
    assert [one == "compiled" for one in chosen] == [False] * 4 + [True]


def test_edges_are_read_alike_interpreted_and_compiled() -> None:
    rng = np.random.default_rng(0)
    ends = rng.integers(0, 40, (900, 2)).tolist()
    lines = [f"{one}\t{two}, {rng.random():.{rng.integers(1, 17)}e}" for one, two in ends]
    # A hub, whose row is sorted by a heap; a weight that no double holds, and one of nothing.
    lines += [f"{i} 7 {rng.random()}" for i in range(40, 140)] + ["1 2 2e308", "1 2 0e399"]
    text = np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)
    found = []
    for kernels in (compiling.interpreted(edges), compiling.compiled(edges)):
        first, second = np.empty((2, len(lines)), dtype=np.int64)
        weights = np.empty(len(lines))
        n_edges, _, broken = kernels.parse(text, first, second, weights)
        assert (n_edges, broken) == (len(lines) - 2, len(lines) - 2)
        speakers, listeners = (ends[:n_edges].astype(np.uint32) for ends in (first, second))
        indptr = np.zeros(141, dtype=np.int64)
        kernels.count_rows(listeners, speakers, True, indptr)
        indices, heard = np.empty(indptr[-1], dtype=np.uint32), np.empty(indptr[-1])
        kernels.fill_rows(
            listeners, speakers, weights[:n_edges], True, indptr[:-1].copy(), indices, heard
        )
        left = kernels.tidy_rows(indptr, indices, heard)
        read = (speakers, listeners, weights[:n_edges])
        found.append((*read, indptr, indices[:left], heard[:left]))
    for interpreted, compiled in zip(*found, strict=True):
        np.testing.assert_array_equal(interpreted, compiled)
    indptr, indices = found[0][3:5]
    assert all(
        (np.diff(indices[indptr[i] : indptr[i + 1]].astype(int)) > 0).all() for i in range(140)
    )


def test_the_active_set_gives_the_same_rows_interpreted_and_compiled() -> None:
    heard = np.random.default_rng(1).random((12, 30, 8))
    products = np.einsum("nij,nik->njk", heard, heard)
    targets = np.einsum("nij,ni->nj", heard, np.random.default_rng(2).random((12, 30)))
    allowed, prior = np.ones((12, 8), dtype=bool), np.full((12, 8), 1 / 8)
    found = []
    for kernels in (compiling.interpreted(active_set), compiling.compiled(active_set)):
        rows, status = np.empty((12, 8)), np.empty(12, dtype=np.int64)
        kernels.solve_many(products, targets, allowed, prior, 0.0, 1e-13, rows, status)
        assert (status == active_set.DONE).all()
        found.append(rows)
    np.testing.assert_array_equal(found[0], found[1])


UNWRITABLE = """
import warnings
import numba.core.caching as caching
# As on a machine where neither the package's folder nor the user's cache can be written.
caching.CacheImpl._locator_classes = []
import numpy as np
from fjsim import compiling
from fjsim.dynamics.kernels import network
told = []
compiling.compiling.tell = lambda: told.append("begins")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    kernels = compiling.compiled(network)
    left = np.ones(3)
    kernels.shrink(left, 0.5, np.ones(3))
assert [str(one.message) for one in caught] == [compiling.NOT_KEPT], caught
assert left.tolist() == [0.5] * 3
assert told == ["begins"]
assert compiling.compiling.seconds > 0
"""


def test_where_kernels_cannot_be_kept_it_is_said_once_and_the_work_goes_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNWRITABLE], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
