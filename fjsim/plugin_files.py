"""Plug-ins from a file of the user's: loaded at the user's word, known by a hash of the source."""

from __future__ import annotations

import hashlib
import re
import stat
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fjsim import registry
from fjsim.errors import FjsimError, PluginError
from fjsim.foreign_text import shown

LARGEST = 1_000_000
"""Bytes of a plug-in file."""
_MODULE = "fjsim_plugin_file_"


@dataclass(frozen=True, slots=True)
class PluginFile:
    """A file of plug-ins that has been loaded.

    Parameters
    ----------
    file : str
        Its path as it was given.
    digest : str
        Sixteen hex digits of its source; what it imports besides is no part of it.
    """

    file: str
    digest: str


_loaded: dict[Path, PluginFile] = {}


def load_plugin_file(file: str | Path, digest: str | None = None) -> PluginFile:
    """Run a file of plug-ins, so that what it registers can be named; do nothing if it has run.

    Parameters
    ----------
    file : str or Path
        Python source with ``@register`` decorators. Its code is run: call this only at the word
        of the user. A file that has changed since it was loaded is loaded again.
    digest : str, optional
        What its source has to hash to.

    Returns
    -------
    PluginFile

    Raises
    ------
    PluginError
        If it cannot be read, is another one than ``digest`` says, or fails; with the line.
    """
    source = _source(file)
    found = PluginFile(str(file), _digest(source))
    if digest is not None and digest != found.digest:
        raise PluginError(
            f"{shown(str(file))}: has changed since it was used (source {digest}, now "
            f"{found.digest}); run it as it is under a new --out, or put the old file back"
        )
    place = registry.place_of(file)
    known = _loaded.get(place)
    if known is None or known.digest != found.digest:
        _run(source, found, place)
        _loaded[place] = found
    return found


def loaded_plugin_file(file: str | Path) -> PluginFile | None:
    """Return the file as it has been loaded; None where it has not, or has changed since."""
    known = _loaded.get(registry.place_of(file))
    try:
        same = known is not None and _digest(_source(file)) == known.digest
    except PluginError:
        return None
    return known if same else None


def plugin_files_of(factories: Iterable[Callable[..., object]]) -> list[PluginFile]:
    """Return the loaded files in which any of these plug-ins stands, or a class it is made from."""
    modules = {base.__module__ for one in factories for base in getattr(one, "__mro__", (one,))}
    return [one for place, one in _loaded.items() if _module_name(place, one.digest) in modules]


def _source(file: str | Path) -> bytes:
    path = Path(file)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or path.suffix != ".py":
            raise PluginError(f"{shown(str(file))}: is no .py file; name one that holds plug-ins")
        if status.st_size > LARGEST:
            raise PluginError(
                f"{shown(str(file))}: has {status.st_size:,} bytes; a plug-in file has at most "
                f"{LARGEST:,}"
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PluginError(
            f"{shown(str(file))}: the plug-in file cannot be read ({why}); give its path from here"
        ) from error


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:16]


def _module_name(place: Path, digest: str) -> str:
    where = hashlib.sha256(str(place).encode()).hexdigest()[:8]
    return f"{_MODULE}{re.sub(r'[^A-Za-z0-9]', '_', place.stem)}_{where}_{digest}"


def _run(source: bytes, file: PluginFile, place: Path) -> None:
    """Run a file as a module of its own; where it fails, nothing of it is left registered."""
    module = ModuleType(_module_name(place, file.digest))
    module.__file__ = str(place)
    sys.modules[module.__name__] = module
    try:
        with registry.registering(module.__name__, str(place), file.file):
            exec(compile(source, str(place), "exec"), module.__dict__)
    except KeyboardInterrupt:
        raise
    # A stranger's file may fail in any way, and may even try to leave the process.
    except BaseException as error:
        del sys.modules[module.__name__]
        line = _failing_line(error, place)
        what = str(error) if isinstance(error, FjsimError) else _told(error)
        where = f", line {line}" if line else ""
        raise PluginError(f"{shown(file.file)}{where}: the plug-in file fails: {what}") from error


def _told(error: BaseException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said}"


def _failing_line(error: BaseException, place: Path) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == str(place):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno for one in reversed(frames) if one.filename == str(place)), None)


def blamed(error: Exception) -> PluginError | None:
    """Return the same failure as one line with its place, where it arose in a plug-in file.

    Parameters
    ----------
    error : Exception
        As it came out of a run.
    """
    for place, file in _loaded.items():
        line = _failing_line(error, place)
        if line is not None:
            return PluginError(
                f"{shown(file.file)}, line {line}: the plug-in fails: {_told(error)}"
            )
    return None


@contextmanager
def naming_plugin_files() -> Iterator[None]:
    """Turn what a plug-in file raises into one line that names it, before its trace is lost.

    Raises
    ------
    PluginError
        With file and line.
    """
    try:
        yield
    except FjsimError:
        raise
    except Exception as error:
        named = blamed(error)
        if named is None:
            raise
        raise named from error


def load_plugin_files(files: Sequence[str | Path]) -> tuple[PluginFile, ...]:
    """Load several files at the word of the user; see `load_plugin_file`."""
    return tuple(load_plugin_file(file) for file in files)
