"""Ways to ask a model, and the wrappers around them.

Importing this makes ``simulated``, ``openai``, ``vllm`` and ``vllm-offline`` known by name; each is
imported when it is asked for, and none imports its client or engine before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported
from fjsim.registry import declare

if TYPE_CHECKING:
    from fjsim.backends.assembly import make_backend, raw_backend

__all__ = ["make_backend", "raw_backend"]

__getattr__, __dir__ = exported(
    __name__, {"fjsim.backends.assembly": ["make_backend", "raw_backend"]}
)

declare(
    "backend",
    {
        "simulated": "fjsim.backends.simulated",
        "openai": "fjsim.backends.http.openai_chat",
        "vllm": "fjsim.backends.vllm.server",
        "vllm-offline": "fjsim.backends.vllm.offline",
    },
)
