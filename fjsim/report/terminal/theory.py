"""What theory predicts, as a table, in words, and under the names of its JSON contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.table import Table

from fjsim.beliefs import Array
from fjsim.dynamics.attacked.flips import Flips
from fjsim.dynamics.attacked.takeover import Takeover
from fjsim.foreign_text import printable

SHOWN_AGENTS = 20


def takeover_table(topology: str, predicted: Takeover) -> Table:
    """Return the prediction, an agent a line.

    Parameters
    ----------
    topology : str
        What the graph is called.
    predicted : Takeover

    Returns
    -------
    rich.table.Table
        Its first twenty agents and the mean.
    """
    seats = ", ".join(map(str, predicted.seats))
    n_agents = predicted.resistance.size
    who = "adversary at seat" if len(predicted.seats) == 1 else "adversaries at seats"
    table = Table(
        title=f"takeover of {printable(topology)}, {n_agents} agents, {who} {seats}",
        title_justify="left",
    )
    columns = _columns(predicted)
    for heading in ("agent", *columns):
        table.add_column(heading, justify="right")
    for agent in range(min(n_agents, SHOWN_AGENTS)):
        adversary = ["adversary", *[""] * (len(columns) - 1)]
        own = [of(agent) for of in columns.values()]
        table.add_row(str(agent), *(adversary if agent in predicted.seats else own))
    table.add_section()
    means = {"equilibrium": predicted.mean, _after(predicted): predicted.mean_after_rounds}
    cells = [_number(means[name]) if name in means else "" for name in columns]
    table.add_row("mean", *cells)
    return table


def _columns(predicted: Takeover) -> dict[str, Callable[[int], str]]:
    """Return the columns that have something in them: heading -> cell of an agent."""

    def numbers(values: Array | None) -> Callable[[int], str]:
        return lambda agent: "-" if values is None else _number(float(values[agent]))

    columns = {
        "resistance": numbers(predicted.resistance),
        "equilibrium": numbers(predicted.equilibrium),
    }
    if predicted.after_rounds is not None:
        columns[_after(predicted)] = numbers(predicted.after_rounds)
    if (flips := predicted.flips) is not None:
        columns["flips"] = lambda agent: "yes" if flips.flipped[agent] else "no"
    return columns


def _after(predicted: Takeover) -> str:
    rounds = predicted.n_rounds
    return f"after {rounds} round{'' if rounds == 1 else 's'}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def takeover_notes(predicted: Takeover) -> list[str]:
    """Say in words what the numbers rest on.

    Parameters
    ----------
    predicted : Takeover
    """
    lines = []
    unseen = predicted.resistance.size - SHOWN_AGENTS
    if unseen > 0:
        lines.append(f"… and {unseen} more agents; --json has all")
    if predicted.reason is not None:
        lines.append(f"no equilibrium: {predicted.reason}")
    if predicted.closed_form is not None:
        form = predicted.closed_form
        lines.append(f"exact formula for {form.graph}: mean {form.mean:.3f}")
    if predicted.bounds is not None:
        low, high = predicted.bounds
        lines.append(f"bounds from direct weights alone: {low:.3f} to {high:.3f}")
    if predicted.price is not None:
        lines.append(
            f"price of stubbornness: without an adversary {predicted.price:.0%} of the differences "
            "between agents survive"
        )
    return lines + _critical(predicted)


def _critical(predicted: Takeover) -> list[str]:
    flips = predicted.flips
    if flips is None:
        return []
    trust = (
        f"relative trust {flips.critical_trust:.3f}"
        if flips.critical_trust is not None
        else "re-normalised trust does not decide"
    )
    return [
        f"{flips.flips} decisions flip at margin {flips.margin:g}. Nobody flips with any of:",
        f"  {_critical_agents(flips)}",
        f"  resistance {flips.critical_resistance:.3f}",
        f"  {trust}; gate {flips.critical_gate:.3f} with the lost weight to the innate belief",
    ]


def _critical_agents(flips: Flips) -> str:
    """Say how many benign agents are needed, and among which numbers that was searched."""
    if flips.searched_agents is None:
        return "another number of agents was not tried: the graph is given, or the agents differ"
    low, high = flips.searched_agents
    if flips.critical_agents is None:
        return f"no number of benign agents from {low} to {high} helps"
    return (
        f"{flips.critical_agents} benign agents, the fewest of all numbers from {low} to {high} "
        "that this topology can have"
    )


def takeover_json(predicted: Takeover) -> dict[str, Any]:
    """Return the prediction under the names of the command's JSON contract.

    Parameters
    ----------
    predicted : Takeover

    Returns
    -------
    dict
        Per-agent lists have one entry per agent, NaN at the seats.
    """
    flips = predicted.flips
    form = predicted.closed_form
    return {
        "takeover": {
            "equilibrium": predicted.equilibrium,
            "mean": predicted.mean,
            "after_rounds": predicted.after_rounds,
            "mean_after_rounds": predicted.mean_after_rounds,
        },
        "resistance": common_resistance(predicted.resistance),
        "flips": flips
        and {
            "flips": flips.flips,
            "critical_agents": flips.critical_agents,
            "critical_agents_searched": flips.searched_agents,
            "critical_resistance": flips.critical_resistance,
            "critical_trust": flips.critical_trust,
            "critical_gate": flips.critical_gate,
            "flipped": [None if np.isnan(flag) else bool(flag) for flag in flips.flipped],
        },
        "bounds": predicted.bounds,
        "price": predicted.price,
        "closed_form": form and {"name": form.name, "graph": form.graph, "mean": form.mean},
        "seats": predicted.seats,
        "rounds": predicted.n_rounds,
        "reason": predicted.reason,
    }


def common_resistance(resistance: Array) -> float | Array:
    """Return one number where the benign agents are alike, else the list.

    Parameters
    ----------
    resistance : ndarray of shape (n_agents,)
        NaN at the seats.
    """
    benign = resistance[~np.isnan(resistance)]
    alike = np.isfinite(benign).all() and np.ptp(benign) <= 1e-12 * benign.max()
    return float(benign[0]) if alike else resistance
