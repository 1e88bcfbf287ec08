"""Replies had before are not paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

from fjsim.backends.http.encoding import encoded
from fjsim.backends.wrappers.store import ReplyStore, default_path
from fjsim.backends.wrappers.wrapped import WrappedBackend, innermost
from fjsim.contracts import Backend, Reply, Request
from fjsim.errors import StorageError
from fjsim.plugin_files import plugin_files_of


class CachedBackend(WrappedBackend):
    """Look a reply up before it is asked for, and keep it after.

    Parameters
    ----------
    inner : Backend
        Asked for what is not there.
    path : Path, optional
        The database; by default the one that all runs of this user share.
    source : str, optional
        Whose replies they are; by default the identity of ``inner``.

    Notes
    -----
    A failure is never kept, nor a reply that whoever asked could not read: it tells so by
    ``forget``. A request whose twin is in flight waits for the twin's reply.
    Replies that come at one moment are committed together, before the places they had in flight
    are given to others: a process that is killed loses no more replies than may be in flight.
    A reply from here has ``cached=True``, ``attempts=0`` and the tokens it took back then.
    """

    def __init__(self, inner: Backend, path: Path | None = None, source: str | None = None) -> None:
        super().__init__(inner)
        self.path = path or default_path()
        self._source = inner.identity if source is None else source
        self._store: ReplyStore | None = None
        self._in_flight: dict[bytes, asyncio.Future[Reply | None]] = {}
        self._commits_soon = False
        self._problem: StorageError | None = None

    async def complete(self, request: Request) -> Reply:
        """Return the kept reply, or ask."""
        if self._problem is not None:
            raise StorageError(str(self._problem))
        store = self._open()
        key = cache_key(self._source, request)
        while (twin := self._in_flight.get(key)) is not None:
            reply = await asyncio.shield(twin)
            if reply is not None:
                return replace(reply, cached=True, attempts=0)
        kept = store.get(key)
        return kept if kept is not None else await self._ask(key, request)

    def forget(self, request: Request) -> None:
        """Let go of a reply that could not be read."""
        if self._store is not None:
            self._store.drop(cache_key(self._source, request))

    async def close(self) -> None:
        """Commit, then close the inner backend."""
        store, self._store = self._store, None
        try:
            if store is not None:
                store.close()
        finally:
            await self.inner.close()

    async def _ask(self, key: bytes, request: Request) -> Reply:
        announced = asyncio.get_running_loop().create_future()
        self._in_flight[key] = announced
        reply = None
        try:
            reply = await self.inner.complete(request)
            if not reply.failure:
                self._keep(key, reply)
        finally:
            del self._in_flight[key]
            announced.set_result(reply if reply is not None and not reply.failure else None)
        return reply

    def _keep(self, key: bytes, reply: Reply) -> None:
        self._open().put(key, self._source, reply)
        if not self._commits_soon:
            self._commits_soon = True
            asyncio.get_running_loop().call_soon(self._commit)

    def _commit(self) -> None:
        self._commits_soon = False
        try:
            if self._store is not None:
                self._store.commit()
        except StorageError as error:
            # Nobody waits for a callback of the event loop: the next request is told.
            self._problem = error

    def _open(self) -> ReplyStore:
        if self._store is None:
            self._store = ReplyStore(self.path)
        return self._store


def source_of(backend: Backend) -> str:
    """Return whose replies a backend gives; empty where nobody can tell, and none are kept.

    Parameters
    ----------
    backend : Backend
        With or without wrappers. Its own class has to say its identity.
    """
    inner = innermost(backend)
    if "identity" not in vars(type(inner)) or not inner.identity:
        return ""
    # One that comes from a file may be mended without a word in its identity.
    return " ".join([inner.identity, *(one.digest for one in plugin_files_of([type(inner)]))])


def cache_key(identity: str, request: Request) -> bytes:
    """Return what a kept reply is found under.

    Parameters
    ----------
    identity : str
        Endpoint and model.
    request : Request
        Its messages, schema, sampling and sample index all count.

    Returns
    -------
    bytes of length 24
    """
    sampling, sample = request.sampling, request.sample
    drawn = (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.seed)
    schema = b"" if request.schema is None else encoded(request.schema).digest
    fixed = repr((identity, drawn, str(sample), request.logprobs, schema)).encode()
    said = [message.digest for message in request.messages]
    return hashlib.blake2b(b"".join([fixed, *said]), digest_size=24).digest()
