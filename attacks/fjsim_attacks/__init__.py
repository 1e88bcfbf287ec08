"""Adversaries: one published idea per module."""

from fjsim_attacks import none, stubborn

__all__ = ["none", "stubborn"]
