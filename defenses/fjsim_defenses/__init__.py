"""Trust policies: one published idea per module."""

from fjsim_defenses import none

__all__ = ["none"]
