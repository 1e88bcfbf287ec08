"""The findings on influencers in words: who, why, and whether it pays."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from fjsim.ledger.ceiling import MISSES
from fjsim.ledger.gates import ONE_LAW
from fjsim.ledger.proxies import PROXIES

if TYPE_CHECKING:
    from fjsim.ledger.influencers import Influencers
    from fjsim.ledger.likeness import Likeness
    from fjsim.ledger.mixture import MixtureReport

MOST_AGENTS = 8
"""Agents that are listed one by one."""

MEANS = {
    "yes": "yes",
    "no": "no",
    "shared": "only through others",
}


def described(found: Influencers) -> tuple[str, ...]:
    """Return what was found, a line each; about fifteen for a team of five."""
    return (
        *_who(found),
        *_agents(found),
        *_why(found),
        *_pays(found.mixture),
        *(f"! {text}" for text in found.warnings),
    )


def _who(found: Influencers) -> Iterator[str]:
    mark = "simulated · " if found.simulated else ""
    title = f"{mark}who is listened to: {found.n_items} items, {found.n_agents} agents"
    yield f"{title} · {_varies(found)}"
    counted = []
    if found.items_left_out:
        counted.append(f"{found.items_left_out} items")
    if found.shares_left_out:
        counted.append(f"{found.shares_left_out} single shares")
    if counted:
        yield f"left out, as their beliefs do not determine influence: {' and '.join(counted)}"


def _varies(found: Influencers) -> str:
    facts = []
    if found.one_law is not None and found.one_law.p == found.one_law.p:
        sign = "<=" if found.one_law.holds is False else "="
        facts.append(f"p {sign} {found.one_law.p:.2g}")
    if found.top_changes is not None:
        facts.append(
            f"top seat changes in {found.top_changes.observed:.0%}, "
            f"one law gives {found.top_changes.null_mean:.0%}"
        )
    why = f" ({'; '.join(facts)})" if facts else ""
    if found.by_item:
        return f"influence differs by question{why}, gates from '{found.model}'"
    return f"{found.reason or ONE_LAW}{why}"


def _agents(found: Influencers) -> Iterator[str]:
    yield f"{'agent':<22}{'share of influence':<22}{'top seat in':<14}right when top"
    mixed = found.agents["persona"].nunique() > 1
    for row in found.agents.head(MOST_AGENTS).to_dict("records"):
        name = f"{row['agent']} ({row['persona']})" if mixed else str(row["agent"])
        share = f"{row['share']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        right = _percent(row["right_when_top"])
        yield f"{name:<22}{share:<22}{_percent(row['top']):<14}{right}"
    if len(found.agents) > MOST_AGENTS:
        yield f"and {len(found.agents) - MOST_AGENTS} more, with --full"


def _percent(value: float) -> str:
    return "n/a" if value != value else f"{value:.0%}"


def _why(found: Influencers) -> Iterator[str]:
    if not found.by_item:
        return
    if not len(found.why):
        yield "why: too few items determine influence to ask"
        return
    yield "why (within a question, influence per s.d.; 0 is chance)"
    rows = found.why.set_index("proxy").to_dict("index")
    for name in PROXIES:
        if name in rows:
            yield f"  {name:<26}{_effect(rows[name])}"
        else:
            yield f"  {name:<26}{found.absent.get(name, 'not recorded')}"
    yield from _alike(found.likeness)
    if found.seat.share == found.seat.share:
        who = "seat and its persona" if found.agents["persona"].nunique() > 1 else "seat"
        yield f"  {who:<26}{found.seat.share:.0%} of the variance, p {found.seat.p:.3g}"
    yield _forest(found)
    if found.mixture is not None:
        auc = found.mixture.ranking.iloc[0]
        yield (
            f"right agents outrank wrong ones: {auc['auc']:.2f} [{auc['low']:.2f}, "
            f"{auc['high']:.2f}]  (0.5 is chance)"
        )
    if found.stubbornness is not None:
        beside = found.stubbornness
        yield (
            f"influence goes with stubbornness by {beside.observed:.2f}; one law alone gives "
            f"{beside.null_mean:.2f} [{beside.null_low:.2f}, {beside.null_high:.2f}]"
        )


def _alike(alike: Likeness | None) -> Iterator[str]:
    """Say which proxies this team does not tell apart."""
    if alike is None:
        return
    condition = "infinite" if alike.condition == inf else f"{alike.condition:.0f}"
    for names, least in alike.groups:
        yield (
            f"  cannot be told apart here: {_listed(names)} (correlation >= {floored(least)}, "
            f"condition number {condition})"
        )


def _listed(names: tuple[str, ...]) -> str:
    """Name proxies; what all names end with is said once."""
    ends = {name.rpartition(" ")[2] for name in names}
    if len(ends) > 1:
        return ", ".join(names)
    return f"{', '.join(name.rpartition(' ')[0] for name in names)} {ends.pop()}"


def floored(correlation: float) -> str:
    """Return a correlation with two digits, never rounded up to 1."""
    return f"{int(correlation * 100 + 1e-9) / 100:.2f}"


def _effect(row: dict[Any, Any]) -> str:
    text = f"{row['single']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]  "
    word = MEANS.get(row["verdict"], row["verdict"])
    beside = "" if row["joint"] != row["joint"] else f"  jointly {row['joint']:+.3f}"
    return f"{text}{word}{beside}"


def _forest(found: Influencers) -> str:
    assert found.forest is not None, "gates that differ by item have a forest"
    limit = (
        "n/a"
        if found.ceiling.r2 != found.ceiling.r2
        else f"{found.ceiling.r2:.2f} (known to ±{MISSES:g})"
    )
    hit, chance = found.forest.top1.value, found.forest.chance
    return (
        f"forest explains {found.forest.r2.value:.2f} of at most {limit}; names the top seat in "
        f"{_percent(hit)} (chance {chance:.0%})"
    )


def _pays(mixture: MixtureReport | None) -> Iterator[str]:
    if mixture is None:
        yield "does it pay? n/a: no question has a key"
        return
    pairs = mixture.pairs.set_index("against")
    actual = pairs[pairs["rule"] == "actual deliberation"]
    yield (
        "does it pay? Brier risk of deliberation minus that of best static weights "
        f"{_loss(actual.loc['best static weights'])}, best single agent "
        f"{_loss(actual.loc['best single agent'])}, majority vote "
        f"{_loss(actual.loc['majority vote'])}"
    )
    parts = mixture.sources.set_index("part")
    yield (
        f"  of the gain over a uniform vote {_gain(parts.loc['all'])}: who hears whom by question "
        f"{_gain(parts.loc['routing'])}, reading answers in place of beliefs "
        f"{_gain(parts.loc['sharpening'])}"
    )
    words = {1: "holds", 0: "not shown", -1: "does not hold"}
    signs = ", ".join(
        f"{row['theorem'].split()[-1]} {words[row['sign']]}"
        for row in mixture.signs.to_dict("records")
    )
    yield f"  theorems, claimed only where routing itself gains: {signs}"


def _loss(row: Any) -> str:
    return f"{-row['value']:+.3f} [{-row['high']:+.3f}, {-row['low']:+.3f}]"


def _gain(row: Any) -> str:
    return f"{row['value']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
