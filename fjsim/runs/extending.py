"""What a larger question set would move in a run that is there.

The seeded order of a longer set is another one. Where nothing depends on a question's place in it,
the longer run holds the shorter one unchanged; where something does, it does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from fjsim.deliberation import Item, seeded_order
from fjsim.runs.resolve import Setup


def moved_by_growth(setup: Setup, limit: int | None) -> str:
    """Say why a run of the first questions is no part of one that has more of them.

    Parameters
    ----------
    setup : Setup
        Setup of the longer run.
    limit : int or None
        How many questions the shorter one has; None for all.

    Returns
    -------
    str
        What depends on the order and would be moved; empty if nothing would.
    """
    scenario = setup.scenario
    places = {item.question.id: item for item in setup.items if item.replica == 0}
    before = seeded_order(setup.questions[:limit], 1, scenario.warmup, scenario.seed)
    pairs = [(item, places[item.question.id]) for item in before]
    if all(old.order == new.order for old, new in pairs):
        return ""
    return next(_bound(setup, pairs), "")


def _bound(setup: Setup, pairs: list[tuple[Item, Item]]) -> Iterator[str]:
    """Yield what makes a question's turns depend on its place, given it before and after."""
    scenario, plugins = setup.scenario, setup.plugins
    if any(old.is_warmup != new.is_warmup for old, new in pairs):
        first = "question is" if scenario.warmup == 1 else f"{scenario.warmup} are"
        yield f"its first {first} the warm-up"
    attack = plugins.attack
    if attack is not None and any(
        attack.attacks_on(old.order, old.warmup) != attack.attacks_on(new.order, new.warmup)
        for old, new in pairs
    ):
        yield f"attack {scenario.attack.kind} picks its questions by their place"
    for kind in ("defense", "router", "attack"):
        plugin = getattr(plugins, kind)
        if plugin is not None and plugin.memory != "none":
            yield f"{kind} {getattr(scenario, kind).kind} learns from one question to the next"
