"""The same endpoint through the openai package; importing this module imports it."""

from __future__ import annotations

import json
from typing import Any

import openai

from fjsim.backends.endpoint import Endpoint
from fjsim.backends.faults import FaultKind, TransientError


class SDKEndpoint(Endpoint):
    """Connections to one server, made and spoken by the openai package.

    Parameters
    ----------
    base_url, key, timeout
        As of ``Endpoint``.

    Notes
    -----
    For servers that need what that client knows and ours does not. It costs several times the
    CPU per call. Its own retries are off: ours are capped, recorded and slow the run down.
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
            http_client=openai.DefaultAioHttpClient(),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, method: str, path: str, content: bytes | None = None) -> Any:
        try:
            if method == "GET":
                return await self._client.get(path, cast_to=object)
            return await self._client.post(path, body=json.loads(content or b"{}"), cast_to=object)
        except openai.APIStatusError as error:
            response = error.response
            raise self._of_status(
                response.status_code, response.headers, response.content
            ) from None
        except openai.APITimeoutError:
            message = f"{self.base_url}: no reply within {self.timeout:g} s"
            raise TransientError(FaultKind.TIMEOUT, message) from None
        except openai.APIConnectionError as error:
            message = f"{self.base_url}: nobody answers ({self.words(error.__cause__ or error)})"
            raise TransientError(FaultKind.UNREACHABLE, message) from None
        except (openai.APIError, ValueError) as error:
            message = f"{self.base_url}: no chat completion ({self.words(error)})"
            raise TransientError(FaultKind.GARBAGE, message) from None
