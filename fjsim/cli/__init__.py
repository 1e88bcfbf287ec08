"""The command line: the only place that prints, exits or reads the environment."""

from fjsim.cli.program import app, main

__all__ = ["app", "main"]
