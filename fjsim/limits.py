"""How large a run may be: what no memory could hold is refused before anything is made of it."""

from __future__ import annotations

from fjsim.errors import ConfigError

MOST_AGENTS = 2_000
"""Everybody may hear everybody: four million edges are a gigabyte while the graph is built."""
MOST_ROUNDS = 100_000
MOST_DELIBERATIONS = 1_000_000
"""Questions times replicas."""
MOST_TURNS = 100_000_000
"""A turn in memory takes about a kilobyte."""
MOST_SEEDS = 10_000
MOST_CELLS = 100_000

REMEDIES = {
    "agents": (MOST_AGENTS, "take fewer, or solve a network of this size with fjsim solve"),
    "rounds": (MOST_ROUNDS, "take fewer; fjsim theory gives the end of infinitely many"),
    "replicas": (MOST_DELIBERATIONS, "take fewer"),
    "seeds": (MOST_SEEDS, "take fewer"),
    "cells": (MOST_CELLS, "take fewer values, or make several sweeps"),
}


def check_size(name: str, value: int) -> None:
    """Refuse a number of something that no run, or no sweep, could have.

    Raises
    ------
    ValueError
        With the number, the limit and what to do.
    """
    most, remedy = REMEDIES[name]
    if value > most:
        raise ValueError(f"{name} is {value:,}, and at most {most:,} are possible; {remedy}")


def check_turns(n_agents: int, n_rounds: int, n_deliberations: int, n_arms: int = 1) -> None:
    """Refuse a run whose turns, or whose deliberations, would not fit into memory.

    Parameters
    ----------
    n_agents, n_rounds : int
        Rounds after round 0.
    n_deliberations : int
        Questions times replicas, as far as they are known.
    n_arms : int

    Raises
    ------
    ConfigError
        With the number, the limit and what to do.
    """
    if n_deliberations > MOST_DELIBERATIONS:
        raise ConfigError(
            f"questions times replicas are {n_deliberations:,}, and a run has at most "
            f"{MOST_DELIBERATIONS:,} deliberations; lower replicas or questions.limit"
        )
    turns = n_agents * (n_rounds + 1) * n_deliberations * n_arms
    if turns > MOST_TURNS:
        raise ConfigError(
            f"the run would have {turns:,} turns ({n_agents:,} agents, {n_rounds:,} rounds, "
            f"{n_deliberations:,} deliberations), and memory holds at most {MOST_TURNS:,}; lower "
            "agents, rounds, replicas or questions.limit, or make several runs with other seeds"
        )
