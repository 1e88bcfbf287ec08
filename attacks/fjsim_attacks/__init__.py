"""Adversaries: one published idea per module."""

from fjsim.registry import declare

declare(
    "attack",
    {
        "adaptive": "fjsim_attacks.adaptive",
        "benign-wrapper": "fjsim_attacks.benign_wrapper",
        "chaos-seeding": "fjsim_attacks.chaos_seeding",
        "collude": "fjsim_attacks.collude",
        "duty-cycle": "fjsim_attacks.duty_cycle",
        "infect": "fjsim_attacks.infect",
        "inject": "fjsim_attacks.inject",
        "none": "fjsim_attacks.none",
        "on-off": "fjsim_attacks.on_off",
        "schedule": "fjsim_attacks.schedule",
        "sleeper": "fjsim_attacks.sleeper",
        "slow-drift": "fjsim_attacks.slow_drift",
        "stubborn": "fjsim_attacks.stubborn",
        "sybil": "fjsim_attacks.sybil",
        "tamper": "fjsim_attacks.tamper",
        "wobble": "fjsim_attacks.wobble",
    },
)
