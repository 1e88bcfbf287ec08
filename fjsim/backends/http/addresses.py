"""Addresses of servers: what one may look like, and which keys belong to which."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from fjsim.contracts import Demand
from fjsim.errors import ConfigError
from fjsim.foreign_text import shown

PUBLIC_URL = "https://api.openai.com/v1"
PUBLIC_KEY = "OPENAI_API_KEY"

HOMES = {
    PUBLIC_KEY: ("api.openai.com",),
    "ANTHROPIC_API_KEY": ("api.anthropic.com",),
    "CEREBRAS_API_KEY": ("api.cerebras.ai",),
    "COHERE_API_KEY": ("api.cohere.com", "api.cohere.ai"),
    "DASHSCOPE_API_KEY": ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"),
    "DEEPINFRA_API_KEY": ("api.deepinfra.com",),
    "DEEPSEEK_API_KEY": ("api.deepseek.com",),
    "FIREWORKS_API_KEY": ("api.fireworks.ai",),
    "GEMINI_API_KEY": ("generativelanguage.googleapis.com",),
    "GOOGLE_API_KEY": ("generativelanguage.googleapis.com",),
    "GROQ_API_KEY": ("api.groq.com",),
    "HF_TOKEN": ("router.huggingface.co",),
    "MISTRAL_API_KEY": ("api.mistral.ai",),
    "MOONSHOT_API_KEY": ("api.moonshot.ai", "api.moonshot.cn"),
    "NVIDIA_API_KEY": ("integrate.api.nvidia.com",),
    "OPENROUTER_API_KEY": ("openrouter.ai",),
    "PERPLEXITY_API_KEY": ("api.perplexity.ai",),
    "TOGETHER_API_KEY": ("api.together.xyz", "api.together.ai"),
    "XAI_API_KEY": ("api.x.ai",),
}
"""Variables that hold a well-known service's key by custom, and the service's own hosts."""

_OTHER_SECRETS = re.compile(
    r"(AWS|AZURE|GOOGLE|GCP|GH|GITHUB|GITLAB|HF|HUGGING_?FACE|WANDB|SLACK|STRIPE|DOCKER|NPM|PYPI"
    r"|TWINE|KUBE|SSH|VAULT|DATABASE|PG|MYSQL|REDIS)(_|TOKEN|PASSWORD)",
    re.IGNORECASE,
)


_ODD = re.compile(r"[\\\s\"'<>]")
"""What stands in no address, or is read in one way here and in another by a client."""


def check_address(url: str) -> None:
    """Refuse an address that is none, or that would carry a secret into files.

    Parameters
    ----------
    url : str
        The ``base_url`` given; empty is allowed.

    Raises
    ------
    ConfigError
        Without the address, where there may be a secret in it.
    """
    if not url:
        return
    parts = _split(url)
    if "@" in url or "?" in url or "#" in url:
        raise ConfigError(
            "backend.base_url holds credentials, a query or a fragment, which would end up in "
            "files; put the key into an environment variable and name it in backend.api_key_env"
        )
    if parts is None or not parts.hostname or not url.isprintable() or _ODD.search(url):
        raise ConfigError(
            f"backend.base_url is {shown(url)}, which is no address; give it as http://HOST:PORT/v1"
        )
    if parts.scheme not in ("http", "https"):
        raise ConfigError(f"backend.base_url is {shown(url)}; give it as http://HOST:PORT/v1")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def key_demands(variable: str, url: str) -> tuple[Demand, ...]:
    """Return what sending the key in a variable to a server asks of the user's trust.

    Parameters
    ----------
    variable : str
        Its name; not empty.
    url : str
        The server's address.

    Returns
    -------
    tuple of Demand
        Empty where the key goes to the service that issued it. A well-known key that goes
        elsewhere needs the user's word on the address as well.
    """
    parts = urlsplit(url)
    homes = HOMES.get(variable.upper(), ())
    if parts.scheme == "https" and parts.hostname in homes and parts.port in (None, 443):
        return ()
    known = bool(homes) or _OTHER_SECRETS.match(variable) is not None
    parameters = ("api_key_env", "base_url") if known else ("api_key_env",)
    return (Demand(parameters, f"sends the key in the variable {variable} to {parts.netloc}"),)
