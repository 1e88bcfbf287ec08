"""The page of who becomes an influencer in one deliberation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fjsim.metrics import Estimate
from fjsim.report.html.document import (
    Section,
    document,
    lines,
    paragraph,
    table,
)
from fjsim.report.html.effects import Effect, effects, shown
from fjsim.report.html.ladder import pays
from fjsim.report.html.shares import MOST_QUESTIONS, QuestionShares, strips
from fjsim.report.html.svg import short

Values = Mapping[str, Any]

ALIKE = 0.8
"""Correlation of proxies from which a reader is told."""
LEGEND = "Marks are estimates, whiskers 95 % intervals over questions."


def team_page(name: str, values: Values) -> str:
    """Return the page of one deliberation.

    Parameters
    ----------
    name : str
        Plain text.
    values : mapping
        As `fjsim.ledger.influencers.Influencers.as_json` gives them, from a file.
    """
    counts = f"{values['n_items']} items, {values['n_agents']} agents"
    notes = [
        f"Who becomes an influencer: {counts}. An influence share is the weight of an agent's "
        f"initial belief in what the team believes at the end, from 0 to 1. {LEGEND}"
    ]
    simulated = bool(values["simulated"])
    return document(f"influencers · {name}", simulated, notes, sections_of(values))


def sections_of(values: Values) -> list[Section]:
    """Return what is said of one deliberation, section by section; the lines come first.

    Parameters
    ----------
    values : mapping
        As `fjsim.ledger.influencers.Influencers.as_json` gives them, from a file.
    """
    tables = values["tables"]
    found = [
        Section("In short", (lines(values["lines"]),)),
        Section("Who is listened to", _who(values)),
        Section("What influence goes with", _why(values)),
        Section("What a forest explains", _forest(values)),
        Section("Does it pay?", pays(tables)),
        Section("How well the fit predicts", _quality(tables.get("quality", []))),
        Section("What a reader must know", tuple(map(paragraph, values["warnings"]))),
    ]
    return [section for section in found if section.parts]


def estimate(row: Values, value: str, low: str = "low", high: str = "high") -> Estimate:
    """Return an estimate from the columns of a row."""
    return Estimate(row[value], row[low], row[high], 0)


def _who(values: Values) -> tuple[str, ...]:
    agents = values["tables"]["agents"]
    names = [str(row["agent"]) for row in agents]
    personas = len({row["persona"] for row in agents}) > 1
    even = 1 / max(len(agents), 1)
    rows = [
        Effect(_named(row) if personas else str(row["agent"]), (estimate(row, "share"),))
        for row in agents
    ]
    shares = effects(
        f"Mean influence share of each agent; the line is an even share, {even:.2f}",
        ("share",), rows, even, "agent",
    )  # fmt: skip
    drawn = [shares]
    if values["by_item"]:
        questions = _by_question(values["tables"]["gates"], names)
        drawn.append(strips("Influence share by question and agent", names, questions))
        if len(questions) > MOST_QUESTIONS:
            note = f"Drawn are the first {MOST_QUESTIONS} of {len(questions)} questions."
            drawn.append(paragraph(note, "note"))
    heads = ("agent", "persona", "influence share", "top seat in", "right when top")
    cells = [
        (
            row["agent"], row["persona"] or "none", _between(row, "share"),
            _share(row["top"]), _share(row["right_when_top"]),
        )
        for row in agents
    ]  # fmt: skip
    words = "Shares of items: how often an agent has the most influence, and is right then"
    return f'<div class="charts">{"".join(drawn)}</div>', table(heads, cells, words, "agents")


def _named(row: Values) -> str:
    return f"{row['agent']} · {row['persona']}"


def _by_question(gates: Sequence[Values], names: Sequence[str]) -> list[QuestionShares]:
    """Average the replicas of each question; shares that are not determined do not count."""
    places = {name: at for at, name in enumerate(names)}
    found: dict[str, list[list[float]]] = {}
    for row in gates:
        seats = found.setdefault(str(row["question"]), [[] for _ in names])
        if row["determined"] and row["influence"] is not None:
            seats[places[str(row["agent"])]].append(float(row["influence"]))
    return [
        QuestionShares(name, tuple(sum(seat) / len(seat) if seat else None for seat in seats))
        for name, seats in found.items()
    ]


def _why(values: Values) -> tuple[str, ...]:
    rows = values["tables"].get("why", [])
    if not rows:
        return ()
    drawn = effects(
        "Change of the influence share per standard deviation of a proxy, within a question",
        ("alone", "beside the others"),
        [
            Effect(
                str(row["proxy"]),
                (estimate(row, "single"), estimate(row, "joint", "joint_low", "joint_high")),
            )
            for row in rows
        ],
        heads="proxy",
    )
    cells = [
        (
            row["proxy"], _between(row, "single"), _p(row["p_holm"]),
            _between(row, "joint", "joint_low", "joint_high"), _p(row["joint_p_holm"]),
            {"shared": "only through others"}.get(row["verdict"], row["verdict"]),
        )
        for row in rows
    ]  # fmt: skip
    heads = ("proxy", "alone", "p (Holm)", "beside the others", "p (Holm) beside", "holds")
    absent = [f"{name}: {why}." for name, why in values["absent"].items()]
    return (
        paragraph(
            "Filled: the proxy alone; hollow: all proxies in one regression. 0 is chance. "
            "'as NAME' is the same column within a question, so that only one of them can stand in "
            "the joint regression.", "note",
        ),
        drawn,
        table(heads, cells, "Influence share per standard deviation of the proxy", "proxies"),
        *(paragraph(line, "note") for line in (*absent, _seat(values["seat"]))),
        *_alike(values),
    )  # fmt: skip


def _seat(seat: Values) -> str:
    if seat["share"] is None:
        return "Whether a seat leads by itself is not known: shares do not vary."
    return f"Seat: {seat['share']:.0%} of the variance within items, p {_p(seat['p'])}."


def _alike(values: Values) -> tuple[str, ...]:
    """Return which proxies this team does not tell apart, with their correlations."""
    pairs = values["tables"].get("likeness", [])
    close = [row for row in pairs if abs(row["correlation"]) > ALIKE]
    if not close:
        return ()
    condition = values.get("condition")
    size = "infinite" if condition is None else f"{condition:.0f}"
    words = (
        "These are hard to tell apart here: their effects beside each other are as uncertain as "
        f"they are alike. Condition number of all proxies: {size}; it is 1 where they have nothing "
        "in common."
    )
    rows = [(row["proxy"], row["other"], f"{row['correlation']:.3f}") for row in close]
    heads = ("proxy", "nearly the same as", "correlation within a question")
    return paragraph(words, "note"), table(heads, rows, name="alike")


def _forest(values: Values) -> tuple[str, ...]:
    forest = values.get("forest")
    if not forest:
        return ()
    limit = values["ceiling"]
    none = Estimate(None, None, None, 0)
    top = none if limit["r2"] is None else estimate(limit, "r2")
    rows = [
        Effect("all proxies", (estimate(forest["r2"], "value"),)),
        Effect("noise ceiling", (top,), "limit"),
        *(
            Effect(f"without {row['proxy']}", (estimate(row, "importance"),), "second")
            for row in values["tables"].get("importances", [])
        ),
    ]
    drawn = effects(
        "Explained share of the variance of influence within items, out of sample", ("r2",), rows,
        heads="what",
    )  # fmt: skip
    hit = forest["top1"]
    words = (
        "Hollow: by how much less is explained where the proxy is exchanged between questions. "
        f"The forest names the top seat in {_share(hit['value'])} of the items; chance is "
        f"{_share(forest['chance'])}. The ceiling is n/a where shares are not fitted item by item."
    )
    return paragraph(words, "note"), drawn


def _quality(rows: Sequence[Values]) -> tuple[str, ...]:
    heads = ("model", "sample", "half squared error", "divergence, nats", "skill", "turns")
    cells = [
        (row["model"], row["sample"], *map(short, (row["mse"], row["kl"], row["skill"])),
         row["n_turns"])
        for row in rows
    ]  # fmt: skip
    words = "Skill: share of the error of no change that the fit takes away; 1 is all of it"
    return (table(heads, cells, words, "quality"),) if cells else ()


def _between(row: Values, value: str, low: str = "low", high: str = "high") -> str:
    return shown(row[value], row[low], row[high])


def _share(value: Any) -> str:
    return "n/a" if value is None else f"{value:.0%}".replace("%", " %")


def _p(value: Any) -> str:
    return "n/a" if value is None else f"{value:.3f}"
