"""Any OpenAI-compatible endpoint: ``backend: {kind: openai, model: ..., base_url: ...}``."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fjsim.backends.http.addresses import PUBLIC_KEY, PUBLIC_URL, check_address, key_demands
from fjsim.backends.http.chat_format import chat_body, chat_fields, read_completion
from fjsim.backends.http.faults import FaultKind, RefusalError, TransientError
from fjsim.confidential import is_variable_name, key_place, secret_place, secret_refusal
from fjsim.contracts import Backend, Demand, Pace, Reply, Request
from fjsim.errors import BackendError, ConfigError
from fjsim.registry import register

if TYPE_CHECKING:
    from fjsim.backends.http.endpoint import Endpoint

log = logging.getLogger(__name__)

NO_KEY = "EMPTY"
"""What servers without keys are sent, as their documentation has it."""

LENGTH_FIELDS = ("max_tokens", "max_completion_tokens")
LONGEST_UNLIMITED = 32_768
"""Tokens reckoned with for a reply where no limit is sent."""

SCHEMA_WORDS = ("response_format", "json_schema", "structured", "schema")


@register("backend", "openai")
@dataclass(eq=False)
class OpenAIChat(Backend):
    """Any OpenAI-compatible endpoint: OpenAI, vLLM, llama.cpp, Ollama, gateways.

    Parameters
    ----------
    model : str
        Model id as the server knows it.
    base_url : str
        Where the server is, usually ending in ``/v1``; empty for OpenAI itself.
    api_key_env : str
        Name of the environment variable that holds the key. Empty: ``OPENAI_API_KEY`` for
        OpenAI itself, and no key for any other server.
    max_concurrency : int
        Requests in flight to start with; cut when the server says it has too many.
    timeout : float
        Seconds for one request.
    total_timeout : float
        Seconds from the first request for a reply to giving it up, waits included.
    max_attempts : int
        Requests sent for one reply, at most.
    structured : {'auto', 'json_schema', 'prompt'}
        ``json_schema`` holds the server to the reply's schema, ``prompt`` relies on the words of
        the prompt, ``auto`` starts with the first and falls back if the server refuses it.
    extra_body : mapping
        Further fields of every request, e.g. ``{"top_k": 20}`` for vLLM.
    client : {'aiohttp', 'openai'}
        Who speaks HTTP: aiohttp itself, or the openai package, which costs several times the CPU.
    omit : tuple of str
        Fields not sent to servers that refuse them, e.g. ``["seed", "user"]``.

    Notes
    -----
    A server may ignore a field silently, so a schema sent is no proof of a valid reply: the
    reply is validated by whoever asked. Retries, limits and the cache are wrappers; this class
    sends one request per call.
    """

    model: str
    base_url: str = ""
    api_key_env: str = ""
    max_concurrency: int = 64
    timeout: float = 120.0
    total_timeout: float = 600.0
    max_attempts: int = 8
    structured: Literal["auto", "json_schema", "prompt"] = "auto"
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    client: Literal["aiohttp", "openai"] = "aiohttp"
    omit: tuple[str, ...] = ()
    # Not typed as Endpoint: the registry evaluates these annotations, and would import aiohttp.
    _endpoint: Any = field(default=None, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)
    _schema_refused: bool = field(default=False, init=False, repr=False)
    _length_field: str = field(default="max_tokens", init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("max_concurrency", "max_attempts", "timeout", "total_timeout"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"backend.{name} is {getattr(self, name)}; give a number > 0")
        check_address(self.base_url)
        if self.api_key_env and not is_variable_name(self.api_key_env):
            raise ConfigError(secret_refusal("backend.api_key_env"))
        place = key_place(self.extra_body) or secret_place(self.extra_body)
        if place is not None:
            raise ConfigError(secret_refusal(f"backend.extra_body.{place}"))

    def demands(self) -> tuple[Demand, ...]:
        """Ask for trust where a key would go to a server that did not issue it."""
        return key_demands(self.api_key_env, self.url) if self.api_key_env else ()

    async def complete(self, request: Request) -> Reply:
        """Send one chat completion."""
        endpoint = await self.connect()
        sends_schema = self._sends_schema(request)
        fields = self.fields(request)
        try:
            payload = await endpoint.chat(chat_body(fields, request.messages))
        except RefusalError as refusal:
            raise self._renegotiated(refusal, sends_schema, fields) or refusal from None
        try:
            return read_completion(payload)
        except ValueError as error:
            message = f"{self.url}: {endpoint.words(error)}"
            raise TransientError(FaultKind.GARBAGE, message) from None

    def fields(self, request: Request) -> dict[str, Any]:
        """Return what is sent besides the messages."""
        fields = chat_fields(request, self.model, structured=self._sends_schema(request))
        if self._length_field != "max_tokens":
            fields[self._length_field] = fields.pop("max_tokens")
        fields.update(self.extra_body)
        for name in self.omit:
            fields.pop(name, None)
        return fields

    def longest_reply(self, request: Request) -> int:
        """Return the limit that is sent."""
        if not self.extra_body and not self.omit:
            return request.sampling.max_tokens
        given = [self.extra_body.get(name) for name in LENGTH_FIELDS]
        limits = [limit for limit in given if isinstance(limit, int) and limit > 0]
        if limits:
            return max(limits)
        sent = self._length_field not in self.omit
        return request.sampling.max_tokens if sent else LONGEST_UNLIMITED

    async def connect(self) -> Endpoint:
        """Return the endpoint, opened at the first call."""
        self._refuse_if_closed()
        if self._endpoint is None:
            self._endpoint = self._opened()
        endpoint: Endpoint = self._endpoint
        return endpoint

    def _refuse_if_closed(self) -> None:
        # Requests that outlive a run that failed must not open what nobody closes.
        if self._closed:
            raise BackendError(f"{self.url}: asked after its connections were closed")

    def _opened(self) -> Endpoint:
        # HTTP clients take a while to import: only for those who ask a server.
        if self.client == "openai":
            from fjsim.backends.http.sdk_endpoint import SDKEndpoint

            return SDKEndpoint(self.url, self._key(), self.timeout)
        from fjsim.backends.http.endpoint import Endpoint

        return Endpoint(
            self.url, self._key(), self.timeout, max_connections=self.max_concurrency + 8
        )

    async def close(self) -> None:
        """Close the connections; what is asked later is refused."""
        self._closed = True
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            await endpoint.close()

    @property
    def url(self) -> str:
        """Where the server is."""
        return (self.base_url or PUBLIC_URL).rstrip("/")

    @property
    def identity(self) -> str:
        """Endpoint, model and fixed fields."""
        return f"{self.url} {self.model}{fingerprint(self.extra_body, self.omit)}"

    @property
    def pace(self) -> Pace:
        """As its parameters say."""
        return Pace(self.max_concurrency, self.max_attempts, self.total_timeout)

    def _key(self) -> str:
        name = self.api_key_env or ("" if self.base_url else PUBLIC_KEY)
        if not name:
            return NO_KEY
        key = os.environ.get(name, "").strip()
        if not key:
            raise ConfigError(
                f"the environment variable {name} is empty; put the key of {self.url} into it"
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigError(
                f"the environment variable {name} holds a line break, a blank or another "
                "character that no key has; put the key alone into it"
            )
        return key

    def _sends_schema(self, request: Request) -> bool:
        if request.schema is None or self.structured == "prompt":
            return False
        return self.structured == "json_schema" or not self._schema_refused

    def _renegotiated(
        self, refusal: RefusalError, sent_schema: bool, fields: Mapping[str, Any]
    ) -> TransientError | None:
        words = str(refusal).lower()
        if refusal.status not in (400, 422):
            return None
        if "max_completion_tokens" in words and "max_tokens" in fields:
            self._length_field = "max_completion_tokens"
            return TransientError(FaultKind.RENEGOTIATED, str(refusal), retry_after=0.0)
        about_schema = any(word in words for word in SCHEMA_WORDS)
        if self.structured == "auto" and sent_schema and about_schema:
            if not self._schema_refused:
                log.warning("%s takes no JSON schema; relying on the prompt instead", self.url)
            self._schema_refused = True
            return TransientError(FaultKind.RENEGOTIATED, str(refusal), retry_after=0.0)
        return None


def fingerprint(extra_body: Mapping[str, Any], omit: tuple[str, ...]) -> str:
    """Return a short hash of the fields that change every request; empty where there are none."""
    if not extra_body and not omit:
        return ""
    text = json.dumps([dict(extra_body), sorted(omit)], sort_keys=True, default=str)
    return " +" + hashlib.sha256(text.encode()).hexdigest()[:8]
