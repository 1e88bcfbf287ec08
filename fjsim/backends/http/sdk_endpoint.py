"""The same endpoint through the openai package; importing this module imports it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx2
import openai

from fjsim.backends.http.bodies import PLAIN, BodyError, read_body
from fjsim.backends.http.endpoint import Endpoint
from fjsim.backends.http.faults import FaultKind, TransientError
from fjsim.serial.json import read


class SDKEndpoint(Endpoint):
    """Connections to one server, made and spoken by the openai package.

    Parameters
    ----------
    base_url, key, timeout
        As in ``Endpoint``.

    Notes
    -----
    For servers that need what that client knows and ours does not. It costs several times the
    CPU per call. Its own retries are off: ours are capped, recorded and slow the run down. So are
    redirects: prompts go to the server that the scenario names, and to no other.
    """

    def __init__(self, base_url: str, key: str, timeout: float) -> None:
        self.base_url = base_url
        self.timeout = timeout
        self._key = key
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=key,
            timeout=timeout,
            max_retries=0,
            default_headers={"Accept-Encoding": PLAIN},
            http_client=openai.DefaultAioHttpClient(
                follow_redirects=False, event_hooks={"response": [_within_limits]}
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, method: str, path: str, content: bytes | None = None) -> Any:
        try:
            # The client's own timeout starts again with each piece that arrives.
            async with asyncio.timeout(self.timeout):
                response = await self._send(method, path, content)
        except openai.APIStatusError as error:
            response = error.response
            raise self._of_status(
                response.status_code, response.headers, response.content
            ) from None
        except BodyError as error:
            raise self._of_body(error) from None
        except (openai.APITimeoutError, TimeoutError):
            message = f"{self.base_url}: no reply within {self.timeout:g} s"
            raise TransientError(FaultKind.TIMEOUT, message) from None
        except openai.APIConnectionError as error:
            message = f"{self.base_url}: nobody answers ({self.words(error.__cause__ or error)})"
            raise TransientError(FaultKind.UNREACHABLE, message) from None
        except (aiohttp.ClientError, OSError) as error:
            # What the client does not translate: a server that speaks no HTTP, say.
            raise self._of_connection(error) from None
        except (openai.APIError, ValueError) as error:
            message = f"{self.base_url}: no chat completion ({self.words(error)})"
            raise TransientError(FaultKind.GARBAGE, message) from None
        return self._decoded(response.content)

    async def _send(self, method: str, path: str, content: bytes | None) -> httpx2.Response:
        if method == "GET":
            return await self._client.get(path, cast_to=httpx2.Response)
        return await self._client.post(path, body=read(content or b"{}"), cast_to=httpx2.Response)


async def _within_limits(response: httpx2.Response) -> None:
    """Put a body that is unpacked and bounded in the place of the one that will be read."""
    response.stream = _Bounded(response.stream, response.headers.pop("Content-Encoding", None))


class _Bounded(httpx2.AsyncByteStream):
    """A body read within the limits of ours, whatever its headers say."""

    def __init__(self, stream: Any, encoding: str | None) -> None:
        self._stream = stream
        self._encoding = encoding

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield await read_body(self._stream, self._encoding)

    async def aclose(self) -> None:
        await self._stream.aclose()
