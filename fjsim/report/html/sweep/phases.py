"""Phase diagrams of the law with the settings of a sweep on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fjsim.dynamics.attacked.closed_forms import resistance_of
from fjsim.dynamics.attacked.phase import PhaseDiagram, phase_diagram
from fjsim.errors import FjsimError
from fjsim.report.html.phase import Observed, phase_figure
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.scenario import AgentBlock, Scenario

MARGIN = 0.5
"""Innate P(correct) - P(target) for which the flip boundary is drawn."""
MOST_MAPS = 2
FEWEST = 2
"""Settings below which a map says less than the figure beside it."""
COLUMNS, ROWS = 29, 12


class _Map(NamedTuple):
    """What the settings of one map share."""

    topology: str
    seat: int | str
    self_weight: float
    rounds: int


def phases(facts: SweepFacts) -> str:
    """Return the maps on which at least two settings lie; empty where there are none.

    Parameters
    ----------
    facts : SweepFacts
        Settings count whose agents are all alike, declare one stubbornness and one self-weight,
        and have no defense and no router against one stubborn adversary.
    """
    found = _observed(facts)
    chosen = sorted(found, key=lambda key: -len(found[key]))[:MOST_MAPS]
    drawn = ""
    for key in chosen:
        if len(found[key]) >= FEWEST:
            drawn += _drawn(key, found[key])
    if not drawn:
        return ""
    head = '<section id="phases"><h2>On the map of the law</h2>'
    return f'{head}<div class="charts">{drawn}</div></section>'


def _drawn(key: _Map, groups: Sequence[Observed]) -> str:
    try:
        return f"<div>{phase_figure(_diagram(key, groups), groups)}</div>"
    except FjsimError:
        # A topology that has not every size, such as a grid: the settings stand in their table.
        return ""


def _diagram(key: _Map, groups: Sequence[Observed]) -> PhaseDiagram:
    largest = max(16, *(one.n_agents + 2 for one in groups))
    smallest = min(4, *(one.n_agents for one in groups))
    sizes = np.unique(np.linspace(smallest, largest, ROWS).astype(int))
    odds = [one.resistance for one in groups]
    ends = (min(0.01, *odds), max(10.0, *odds))
    return phase_diagram(
        key.topology,
        sizes,
        np.geomspace(*ends, COLUMNS),
        [key.seat],
        self_weight=key.self_weight,
        margin=MARGIN,
        n_rounds=key.rounds,
    )


def _observed(facts: SweepFacts) -> Mapping[_Map, list[Observed]]:
    found: dict[_Map, list[Observed]] = {}
    for at, group in enumerate(facts.settings):
        scenario = group.played[0].cell.scenario
        numbers = _declared(scenario)
        if numbers is None or facts.estimate(at, "takeover_observed").value is None:
            continue
        stubbornness, self_weight = numbers
        seat = (scenario.attack.model_extra or {}).get("seat", "hub")
        key = _Map(scenario.topology.kind, seat, self_weight, scenario.rounds)
        found.setdefault(key, []).append(
            Observed(
                facts.names[at],
                resistance_of(stubbornness, self_weight),
                scenario.n_agents,
                facts.estimate(at, "takeover_observed"),
            )
        )
    return found


def _declared(scenario: Scenario) -> tuple[float, float] | None:
    """Return stubbornness and self-weight that all agents share, where a map can hold them."""
    plain = (scenario.attack.kind, scenario.defense.kind, scenario.router.kind)
    if plain != ("stubborn", "none", "uniform") or scenario.topology.model_extra:
        return None
    numbers = {_numbers(block) for block in scenario.seats}
    return next(iter(numbers)) if len(numbers) == 1 else None


def _numbers(block: AgentBlock) -> tuple[float, float] | None:
    given = block.model_extra or {}
    own = (given.get("stubbornness"), given.get("self_weight"))
    alike = block.kind == "numeric" and given.get("stubbornness_concentration") == 0
    if not alike or not all(isinstance(one, (int, float)) for one in own):
        return None
    return float(own[0] or 0.0), float(own[1] or 0.0)
