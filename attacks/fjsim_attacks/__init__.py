"""Adversaries: one published idea per module."""

from fjsim_attacks import (
    adaptive,
    collude,
    duty_cycle,
    infect,
    inject,
    none,
    on_off,
    schedule,
    sleeper,
    slow_drift,
    stubborn,
    sybil,
    tamper,
    wobble,
)

__all__ = [
    "adaptive",
    "collude",
    "duty_cycle",
    "infect",
    "inject",
    "none",
    "on_off",
    "schedule",
    "sleeper",
    "slow_drift",
    "stubborn",
    "sybil",
    "tamper",
    "wobble",
]
