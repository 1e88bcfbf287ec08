"""A backend behind an OpenAI-compatible HTTP endpoint, with faults on demand."""

from fjsim.server.app import ModelServer, create_app
from fjsim.server.faults import Fault, FaultPlan, parse_faults
from fjsim.server.serving import RunningServer, serve_forever

__all__ = [
    "Fault",
    "FaultPlan",
    "ModelServer",
    "RunningServer",
    "create_app",
    "parse_faults",
    "serve_forever",
]
