"""What a sweep came to in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence

from fjsim.metrics import Estimate, registered
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.report.html.verdict import percent
from fjsim.report.standing import MARGIN, DefenseStanding

MOST_NAMED = 4


def verdict(facts: SweepFacts) -> str:
    """Return the sentences at the head of a sweep's page.

    Parameters
    ----------
    facts : SweepFacts
    """
    return _defenses(facts.standings) if facts.by_defense else _extremes(facts)


def _defenses(found: Sequence[DefenseStanding]) -> str:
    best = found[0]
    bare = next((one for one in found if one.defense == "none"), None)
    at = f" ({best.worst_at})" if best.worst_at else ""
    if best is bare:
        head = (
            "No defense holds better than none: without one an attack succeeds on "
            f"{percent(best.worst)} at worst{at}."
        )
    else:
        head = (
            f"{best.defense} holds best: at its worst{at} an attack succeeds on "
            f"{percent(best.worst)} of right agents"
        )
        head += "." if bare is None else f"; without a defense it is {percent(bare.worst)}."
    price = "" if best is bare else _price(best.price)
    return " ".join(part for part in (head, price, *_beside(found)) if part)


def _price(price: Estimate) -> str:
    if price.value is None:
        return "What it costs a team that nobody attacks was not measured."
    low, high = (price.value if end is None else end for end in (price.low, price.high))
    if low > 0:
        points = _points(price.value, low, high)
        return f"It costs a team that nobody attacks {points} of accuracy."
    if high < 0:
        points = _points(-price.value, -high, -low)
        return f"A team that nobody attacks gains {points} of accuracy by it."
    points = _points(price.value, low, high)
    return f"Its price does not show: without attack {points} of accuracy are lost."


def _points(value: float, low: float, high: float) -> str:
    # Adding 0 takes the sign off a zero.
    value, low, high = (round(100 * number) + 0 for number in (value, low, high))
    return f"{value} points [{low}, {high}]".replace("-", "\N{MINUS SIGN}")


def _beside(found: Sequence[DefenseStanding]) -> list[str]:
    equal = [one.defense for one in found if one.place == "equivalent"]
    open_ = [one.defense for one in found[1:] if one.place == "undecided"]
    said = []
    if equal:
        verb = "is" if len(equal) == 1 else "are"
        said.append(f"{_listed(equal)} {verb} equivalent to it within {100 * MARGIN:.0f} points.")
    if open_:
        verb = "is" if len(open_) == 1 else "are"
        said.append(f"Whether {_listed(open_)} {verb} as safe is not decided by these questions.")
    return said


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _extremes(facts: SweepFacts) -> str:
    """Return the settings with the highest and the lowest value of the first measure."""
    if not facts.measures:
        return "Nothing that could be compared was measured."
    name = facts.measures[0]
    label = registered()[name].label
    known = [at for at in range(len(facts.rows)) if facts.estimate(at, name).value is not None]
    ranked = sorted(known, key=lambda at: facts.estimate(at, name).value or 0.0)
    low, high = ranked[0], ranked[-1]
    if low == high:
        return f"{label.capitalize()} is {percent(facts.estimate(low, name))}."
    return (
        f"Of {len(known)} settings {facts.names[high]} has the highest {label}, "
        f"{percent(facts.estimate(high, name))}, and {facts.names[low]} the lowest, "
        f"{percent(facts.estimate(low, name))}."
    )
