"""The file behind the response cache: one SQLite database shared by runs and processes."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fjsim.contracts import Reply, Usage
from fjsim.errors import StorageError
from fjsim.serial.json import whole

FOLDER_VARIABLE = "FJSIM_CACHE_DIR"
FILE_NAME = "responses.sqlite3"
LAYOUT = 2
BUSY_SECONDS = 20.0
BATCH = 64
"""Replies kept in memory at most before they are committed together."""
LOG_PAGES = 8000
"""Pages of the write-ahead log before they are moved into the file, which waits for the disk."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key BLOB PRIMARY KEY,
    source TEXT NOT NULL,
    model TEXT NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    latency REAL NOT NULL,
    logprobs TEXT,
    created REAL NOT NULL
)
"""
READ = """
SELECT text, model, tokens_in, tokens_out, tokens_cached, finish_reason, latency, logprobs
FROM replies WHERE key = ?
"""
DROP = "DELETE FROM replies WHERE key = ?"
WRITE = "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def default_folder() -> Path:
    """Return the folder of the shared cache.

    Returns
    -------
    Path
        ``$FJSIM_CACHE_DIR``, else ``fjsim`` in the user's cache folder.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given)
    if sys.platform == "win32":
        parent = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        parent = Path.home() / "Library" / "Caches"
    else:
        parent = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return parent / "fjsim"


def default_path() -> Path:
    """Return the file of the shared cache."""
    return default_folder() / FILE_NAME


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many replies one endpoint and model has in the cache."""

    source: str
    replies: int
    tokens_in: int
    tokens_out: int


class ReplyStore:
    """Replies by key.

    Parameters
    ----------
    path : Path
        Made with its folders where it is missing.

    Notes
    -----
    Write-ahead log; readers never wait for writers. What was not committed when a process is
    killed is asked again: whoever puts replies commits them soon. A commit survives the end of the
    process; only the end of the machine can take back the last ones.

    Raises
    ------
    StorageError
        If the file is damaged, of another program, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: dict[bytes, tuple[object, ...]] = {}
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._explained():
                self._prepare()
        except StorageError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):
            raise StorageError(
                f"{self.path}: written by another version of fjsim (layout {layout}, this one "
                f"reads {LAYOUT}); run 'fjsim cache clear' or set {FOLDER_VARIABLE}"
            )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        if layout == 0:
            self._connection.execute(SCHEMA)
            self._connection.execute(f"PRAGMA user_version = {LAYOUT}")

    def get(self, key: bytes) -> Reply | None:
        """Return the reply of that key, or None."""
        row = self._pending.get(key)
        if row is not None:
            _, _, model, text, finish_reason, *numbers, logprobs, _ = row
            tokens_in, tokens_out, tokens_cached, latency = numbers
            found = (text, model, tokens_in, tokens_out, tokens_cached, finish_reason, latency)
            return _reply((*found, logprobs))
        with self._explained():
            stored = self._connection.execute(READ, (key,)).fetchone()
        if stored is None:
            return None
        try:
            return _reply(stored)
        except ValueError:
            self.drop(key)
            return None

    def put(self, key: bytes, source: str, reply: Reply) -> None:
        """Keep a reply; `commit` makes it last."""
        logprobs = None if reply.logprobs is None else json.dumps(dict(reply.logprobs))
        usage = reply.usage
        self._pending[key] = (
            key,
            source,
            whole(reply.model),
            whole(reply.text),
            whole(reply.finish_reason),
            usage.tokens_in,
            usage.tokens_out,
            usage.tokens_cached,
            reply.latency,
            logprobs,
            time.time(),
        )
        if len(self._pending) >= BATCH:
            self.commit()

    def drop(self, key: bytes) -> None:
        """Let go of the reply of that key, committed or not."""
        if self._pending.pop(key, None) is None:
            with self._explained():
                self._connection.execute(DROP, (key,))

    def commit(self) -> None:
        """Write what is pending."""
        if not self._pending:
            return
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(WRITE, list(self._pending.values()))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self._pending.clear()

    def counts(self) -> Sequence[SourceCount]:
        """Return how many replies there are, by endpoint and model."""
        with self._explained():
            rows = self._connection.execute(
                "SELECT source, COUNT(*), SUM(tokens_in), SUM(tokens_out) FROM replies "
                "GROUP BY source ORDER BY source"
            ).fetchall()
        return [SourceCount(*row) for row in rows]

    def close(self) -> None:
        """Commit and close; twice does no harm."""
        try:
            self.commit()
        finally:
            self._pending.clear()
            self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                problem = "another process holds it; wait for it or set"
            else:
                problem = f"cannot be used ({error}); make room, or set"
            message = f"{self.path}: the response cache {problem} {FOLDER_VARIABLE} elsewhere"
            raise StorageError(message) from error
        except sqlite3.DatabaseError as error:
            raise StorageError(
                f"{self.path}: the response cache is damaged ({error}); run 'fjsim cache clear' "
                "to start an empty one"
            ) from error
        except OSError as error:
            raise StorageError(
                f"{self.path}: the response cache cannot be opened ({error.strerror}); "
                f"set {FOLDER_VARIABLE} to a folder that can be written"
            ) from error


def _reply(row: tuple[object, ...]) -> Reply:
    text, model, tokens_in, tokens_out, tokens_cached, finish_reason, latency, logprobs = row
    return Reply(
        text=str(text),
        model=str(model),
        usage=Usage(int(str(tokens_in)), int(str(tokens_out)), int(str(tokens_cached))),
        finish_reason=str(finish_reason),
        attempts=0,
        latency=float(str(latency)),
        cached=True,
        logprobs=None if logprobs is None else json.loads(str(logprobs)),
    )


def delete_store(path: Path) -> int:
    """Delete the file of a cache, damaged or not.

    Returns
    -------
    int
        Bytes given back.

    Raises
    ------
    StorageError
        If it cannot be deleted.
    """
    freed = 0
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        try:
            size = name.stat().st_size
            name.unlink()
            freed += size
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(f"{name}: cannot be deleted ({error.strerror})") from error
    return freed
