"""What a fit says, in plain words: at most twelve lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fjsim.fitting.findings.identified import Choice, OneLaw, PopulationPart

if TYPE_CHECKING:
    from fjsim.fitting.findings.result import FJFit

FEW_QUESTIONS = 10
HOLDS, YIELDS = 0.9, 0.1
MEANS = {
    "pooled": "one law per agent for all items",
    "exchangeable": "one law for all agents and items",
    "hierarchical": "a law per agent and item, drawn from one population",
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
        *_choice_lines(fit.choice),
        _halves_line(fit),
        _unknown_line(fit),
    ]
    return tuple(line for line in lines if line)[:12]


def _varies(fit: FJFit) -> bool:
    return fit.population is not None and (fit.one_law is None or fit.one_law.holds is not True)


def _log_line(fit: FJFit) -> str:
    label = "simulated · " if fit.simulated else ""
    few = ""
    if fit.n_items < FEW_QUESTIONS:
        few = f"; {fit.n_items} items are few, so every number below is rough"
    return (
        f"{label}FJ fit '{fit.model}': {fit.n_items} items, {fit.n_agents} agents, "
        f"{fit.n_rounds} rounds, {fit.n_turns} turns (unit: {fit.unit}){few}"
    )


def _law_line(tested: OneLaw | None) -> str:
    if tested is None:
        return ""
    if tested.holds is None:
        return "Whether one law holds for all items cannot be tested on this log."
    if tested.holds:
        return f"One law may hold for all items (p = {tested.p:.2f})."
    return (
        f"One law does not hold for all items (p <= {tested.p:.2g}): agents differ from item to "
        "item."
    )


def _population_lines(fit: FJFit) -> list[str]:
    population = fit.population
    assert population is not None, "a population varies"
    held, kept = population.stubbornness, population.self_weight
    lines = [
        f"Per round an agent keeps {_percent(held)} of its first belief on average; over items "
        f"and agents this varies by {_points(held)} (standard deviation)"
        f"{_kinds(fit)}.",
        f"Of the rest it leaves {_percent(kept)} on its last belief, varying by {_points(kept)}, "
        "and moves the others to what it hears.",
    ]
    return lines


def _kinds(fit: FJFit) -> str:
    """Say how many hold and how many yield."""
    if fit.items is None or fit.model != "hierarchical":
        return ""
    values = fit.items.stubbornness[~np.isnan(fit.items.stubbornness)]
    if not len(values):
        return ""
    holds, yields = float((values > HOLDS).mean()), float((values < YIELDS).mean())
    return f": {holds:.0%} hold (above 90 %), {yields:.0%} yield (below 10 %)"


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
            f"Of the rest it leaves {kept.mean():.0%} on its last belief{_range(kept)}, and moves "
            "the others to what it hears."
        )
    return lines


def _range(values: np.ndarray) -> str:
    if len(values) < 2 or values.max() - values.min() < 0.01:
        return ""
    return f" ({values.min():.0%} to {values.max():.0%} by agent)"


def _single_interval(fit: FJFit) -> str:
    """Return the interval where one number holds for everybody."""
    if fit.intervals is None or fit.model != "exchangeable":
        return ""
    low, high = fit.intervals.stubbornness[:, 0]
    return "" if np.isnan(low) else f" [{low:.0%}, {high:.0%}]"


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
        f"[{low:.0%}, {high:.0%}] (an equal share is {even:.0%})."
    )


def _choice_lines(choice: Choice | None) -> list[str]:
    if choice is None:
        return ["Nothing could be held out, so no model was chosen by its predictions."]
    lines = [
        f"Chosen: {choice.model} ({MEANS.get(choice.model, '')}). On held-out questions it "
        f"leaves {_less(choice.gain, choice.low, choice.high)} than no change"
        f"{_degroot(choice)}."
    ]
    if choice.low <= 0:
        lines[0] += " That is no sure gain: do not rely on its numbers."
    if choice.rival:
        lines.append(_rival_line(choice))
    return lines


def _less(gain: float, low: float, high: float) -> str:
    word = "less" if gain >= 0 else "more"
    ends = sorted((abs(low), abs(high))) if low * high > 0 else (low, high)
    return f"{abs(gain):.0%} [{ends[0]:.0%}, {ends[1]:.0%}] {word} squared error"


def _degroot(choice: Choice) -> str:
    if np.isnan(choice.over_degroot):
        return ""
    return (
        f", and gains {_signed(choice.over_degroot)} points [{_signed(choice.over_degroot_low)}, "
        f"{_signed(choice.over_degroot_high)}] over fitted DeGroot"
    )


def _rival_line(choice: Choice) -> str:
    ends = f"[{_signed(choice.over_rival_low)}, {_signed(choice.over_rival_high)}]"
    if abs(choice.over_rival) <= choice.margin:
        return (
            f"{choice.rival} predicts as well ({_signed(choice.over_rival)} points {ends}; up to "
            f"{choice.margin:.1%} counts as equal), and the simpler model was taken."
        )
    low, high = 100 * choice.over_rival_low, 100 * choice.over_rival_high
    return (
        f"The next best, {choice.rival}, is {100 * choice.over_rival:.1f} points "
        f"[{low:.1f}, {high:.1f}] behind."
    )


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}"


def _halves_line(fit: FJFit) -> str:
    if fit.split_half is None:
        return ""
    words = {"stubbornness": "stubbornness", "self_weight": "self-weight"}
    parts = []
    for name, title in words.items():
        half = fit.split_half[name]
        if np.isnan(half.difference):
            continue
        agreed = (
            f" (reliability {half.spearman_brown:.2f})" if not np.isnan(half.spearman_brown) else ""
        )
        parts.append(f"{title} by {100 * half.difference:.1f} points{agreed}")
    if not parts:
        return ""
    return f"Two halves of the questions differ per agent in {' and '.join(parts)}."


def _unknown_line(fit: FJFit) -> str:
    blind = sum(bool(reasons) for reasons in fit.identified.reasons)
    parts = []
    if blind:
        parts.append(f"{blind} of {fit.n_agents} agents have parameters that are not identified")
    if _varies(fit):
        parts.append(
            "an agent that holds shows only the sum of stubbornness and self-weight, so their "
            "split rests on the others"
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
    return f"{part.mean:.0%} [{part.low:.0%}, {part.high:.0%}]"


def _points(part: PopulationPart) -> str:
    if np.isnan(part.spread_low):
        return f"{100 * part.spread:.0f} points"
    return (
        f"{100 * part.spread:.0f} points [{100 * part.spread_low:.0f}, "
        f"{100 * part.spread_high:.0f}]"
    )
