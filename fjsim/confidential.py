"""Keys and passwords where none belong: found, hidden, and never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fjsim.errors import ConfigError

HIDDEN = "[hidden]"

_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-(?:[a-z0-9]{1,8}-){0,3}[A-Za-z0-9_]{20,}|[spr]k_(?:live|test)_\w{16,}"
    r"|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}"
    r"|gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}"
    r"|hf_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}"
    r"|nvapi-[\w-]{20,}|r8_[A-Za-z0-9]{30,}|xox[abeoprs]-[\w-]{10,}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*|(?i:bearer)\s+[\w.~+/-]{16,}=*"
    r")"
)
"""Keys of well-known services, which say by their first letters what they are."""

_IN_ADDRESS = re.compile(
    r"(?i)((?<=://)[^/\s@'\"]+(?=@)"
    r"|(?<=[?&#])[\w-]*(?:key|token|secret|passw|auth)[\w-]*=[^\s&#'\"]+)"
)
"""Credentials inside an address."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_RANDOM = re.compile(r"(?=(?:[A-Za-z]*\d){3})[A-Za-z0-9]{20,}")
"""A stretch as long and as mixed as no word of a name is."""

_PARTS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd", "secret", "secrets"})
_ANYWHERE = _PASSWORDS | {"apikey", "authorization", "bearer", "credential", "credentials"}
_LAST = frozenset({"key", "keys", "token", "auth", "cookie", "cookies"})
_HARMLESS = re.compile(
    r"(?i)(?:.*cache_key|(?:.*_)?(?:stop|eos|bos|pad|unk|mask|sep|cls|image|start|end)_token)"
)
"""Fields of known servers that end like a secret and hold none."""


def hide_keys(text: str) -> str:
    """Return a text with keys of well-known services and credentials in addresses redacted.

    Examples
    --------
    >>> hide_keys("got sk-aaaaaaaaaaaaaaaaaaaa1")
    'got [hidden]'
    """
    return _IN_ADDRESS.sub(HIDDEN, _KEY.sub(HIDDEN, text))


def is_variable_name(text: str) -> bool:
    """Say whether a text may be the name of an environment variable, and is no key by mistake.

    Examples
    --------
    >>> is_variable_name("MY_KEY"), is_variable_name("sk-123")
    (True, False)
    """
    if _VARIABLE.fullmatch(text) is None or _KEY.search(text):
        return False
    return not any(_RANDOM.fullmatch(part) for part in text.split("_"))


def is_secret_name(name: str) -> bool:
    """Say whether a field of this name holds a secret: ``api_key``, ``hf_token``, ``password``.

    Examples
    --------
    >>> is_secret_name("X-Api-Key"), is_secret_name("stop_token_ids")
    (True, False)
    """
    words = [word.lower() for word in _PARTS.split(name) if word]
    if not words or _HARMLESS.fullmatch(name):
        return False
    return words[-1] in _LAST or not _ANYWHERE.isdisjoint(words)


def key_place(values: object) -> str | None:
    """Return where in plain values a key of a well-known service stands, or None.

    Parameters
    ----------
    values : object
        Mappings, lists and scalars, of any depth.
    """
    return next((place for place, text in _texts(values) if _KEY.search(text)), None)


def _texts(values: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(values, str):
        yield place or "the value", values
    elif isinstance(values, Mapping):
        for name, value in values.items():
            if _KEY.search(str(name)):
                yield f"a name in {place or 'it'}", str(name)
            yield from _texts(value, f"{place}.{name}".lstrip("."))
    elif isinstance(values, (list, tuple)):
        for at, value in enumerate(values):
            yield from _texts(value, f"{place}.{at}".lstrip("."))


def secret_place(values: object, place: str = "") -> str | None:
    """Return where in plain values a field stands whose name says that it holds a secret, or None.

    Parameters
    ----------
    values : object
        Mappings, lists and scalars, of any depth.
    place : str
        Where they stand themselves, in front of what is returned.
    """
    if isinstance(values, Mapping):
        pairs: Iterator[tuple[Any, Any]] = iter(values.items())
    elif isinstance(values, (list, tuple)):
        pairs = iter(enumerate(values))
    else:
        return None
    for name, value in pairs:
        here = f"{place}.{name}".lstrip(".")
        if isinstance(name, str) and is_secret_name(name) and _may_be_secret(name, value):
            return here
        inner = secret_place(value, here)
        if inner is not None:
            return inner
    return None


def _may_be_secret(name: str, value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, str) for item in value)
    if isinstance(value, (str, bytes)):
        return bool(value)
    words = {word.lower() for word in _PARTS.split(name)}
    return (
        isinstance(value, int) and not isinstance(value, bool) and not words.isdisjoint(_PASSWORDS)
    )


def refuse_secrets(scenario: Mapping[str, Any]) -> None:
    """Refuse keys and passwords in a scenario, which is written to files as it stands.

    Parameters
    ----------
    scenario : mapping
        Plain values, not yet checked.

    Raises
    ------
    ConfigError
        With the place, never with the secret.
    """
    place = key_place(scenario)
    for name, backend in _backends(scenario):
        place = place or secret_place(backend, name) or _misnamed(backend, name)
    if place is not None:
        raise ConfigError(secret_refusal(place))


def secret_refusal(place: str) -> str:
    """Return what to say of a secret at some place of a scenario or a backend."""
    where = place[-80:]
    if place.endswith("api_key_env"):
        return (
            f"{where} must be the name of an environment variable, letters, digits and _ only, "
            "and holds something else (the key itself?); put the key into a variable and name that"
        )
    return (
        f"{where} holds a key or a password, which would be written to the run's files; put it "
        "into an environment variable, and name that in backend.api_key_env"
    )


def _backends(scenario: Mapping[str, Any]) -> list[tuple[str, Any]]:
    agents = scenario.get("agents")
    seats = agents if isinstance(agents, (list, tuple)) else [agents]
    inner = [seat.get("backend") for seat in seats if isinstance(seat, Mapping)]
    defense = scenario.get("defense")
    casting = defense.get("backend") if isinstance(defense, Mapping) else None
    return [
        ("backend", scenario.get("backend")),
        *(("agents.backend", one) for one in inner),
        ("defense.backend", casting),
    ]


def _misnamed(backend: object, place: str) -> str | None:
    name = backend.get("api_key_env") if isinstance(backend, Mapping) else None
    wrong = isinstance(name, str) and name and not is_variable_name(name)
    return f"{place}.api_key_env" if wrong else None
