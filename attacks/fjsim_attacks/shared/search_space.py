"""Where a best response to a defense is searched, and how the next candidates are proposed.

The search is a pure function of what was tried: ask `propose` for candidates, try them in any
order or in parallel, add them to the trials, ask again. The same trials and stream propose the
same candidates, so that a budgeted search can be resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from fjsim.contracts.attacks import Choice, Range, Trial

Space = Mapping[str, Range | Choice]
Parameters = Mapping[str, object]

LOCAL_SHARE = 0.5
"""Share of the candidates that change the best one so far instead of being drawn anew."""

STEP = 0.2
"""Standard deviation of a change, as a share of the range."""

DRAWS_PER_CANDIDATE = 20
"""How often a candidate is drawn again that was tried before."""

TARGETS = Choice(("random-wrong", "second-best", "best"))
CERTAINTY = Range(0.5, 1.0)
STUBBORNNESS = Range(0.5, 1.0)

STUBBORN: Space = MappingProxyType(
    {"target": TARGETS, "certainty": CERTAINTY, "stubbornness": STUBBORNNESS}
)
SCHEDULE: Space = MappingProxyType(
    {
        **STUBBORN,
        "honest_questions": Range(0, 20),
        "honest_phase": Range(0, 8),
        "hostile_phase": Range(1, 8),
        "honest_rounds": Range(0, 4),
        "drift_rounds": Range(0, 8),
        "honest_certainty": Range(0.4, 0.97),
    }
)
SLEEPER: Space = MappingProxyType(
    {
        **STUBBORN,
        "honest_questions": Range(0, 40),
        "honest_rounds": Range(0, 4),
        "honest_certainty": Range(0.4, 0.97),
    }
)
ON_OFF: Space = MappingProxyType(
    {
        **STUBBORN,
        "honest_phase": Range(1, 10),
        "hostile_phase": Range(1, 10),
        "honest_certainty": Range(0.4, 0.97),
    }
)
SLOW_DRIFT: Space = MappingProxyType(
    {**STUBBORN, "drift_rounds": Range(1, 10), "honest_rounds": Range(0, 4)}
)
WOBBLE: Space = MappingProxyType(
    {
        "target": TARGETS,
        "certainty": Range(0.6, 1.0),
        "lowest": Range(0.34, 0.6),
        "pattern": Choice(("random", "alternating")),
    }
)
COLLUDE: Space = MappingProxyType({"target": TARGETS, "certainty": CERTAINTY})
SYBIL: Space = MappingProxyType({**COLLUDE, "identities": Range(2, 6)})
TAMPER: Space = MappingProxyType({"target": TARGETS, "certainty": CERTAINTY})
INJECT: Space = MappingProxyType(
    {**COLLUDE, "payload": Choice(("ignore", "answer", "trust", "format"))}
)
BENIGN_WRAPPER: Space = MappingProxyType({**STUBBORN, "wrapping": Range(0, 120)})
CHAOS_SEEDING: Space = MappingProxyType(
    {**COLLUDE, "spread": Range(0.3, 1.0), "seeding_rounds": Range(1, 4)}
)
INFECT: Space = MappingProxyType({**COLLUDE, "payload": Choice(("repeat", "relay"))})
ADAPTIVE: Space = MappingProxyType(
    {
        "target": Choice(("most-flips", "best", "second-best")),
        "certainty": CERTAINTY,
        "least_flips": Range(0, 3),
        "stubbornness": STUBBORNNESS,
    }
)


def propose(
    space: Space, tried: Sequence[Trial], count: int, rng: np.random.Generator
) -> tuple[Parameters, ...]:
    """Return candidates worth trying next.

    Parameters
    ----------
    space : mapping of str to Range or Choice
        The parameters that are searched.
    tried : sequence of Trial
        What was tried so far.
    count : int
        How many at most; fewer where the space is nearly used up.
    rng : numpy.random.Generator
        For what is drawn.

    Returns
    -------
    tuple of mapping
        Distinct, and none that was tried; the attack's defaults come first of all.

    Notes
    -----
    Half of them are drawn evenly over the space, half change one or two parameters of the best
    trial so far: random search with local refinement, which needs no gradient and no model.
    """
    seen = {_identity(trial.parameters) for trial in tried}
    found: list[Parameters] = []
    if not seen:
        seen.add(_identity({}))
        found.append({})
    best = max(tried, key=lambda trial: trial.damage, default=None)
    for _ in range(DRAWS_PER_CANDIDATE * count):
        if len(found) >= count or not space:
            break
        local = best is not None and bool(best.parameters) and rng.random() < LOCAL_SHARE
        candidate = _changed(space, best.parameters, rng) if local and best else _drawn(space, rng)
        if _identity(candidate) not in seen:
            seen.add(_identity(candidate))
            found.append(candidate)
    return tuple(found[:count])


def best_response(
    space: Space,
    damage: Callable[[Parameters], float],
    budget: int,
    rng: np.random.Generator,
    batch: int = 1,
) -> tuple[Trial, ...]:
    """Search for the parameters that do most damage, within a budget of tries.

    Parameters
    ----------
    space : mapping of str to Range or Choice
        The parameters that are searched.
    damage : callable
        Takes parameters and returns what the attack did; higher is worse for the team.
    budget : int
        How many tries.
    rng : numpy.random.Generator
        For what is drawn.
    batch : int, default 1
        How many candidates are proposed at a time.

    Returns
    -------
    tuple of Trial
        All tries, the most damaging first, earlier ones first among equals.

    Examples
    --------
    >>> trials = best_response(
    ...     {"certainty": Range(0.5, 1.0)},
    ...     lambda given: -abs(float(given.get("certainty", 0.5)) - 0.8),
    ...     budget=60,
    ...     rng=np.random.default_rng(0),
    ... )
    >>> round(float(trials[0].parameters["certainty"]), 1)
    0.8
    """
    tried: list[Trial] = []
    while len(tried) < budget:
        candidates = propose(space, tried, min(batch, budget - len(tried)), rng)
        if not candidates:
            break
        tried += [Trial(candidate, damage(candidate)) for candidate in candidates]
    return tuple(sorted(tried, key=lambda trial: -trial.damage))


def _drawn(space: Space, rng: np.random.Generator) -> Parameters:
    return {name: _value(searched, rng) for name, searched in space.items()}


def _changed(space: Space, known: Parameters, rng: np.random.Generator) -> Parameters:
    names = list(space)
    size = int(rng.integers(1, min(2, len(names)) + 1))
    changed = dict(known)
    for at in rng.choice(len(names), size=size, replace=False):
        changed[names[at]] = _near(space[names[at]], known.get(names[at]), rng)
    return changed


def _value(searched: Range | Choice, rng: np.random.Generator) -> object:
    if isinstance(searched, Choice):
        return searched.options[int(rng.integers(len(searched.options)))]
    if isinstance(searched.low, int) and isinstance(searched.high, int):
        return int(rng.integers(searched.low, searched.high + 1))
    return round(float(rng.uniform(searched.low, searched.high)), 3)


def _near(searched: Range | Choice, known: object, rng: np.random.Generator) -> object:
    if isinstance(searched, Choice) or not isinstance(known, (int, float)):
        return _value(searched, rng)
    width = searched.high - searched.low
    moved = float(np.clip(known + rng.normal(0, STEP * width), searched.low, searched.high))
    whole = isinstance(searched.low, int) and isinstance(searched.high, int)
    return round(moved) if whole else round(moved, 3)


def _identity(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in parameters.items()))
