"""What all wrappers share: they pass on what they do not change."""

from __future__ import annotations

from fjsim.contracts import Backend, KnowsTruth, Pace, Reply, Request


class WrappedBackend(Backend):
    """A backend around another one.

    Parameters
    ----------
    inner : Backend
        What is asked in the end.
    """

    def __init__(self, inner: Backend) -> None:
        self.inner = inner

    async def complete(self, request: Request) -> Reply:
        """Pass the request on."""
        return await self.inner.complete(request)

    def forget(self, request: Request) -> None:
        """Tell the inner backend."""
        self.inner.forget(request)

    async def close(self) -> None:
        """Close the inner backend."""
        await self.inner.close()

    def longest_reply(self, request: Request) -> int:
        """Return what the inner backend says."""
        return self.inner.longest_reply(request)

    @property
    def identity(self) -> str:
        """As the inner backend has it."""
        return self.inner.identity

    @property
    def pace(self) -> Pace | None:
        """As the inner backend has it."""
        return self.inner.pace

    @property
    def truth(self) -> KnowsTruth | None:
        """As the inner backend has it."""
        return self.inner.truth


def innermost(backend: Backend) -> Backend:
    """Return the backend below all wrappers."""
    while isinstance(backend, WrappedBackend):
        backend = backend.inner
    return backend
