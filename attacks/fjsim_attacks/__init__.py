"""Adversaries: one published idea per module."""

from fjsim_attacks import (
    adaptive,
    benign_wrapper,
    chaos_seeding,
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
    "benign_wrapper",
    "chaos_seeding",
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
