"""Ways to ask a model, and the wrappers around them.

Importing this registers ``simulated``, ``openai``, ``vllm`` and ``vllm-offline``; none of them
imports its client or engine before it is asked.
"""

from fjsim.backends import simulated
from fjsim.backends.assembly import make_backend, raw_backend
from fjsim.backends.http import openai_chat
from fjsim.backends.vllm import offline as vllm_offline
from fjsim.backends.vllm import server as vllm_server

__all__ = [
    "make_backend",
    "openai_chat",
    "raw_backend",
    "simulated",
    "vllm_offline",
    "vllm_server",
]
