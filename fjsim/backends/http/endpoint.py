"""One OpenAI-compatible endpoint over HTTP; importing this module imports aiohttp."""

from __future__ import annotations

import contextlib
import email.utils
import time
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from fjsim.backends.http.bodies import LARGEST_BODY, PLAIN, BodyError, is_plain, read_body
from fjsim.backends.http.faults import FaultKind, RefusalError, TransientError, server_words
from fjsim.serial.json import read

CONNECT_TIMEOUT = 10.0
KEEPALIVE = 4.0
"""Seconds an idle connection is kept: less than the 5 s after which uvicorn closes it."""

WORTH_ANOTHER_TRY = frozenset({408, 409, 425})


class Endpoint:
    """Connections to one server.

    Parameters
    ----------
    base_url : str
        For example ``http://127.0.0.1:8000/v1``.
    key : str
        Sent as bearer token; repeated nowhere.
    timeout : float
        Seconds for one request, from connecting to the last byte.
    max_connections : int
        Open at the same time.

    Notes
    -----
    Speaks HTTP by aiohttp itself: a call costs a third of the CPU that it costs through the
    openai client on aiohttp's transport, which builds, checks and copies each request four
    times over.
    """

    def __init__(self, base_url: str, key: str, timeout: float, max_connections: int) -> None:
        self.base_url = base_url
        self.timeout = timeout
        self._key = key
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=KEEPALIVE),
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Accept-Encoding": PLAIN,
            },
            # Unpacked here, within a limit, where a server packs bodies although it was not asked.
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Not trust_env: it would look for a .netrc in a thread at each request.
            proxy=proxy_for(base_url),
        )

    async def chat(self, body: bytes) -> Any:
        """Post a chat completion and return the decoded body.

        Parameters
        ----------
        body : bytes
            JSON.

        Raises
        ------
        TransientError
            If another try may go better.
        RefusalError
            If it will not.
        """
        return await self._ask("POST", "/chat/completions", body)

    async def models(self) -> list[dict[str, Any]]:
        """Return what the server lists under ``/models``."""
        listed = await self._ask("GET", "/models")
        rows = listed.get("data") if isinstance(listed, dict) else None
        return [row for row in rows or () if isinstance(row, dict)]

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def words(self, text: object) -> str:
        """Return what the server said, fit to be shown."""
        return server_words(text, self._key)

    async def _ask(self, method: str, path: str, content: bytes | None = None) -> Any:
        try:
            async with self._session.request(
                method, self.base_url + path, data=content, allow_redirects=False
            ) as response:
                body = await _body(response)
        except BodyError as error:
            raise self._of_body(error) from None
        except aiohttp.InvalidURL as error:
            raise RefusalError(400, f"{self.base_url}: not a URL ({self.words(error)})") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._of_connection(error) from None
        if response.status != 200:
            raise self._of_status(response.status, response.headers, body)
        return self._decoded(body)

    def _decoded(self, body: bytes) -> Any:
        try:
            return read(body)
        except ValueError:
            start = self.words(body[:4000].decode("utf-8", "replace"))[:80]
            message = f"{self.base_url}: the body is not JSON but '{start}'"
            raise TransientError(FaultKind.GARBAGE, message) from None

    def _of_body(self, error: BodyError) -> TransientError:
        return TransientError(FaultKind.GARBAGE, f"{self.base_url}: {self.words(error)}")

    def _of_connection(self, error: BaseException) -> TransientError:
        words = self.words(error) or type(error).__name__
        if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
            kind, what = FaultKind.UNREACHABLE, f"nobody answers ({words})"
        elif isinstance(error, TimeoutError):
            kind, what = FaultKind.TIMEOUT, f"no reply within {self.timeout:g} s"
        elif isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
            kind, what = FaultKind.DISCONNECT, f"the connection broke ({words})"
        else:
            kind, what = FaultKind.GARBAGE, f"no HTTP ({words})"
        return TransientError(kind, f"{self.base_url}: {what}")

    def _of_status(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> TransientError | RefusalError:
        said, code = _error_in(body)
        message = f"{self.base_url} said {status}: {self.words(said) or 'nothing more'}"
        if status == 429 and code != "insufficient_quota":
            return TransientError(FaultKind.RATE_LIMIT, message, retry_after(headers))
        if status >= 500 or status in WORTH_ANOTHER_TRY:
            return TransientError(FaultKind.SERVER_ERROR, message, retry_after(headers))
        return RefusalError(status, message + _remedy(status))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    encoding, length = response.headers.get("Content-Encoding"), response.content_length
    if length is not None and length <= LARGEST_BODY and is_plain(encoding):
        return await response.read()
    try:
        return await read_body(response.content.iter_any(), encoding)
    except BodyError:
        # Not read to its end, so the connection cannot be used again.
        response.close()
        raise


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, or None."""
    parts = urlsplit(url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, where it says so.

    Parameters
    ----------
    headers : mapping
        ``Retry-After-Ms``, or ``Retry-After`` in seconds or as an HTTP date.
    """
    milliseconds = headers.get("Retry-After-Ms")
    with contextlib.suppress(ValueError):
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
    given = headers.get("Retry-After")
    if given is None:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, float(given))
    # A date may be no date, or one that no clock can show.
    with contextlib.suppress(ValueError, TypeError, OverflowError, IndexError):
        return max(0.0, email.utils.parsedate_to_datetime(given).timestamp() - time.time())
    return None


def _remedy(status: int) -> str:
    hints = {
        400: "; a field that this server does not know can be left out: backend.omit",
        401: "; check the variable that backend.api_key_env names",
        403: "; check that the key may use this model",
        404: "; check backend.base_url (it usually ends in /v1) and backend.model",
        422: "; a field that this server does not know can be left out: backend.omit",
    }
    return hints.get(status, "")


def _error_in(body: bytes) -> tuple[object, str]:
    """Return the server's message and its error code."""
    text = body[:4000].decode("utf-8", "replace")
    try:
        answer = read(body)
    except ValueError:
        return text, ""
    if not isinstance(answer, dict):
        return text, ""
    error = answer.get("error", answer)
    if not isinstance(error, dict):
        return error, ""
    message = error.get("message") or error.get("detail") or text
    code = error.get("code") or error.get("type")
    return message, code if isinstance(code, str) else ""
