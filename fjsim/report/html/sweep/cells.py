"""What opens when a cell is clicked: all numbers of the setting, its worst questions, its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np

from fjsim.metrics import registered
from fjsim.report.html.blocks import said
from fjsim.report.html.svg import numbers
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.sweeps.changes import CHANGES, RATE
from fjsim.sweeps.groups import Group, tally_of

WORST = 3
"""Questions that an opened setting names."""


def settings_block(facts: SweepFacts) -> list[dict[str, Any]]:
    """Return every setting as plain values for the page.

    Parameters
    ----------
    facts : SweepFacts
    """
    return [_setting(facts, at) for at in range(len(facts.rows))]


def _setting(facts: SweepFacts, at: int) -> dict[str, Any]:
    page = facts.page(at)
    return {
        "name": said(facts.names[at], 300),
        "seeds": len(facts.settings[at].played),
        "folder": said(facts.place(at).as_posix(), 300),
        # A path that begins like this cannot be read as another scheme or host.
        "page": None if page is None else f"./{quote(page)}",
        "numbers": _numbers(facts, at),
        "worst": worst_questions(facts.settings[at]),
    }


def _numbers(facts: SweepFacts, at: int) -> list[list[str]]:
    titles = {
        name: metric.title for name, metric in registered().items() if metric.place == "summary"
    }
    titles |= {change.name: change.title for change in CHANGES}
    found = [(title, facts.estimate(at, name)) for name, title in titles.items()]
    return [[title, numbers(one)] for title, one in found if one.value is not None]


def worst_questions(group: Group) -> list[list[Any]]:
    """Return the questions on which most right agents of a setting ended wrong.

    Parameters
    ----------
    group : Group

    Returns
    -------
    list of [question, how many ended wrong, how many were right at first]
        At most three, without those on which nobody was lost; counted over seeds.
    """
    tally = tally_of(group.counts, RATE, group.main)
    if tally is None:
        return []
    asked = np.maximum(tally.denominator, 1e-12)
    order = np.lexsort((-tally.numerator, -tally.numerator / asked))
    return [
        [said(tally.questions[at], 80), int(tally.numerator[at]), int(tally.denominator[at])]
        for at in order[:WORST]
        if tally.numerator[at] > 0
    ]
