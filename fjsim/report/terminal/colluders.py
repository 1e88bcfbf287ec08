"""What can be promised against colluders, in sentences and tables of 80 columns."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from fjsim.dynamics.attacked.promises import STRUCK, Promises
from fjsim.metrics.casting import MeasuredCasting


def promises_lines(found: Promises) -> list[str]:
    """Say in words what can be promised.

    Parameters
    ----------
    found : Promises
    """
    crowd = found.crowd
    by_votes = {one.n_votes: one.bound for one in found.own_bounds}
    return [
        f"{crowd.n_colluders} of {crowd.n_agents} agents collude; the others are right alone "
        f"{_share(crowd.competence)} of the time, and {_share(crowd.shared_distractor)} of their "
        "wrong answers fall on one option.",
        f"Undefended, on a complete graph and without an attack, they are right "
        f"{_share(found.undefended)} of the time; the best rule that reads their votes would be "
        f"right {_share(found.ideal)} of the time.",
        "Attack success that cannot be exceeded, over all questions:",
        f"  with the ballot alone {_share(found.lead.unprotected)}, with one casting vote "
        f"{_share(by_votes[1])}, with two {_share(by_votes[2])}.",
        _price(found),
    ]


def _price(found: Promises) -> str:
    if found.loss_for_strikes <= 0:
        return f"A rule that holds every strike below {_share(STRUCK)} need not cost anything."
    return (
        f"A rule without labels that holds every strike below {_share(STRUCK)} costs at least "
        f"{_share(found.loss_for_strikes)} of the accuracy."
    )


def floors_table(found: Promises) -> Table:
    """Return what no rule without labels or calls can beat, by the accuracy that it loses."""
    table = Table(title="what no rule that reads votes alone can beat")
    table.add_column("accuracy lost", justify="right")
    table.add_column("attack success, all questions", justify="right")
    table.add_column("worst close question", justify="right")
    for floor in found.floors:
        table.add_row(_share(floor.loss), _share(floor.stealth), _share(floor.strike))
    return table


def bounds_table(found: Promises) -> Table:
    """Return what casting votes promise, by competence and number of colluders."""
    competences = sorted({one.competence for one in found.bounds})
    table = Table(
        title=f"attack success of {found.crowd.n_agents} agents at most, by how often agents and "
        "voters are right alone"
    )
    table.add_column("casting votes", justify="right")
    table.add_column("colluders", justify="right")
    for competence in competences:
        table.add_column(f"{competence:g}", justify="right")
    cells = {(one.n_votes, one.n_colluders, one.competence): one.bound for one in found.bounds}
    for n_votes, n_colluders in sorted({key[:2] for key in cells}):
        row = [_share(cells[n_votes, n_colluders, competence]) for competence in competences]
        table.add_row(str(n_votes), str(n_colluders), *row)
    return table


def promises_json(found: Promises) -> dict[str, Any]:
    """Return the promises under the names of the command's JSON contract.

    Parameters
    ----------
    found : Promises
    """
    crowd = found.crowd
    return {
        "agents": crowd.n_agents,
        "colluders": crowd.n_colluders,
        "competence": crowd.competence,
        "options": crowd.n_options,
        "shared_distractor": crowd.shared_distractor,
        "undefended_accuracy": found.undefended,
        "ideal_accuracy": found.ideal,
        "floors": [
            {"loss": one.loss, "all_questions": one.stealth, "worst_close_question": one.strike}
            for one in found.floors
        ],
        "loss_for_strikes_below_quarter": found.loss_for_strikes,
        "ballot_bound": found.lead.unprotected,
        "casting_bounds": [
            {
                "votes": one.n_votes,
                "colluders": one.n_colluders,
                "competence": one.competence,
                "bound": one.bound,
            }
            for one in found.bounds
        ],
    }


def casting_lines(found: MeasuredCasting) -> list[str]:
    """Say in words what casting votes were worth.

    Parameters
    ----------
    found : MeasuredCasting
    """
    n_votes = len(found.failures)
    bounds = "; ".join(
        f"with {n} casting vote{'s' if n > 1 else ''} {bound.text}"
        for n, bound in sorted(found.bounds.items())
    )
    warnings = [
        f"Only {found.n_close} questions had a close vote: measure more before you rely on this."
    ] * (found.n_close < 30)
    return [
        f"A casting vote is right on {found.right.text} of the close votes ({found.n_close} of "
        f"{found.n_items} questions, {n_votes} votes each).",
        f"More of them name a wrong option than the right one on {found.failures[0].text}.",
        f"With {found.n_colluders} colluders in this team, attack success over all questions "
        "cannot exceed:",
        f"  with the ballot alone {found.unprotected.text}; {bounds}.",
        *warnings,
    ]


def casting_json(found: MeasuredCasting) -> dict[str, Any]:
    """Return what was measured under the names of the command's JSON contract.

    Parameters
    ----------
    found : MeasuredCasting
    """
    return {
        "right": found.right.as_dict(),
        "failures": [one.as_dict() for one in found.failures],
        "ballot_bound": found.unprotected.as_dict(),
        "casting_bounds": {str(n): bound.as_dict() for n, bound in found.bounds.items()},
        "colluders": found.n_colluders,
        "close": found.n_close,
        "questions": found.n_items,
    }


def _share(value: float | None) -> str:
    return "none is so accurate" if value is None else f"{value:.3f}"
