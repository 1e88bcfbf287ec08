"""Arrays of an ``.npz`` file, read only where their headers say what the file can hold."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.errors import EdgeListError
from fjsim.unpacking import BOUNDED, LARGEST_UNPACKED, TooLargeError, refuse_member, size

NUMBERS = "biuf"
"""Kinds of arrays that a network can be made of."""

IDLE = 2**24
"""Rows without an entry that a matrix may have beside eight for each entry."""

_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def edge_arrays(path: Path) -> Mapping[str, NDArray[Any]] | None:
    """Return the arrays ``speaker``, ``listener``[, ``weight``] of a file, if it has them.

    Parameters
    ----------
    path : Path
        ``.npz``; untrusted.

    Returns
    -------
    mapping of str to ndarray, or None
        One row of whole numbers >= 0 each, the weights of numbers.

    Raises
    ------
    EdgeListError
        If an array is too large, or is not what it has to be.
    """
    refuse_lies(path)
    with np.load(path, allow_pickle=False) as stored:
        if not {"speaker", "listener"} <= set(stored.files):
            return None
        names = [name for name in ("speaker", "listener", "weight") if name in stored.files]
        arrays = {name: stored[name] for name in names}
    for name, array in arrays.items():
        if array.ndim != 1 or array.size != arrays["speaker"].size or not array.size:
            raise EdgeListError(f"{path} needs one {name} per edge, in one row")
        if array.dtype.kind not in ("iu" if name != "weight" else NUMBERS):
            kind = "whole numbers" if name != "weight" else "numbers"
            raise EdgeListError(f"{path} needs {kind} in {name}")
    for name in ("speaker", "listener"):
        if int(arrays[name].min()) < 0 or int(arrays[name].max()) >= 2**63:
            raise EdgeListError(f"{path} names a node outside 0 .. 2**63 - 1 in {name}")
    return arrays


def saved_matrix(path: Path) -> Any:
    """Return the square matrix that ``scipy.sparse.save_npz`` wrote, in coordinates.

    Parameters
    ----------
    path : Path
        ``.npz``; untrusted.

    Raises
    ------
    EdgeListError
        If it holds none, or one that is not square, too large, or not of numbers.
    """
    from scipy import sparse

    refuse_lies(path)
    try:
        loaded = sparse.load_npz(path)
        if hasattr(loaded, "check_format"):
            # Its indices point into memory: those that point elsewhere must not be followed.
            loaded.check_format(full_check=True)
        square = len(loaded.shape) == 2 and loaded.shape[0] == loaded.shape[1]
        numbers = loaded.dtype.kind in NUMBERS
    except (ValueError, KeyError, TypeError, AttributeError, LookupError, ArithmeticError,
            NotImplementedError) as error:  # fmt: skip
        raise EdgeListError(
            f"{path} holds neither speaker and listener nor a scipy.sparse matrix"
        ) from error
    if not square or not numbers:
        raise EdgeListError(
            f"{path} holds a matrix of {loaded.dtype} and shape {loaded.shape}; it must be square "
            "and of numbers"
        )
    if loaded.shape[0] > IDLE + 8 * loaded.nnz:
        raise EdgeListError(
            f"{path} holds a matrix of {loaded.shape[0]} rows with {loaded.nnz} entries; leave out "
            "agents without an edge"
        )
    return sparse.coo_array(loaded)


def refuse_lies(path: Path) -> None:
    """Refuse a file whose headers claim what it cannot hold, before any array is made.

    Raises
    ------
    EdgeListError
        With the size and the limit.
    zipfile.BadZipFile
        If it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        try:
            packed = [info for info in members if info.compress_type != zipfile.ZIP_STORED]
            unfolded = sum(info.file_size for info in packed)
            if unfolded > LARGEST_UNPACKED:
                raise TooLargeError(
                    f"it unfolds to {size(unfolded)}; at most {size(LARGEST_UNPACKED)} are read of "
                    "a packed one"
                )
            for info in members:
                _refuse_lie(archive, info, path.stat().st_size)
        except TooLargeError as error:
            hint = "save it by numpy.savez, which does not pack"
            raise EdgeListError(f"{path}: {error}; {hint}") from error
        except (ValueError, NotImplementedError, RuntimeError) as error:
            raise EdgeListError(f"{path} holds no plain arrays ({error})") from error


def _refuse_lie(archive: zipfile.ZipFile, info: zipfile.ZipInfo, length: int) -> None:
    if info.compress_type not in BOUNDED:
        raise ValueError(f"'{info.filename[:80]}' is packed in another way than numpy's")
    refuse_member(info)
    if info.compress_size > length:
        raise ValueError(f"'{info.filename[:80]}' is cut off")
    shape, dtype = _header(archive, info)
    if dtype.hasobject or min(shape, default=0) < 0:
        raise ValueError(f"'{info.filename[:80]}' is no array of plain numbers")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > info.file_size:
        raise TooLargeError(
            f"the header of '{info.filename[:80]}' claims {size(claimed)} "
            f"({' x '.join(map(str, shape))} numbers), the file holds {size(info.file_size)}"
        )


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], Any]:
    """Return the shape and the kind of an array, as its header has them."""
    try:
        with archive.open(info) as member:
            shape, _, dtype = _READERS[np.lib.format.read_magic(member)](member)
    except Exception as error:
        # A header is a Python literal: reading it raises whatever Python's own parser raises.
        raise ValueError(f"'{info.filename[:80]}' has no header of an array") from error
    return shape, dtype
