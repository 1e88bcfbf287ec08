"""What a fit says, in plain words: at most twelve lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fjsim.fitting.findings.identified import ModelChoice, OneLaw, PopulationPart

if TYPE_CHECKING:
    from fjsim.fitting.findings.result import FJFit

FEW_QUESTIONS = 10
HOLDS, YIELDS = 0.9, 0.1
LEAST_SPREAD = 0.01
"""A spread below this is not mentioned."""

MEANS = {
    "pooled": "one law per agent for all items",
    "exchangeable": "one law for all agents and items",
    "by-role": "one law, a weight per role of the speaker",
    "hostile-multiplier": "one law, a factor for hostile speakers",
    "hierarchical": "a law per agent and item",
    "group": "one law per group of agents",
    "item": "a law per item, each on its own",
    "shrunk": "a law per item, pulled to the common one",
    "gated": "weights that depend on round 0",
    "trajectory": "one law per agent, fitted to whole paths",
    "bias": "one law per agent and a pull to a belief of the question",
    "legacy": "a law per item, by local search",
    "fitted-degroot": "one law per agent without stubbornness",
}
"""What each model holds constant."""


def verdict_lines(fit: FJFit) -> tuple[str, ...]:
    """Return what a fit says in whole sentences, the most important first.

    Parameters
    ----------
    fit : FJFit

    Returns
    -------
    tuple of str
        At most twelve: what the log is, whether one law holds, what agents do per round, who
        counts most, which model was chosen and by how much, what cannot be known.
    """
    lines = [
        _log_line(fit),
        _law_line(fit.one_law),
        *(_population_lines(fit) if _varies(fit) else _pooled_lines(fit)),
        _share_line(fit),
        _role_line(fit),
        *_choice_lines(fit.choice),
        _unknown_line(fit),
    ]
    return tuple(line for line in lines if line)[:12]


def _varies(fit: FJFit) -> bool:
    return fit.population is not None and (fit.one_law is None or fit.one_law.holds is not True)


def _log_line(fit: FJFit) -> str:
    label = "simulated · " if fit.simulated else ""
    few = f". {fit.n_items} items are few: all is rough" if fit.n_items < FEW_QUESTIONS else ""
    return (
        f"{label}FJ fit '{fit.model}': {fit.n_items} items, {fit.n_agents} agents, "
        f"{fit.n_rounds} rounds, {fit.n_turns} turns{few}"
    )


def _law_line(tested: OneLaw | None) -> str:
    if tested is None:
        return ""
    if tested.holds is None:
        return "Whether one law holds for all items cannot be tested on this log."
    if tested.holds:
        return f"One law may hold for all items (p = {tested.p:.2f})."
    return f"One law does not hold for all items (p <= {tested.p:.2g}): agents differ by item."


def _population_lines(fit: FJFit) -> list[str]:
    population = fit.population
    assert population is not None, "a population varies"
    held, kept = population.stubbornness, population.self_weight
    varying = f" (SD {_points(kept)})" if kept.spread >= LEAST_SPREAD else ""
    lines = [
        f"Per round an agent keeps {_percent(held)} of its first belief on average, SD "
        f"{_points(held)} over items and agents{_kinds(fit)}.",
        f"Of the rest {_percent(kept)} stays on its last belief{varying}, the others go to peers.",
    ]
    if fit.choice is not None and fit.model != "hierarchical":
        lines.append(_rough_line(fit))
    return lines


def _rough_line(fit: FJFit) -> str:
    """Say what the chosen law gives where the population predicts no better."""
    known = [values[~np.isnan(values)] for values in (fit.stubbornness, fit.self_weight)]
    if not all(len(values) for values in known):
        return "Such a population predicts no better than one law, so take it as rough."
    held, kept = (f"{values.mean():.0%}" for values in known)
    return f"Take both as rough: one law predicts no worse, and gives {held} and {kept}."


def _kinds(fit: FJFit) -> str:
    """Say how many hold and how many yield."""
    if fit.items is None or fit.model != "hierarchical":
        return ""
    values = fit.items.stubbornness[~np.isnan(fit.items.stubbornness)]
    if not len(values):
        return ""
    holds, yields = float((values > HOLDS).mean()), float((values < YIELDS).mean())
    return f": {holds:.0%} hold (> 90%), {yields:.0%} yield (< 10%)"


def _pooled_lines(fit: FJFit) -> list[str]:
    known = fit.stubbornness[~np.isnan(fit.stubbornness)]
    kept = fit.self_weight[~np.isnan(fit.self_weight)]
    if not len(known):
        return ["How much an agent keeps of its first belief is not identified."]
    lines = [
        f"Per round an agent keeps {known.mean():.0%} of its first belief"
        f"{_range(known)}{_single_interval(fit)}."
    ]
    if len(kept):
        lines.append(
            f"Of the rest {kept.mean():.0%} stays on its last belief{_range(kept)}, the others go "
            "to its peers."
        )
    return lines


def _range(values: np.ndarray) -> str:
    if len(values) < 2 or values.max() - values.min() < 0.01:
        return ""
    return f" ({values.min():.0%} to {values.max():.0%} by agent)"


def _single_interval(fit: FJFit) -> str:
    """Return the interval where one number holds for everybody."""
    if fit.intervals is None or fit.model not in ("exchangeable", "by-role"):
        return ""
    low, high = fit.intervals.stubbornness[:, 0]
    return "" if np.isnan(low) else f" {_ends(low, high)}"


def _share_line(fit: FJFit) -> str:
    """Name who counts most, where that is sure."""
    shares = fit.influence_shares
    if np.isnan(shares).any() or fit.n_agents < 2:
        return ""
    most, even = int(shares.argmax()), 1 / fit.n_agents
    if fit.intervals is None or np.isnan(fit.intervals.influence_shares[0, most]):
        return f"{fit.agents[most]} has the largest share of the final beliefs: {shares[most]:.0%}."
    low, high = fit.intervals.influence_shares[:, most]
    others = np.delete(fit.intervals.influence_shares[1], most)
    if low <= others.max():
        return f"No agent's share of the final beliefs stands out (an equal share is {even:.0%})."
    return (
        f"{fit.agents[most]} has the largest share of the final beliefs: {shares[most]:.0%} "
        f"{_ends(low, high)}; equal is {even:.0%}."
    )


def _role_line(fit: FJFit) -> str:
    """Say what an agent gives a speaker of each role that it listens to alone."""
    known = {name: one for name, one in fit.roles.items() if not np.isnan(one.weight)}
    if len(known) < 2 or "multiplier" in known:
        return ""
    told = ", ".join(
        f"{name} {one.weight:.0%}" + ("" if np.isnan(one.low) else f" {_ends(one.low, one.high)}")
        for name, one in known.items()
    )
    return f"A speaker with all of the attention weighs: {told}."


def _choice_lines(choice: ModelChoice | None) -> list[str]:
    if choice is None:
        return ["Nothing could be held out, so no model was chosen by its predictions."]
    lines = [
        f"Chosen: {choice.model} ({MEANS.get(choice.model, '')}). Held-out error: "
        f"{_side(choice.gain, choice.low, choice.high, '%')} no change{_degroot(choice)}."
    ]
    if not choice.low > 0:
        lines[0] += " That is no sure gain: do not rely on its numbers."
    if choice.rival:
        lines.append(_rival_line(choice))
    return lines


def _side(gain: float, low: float, high: float, unit: str) -> str:
    if gain >= 0:
        return f"{100 * gain:.0f}{unit} {_ends(low, high)} below"
    return f"{-100 * gain:.0f}{unit} {_ends(-high, -low)} above"


def _ends(low: float, high: float) -> str:
    return f"[{_whole(low)}, {_whole(high)}]"


def _whole(value: float) -> str:
    # Adding 0 turns a rounded -0 into 0.
    return f"{round(100 * value) + 0:d}"


def _degroot(choice: ModelChoice) -> str:
    if np.isnan(choice.over_degroot):
        return ""
    ends = f"[{_signed(choice.over_degroot_low)}, {_signed(choice.over_degroot_high)}]"
    if choice.over_degroot >= 0:
        return f", {_signed(choice.over_degroot)} points {ends} below fitted DeGroot"
    ends = f"[{_signed(-choice.over_degroot_high)}, {_signed(-choice.over_degroot_low)}]"
    return f", {_signed(-choice.over_degroot)} points {ends} above fitted DeGroot"


def _rival_line(choice: ModelChoice) -> str:
    ends = f"[{_signed(choice.over_rival_low)}, {_signed(choice.over_rival_high)}]"
    gap = f"{_signed(choice.over_rival)} points {ends}"
    if abs(choice.over_rival) <= choice.margin:
        return f"{choice.rival} predicts as well ({gap} behind); the simpler was taken."
    return f"The next best is {choice.rival}, {gap} behind."


def _signed(value: float) -> str:
    # Adding 0 turns a rounded -0 into 0.
    return f"{round(100 * value, 1) + 0:.1f}"


def _unknown_line(fit: FJFit) -> str:
    blind = sum(bool(reasons) for reasons in fit.identified.reasons)
    parts = []
    if blind:
        parts.append(f"{blind} of {fit.n_agents} agents have parameters that are not identified")
    if _varies(fit) and fit.model == "hierarchical":
        parts.append(
            "who holds shows only stubbornness and self-weight together; their split rests on "
            "the others"
        )
    if fit.intervals is None:
        parts.append(f"'{fit.model}' was given no intervals")
    if not parts:
        return ""
    text = "; ".join(parts)
    return f"What cannot be known: {text}."


def _percent(part: PopulationPart) -> str:
    if np.isnan(part.low):
        return f"{part.mean:.0%}"
    return f"{part.mean:.0%} {_ends(part.low, part.high)}"


def _points(part: PopulationPart) -> str:
    if np.isnan(part.spread_low):
        return f"{100 * part.spread:.0f}"
    return f"{100 * part.spread:.0f} {_ends(part.spread_low, part.spread_high)}"
