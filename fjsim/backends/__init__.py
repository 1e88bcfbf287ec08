"""Ways to ask a model, and the wrappers around them.

Importing this registers ``simulated``, ``openai``, ``vllm`` and ``vllm-offline``; none of them
imports its client or engine before it is asked.
"""

from fjsim.backends import openai_chat, simulated, vllm_offline, vllm_server
from fjsim.backends.assembly import make_backend, raw_backend

__all__ = [
    "make_backend",
    "openai_chat",
    "raw_backend",
    "simulated",
    "vllm_offline",
    "vllm_server",
]
