"""What defenses would have made of a log, in a sentence and as tables of 80 columns."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from fjsim.foreign_text import printable
from fjsim.judging import Judged, Judgement
from fjsim.metrics import Estimate
from fjsim.metrics.differences import Difference
from fjsim.report.caveat import CAVEAT

PLAIN: dict[str, Any] = {"box": SIMPLE_HEAD, "show_edge": False, "collapse_padding": True}
CHANCE = 0.5
NAME_WIDTH = 22
CALLED = {"answer": "answer unlike others'", "words": "words unlike others'", "both": "both"}
"""Scores that need no defense, as they stand in the table."""


def verdict(found: Judgement) -> str:
    """Return the sentence that stands first: which defense tells them apart best, at what price.

    Parameters
    ----------
    found : Judgement
    """
    known = {name: one for name, one in found.defenses.items() if one.detection.auc.value}
    if not known:
        return _price_alone(found)
    name = max(known, key=lambda key: known[key].detection.auc.value or 0.0)
    best = known[name].detection
    auc = best.auc
    told = "tells" if auc.low is not None and auc.low > CHANCE else "hardly tells"
    among = f"Of {len(found.defenses)} defenses, " if len(found.defenses) > 1 else ""
    sentence = (
        f"{among}{name} {told} hostile from benign speakers{' best' if among else ''}: AUC "
        f"{_short(auc)}, {_share(best.caught)} of the hostile ones cut{_since(found, name)}; "
        f"{_cost(known[name])}."
    )
    reference = found.reference.get("both") or found.reference.get("answer")
    if reference is not None and reference.value is not None:
        what = "answer and words" if "both" in found.reference else "answer"
        sentence += f" Round 0 alone ({what} unlike the others') gives {_short(reference)}."
    return sentence


def _since(found: Judgement, name: str) -> str:
    best = found[name].detection
    if best.items_before is None:
        return ""
    return (
        f", in round {_number(best.first_round.value)} on average and for the first time on item "
        f"{best.items_before + 1} of {found.n_items}"
    )


def _price_alone(found: Judgement) -> str:
    sizes = f"{_count(found.n_items, 'item')}, {_count(found.n_agents, 'seat')}"
    costs = [
        f"{name} cuts {_number(one.detection.false_cuts_per_clean_question.value)}"
        for name, one in found.defenses.items()
    ]
    return f"Nobody is known to be hostile in it ({sizes}); messages per item: {', '.join(costs)}."


def _cost(one: Judged) -> str:
    found = one.detection
    clean, attacked = found.false_cuts_per_clean_question, found.false_cuts_per_attacked_question
    if clean.value is not None:
        return f"{clean.value:.1f} benign messages cut per clean question"
    return f"{_number(attacked.value)} benign messages cut per question, none of which is clean"


def detection_table(found: Judgement) -> Table:
    """Return what each defense finds and whom it wrongs, with the scores that need none below.

    Parameters
    ----------
    found : Judgement
    """
    table = Table(
        title=f"whom they would have cut: mean gate below {found.threshold:g}",
        caption=_legend(found),
        title_justify="left",
        caption_justify="left",
        **PLAIN,
    )
    table.add_column("defense", overflow="fold", width=NAME_WIDTH)
    for heading in ("AUC ↑", "gate: hostile\nand benign", "cut ↑", "first\nround", "false\ncuts ↓"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in found.defenses.items():
        table.add_row(escape(printable(name)), *_cells(one))
    for name, estimate in found.reference.items():
        table.add_row(f"[dim]{CALLED[name]}[/]", _short(estimate), *[""] * 4)
    return table


def _cells(one: Judged) -> tuple[str, ...]:
    found = one.detection
    gates = found.gate_by_role
    hostile = [role for role in gates if role != "benign"]
    clean = found.false_cuts_per_clean_question.value
    attacked = found.false_cuts_per_attacked_question.value
    both = [gates[role].value for role in (*hostile[:1], "benign") if role in gates]
    return (
        _short(found.auc),
        "  ".join(map(_number, both)),
        _share(found.caught) if found.caught.value is not None else "",
        _number(found.first_round.value),
        f"{clean:.1f}" if clean is not None else f"{_number(attacked)}*",
    )


def _legend(found: Judgement) -> str:
    lines = [
        "AUC: chance that a hostile speaker's last gate is below a benign one's",
        "cut: share of hostile speakers cut in some round; first round: when, on average",
    ]
    clean = any(
        one.detection.false_cuts_per_clean_question.value is not None
        for one in found.defenses.values()
    )
    lines.append(
        f"false cuts: benign messages below {found.threshold:g} per clean question"
        if clean
        else "* benign messages below the threshold per attacked question: none is clean"
    )
    shown = "shown the keys that they ask for" if found.labels else "shown no keys"
    lines.append(f"defenses are {shown}; those with memory learn item by item")
    if found.simulated:
        lines.append(CAVEAT)
    return "\n".join(lines)


def told_again(found: Judgement) -> str:
    """Return what the second table is, and is not.

    Parameters
    ----------
    found : Judgement
    """
    made = next(one.counterfactual for one in found.defenses.values() if one.counterfactual)
    how = "chances of answers" if made.expected else "beliefs"
    return (
        f"Not observed: the last round as the law '{made.law}', fitted to the {made.fitted_on} "
        f"arm, gives it ({how}) under each defense's gates. Attack success was recorded as "
        f"{_percent(made.recorded)} %; the law gives {_percent(made.without)} % for the log's own "
        "gates."
    )


def told_table(found: Judgement) -> Table | None:
    """Return attack success under each defense by the fitted law; None where there is none.

    Parameters
    ----------
    found : Judgement
    """
    made = {name: one.counterfactual for name, one in found.defenses.items() if one.counterfactual}
    if not made:
        return None
    table = Table(**PLAIN)
    table.add_column("defense", overflow="fold", width=NAME_WIDTH)
    for heading in ("attack success\nby the law, % ↓", "minus the law's\nwithout it",
                    "minus what\nwas recorded"):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in made.items():
        cells = _percent(one.under), _points(one.change), _points(one.against_recorded)
        table.add_row(escape(printable(name)), *cells)
    return table


def _short(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "n/a"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _percent(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "n/a"
    value, low, high = (_digits(part) for part in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def _points(gap: Difference) -> str:
    if gap.value is None or gap.low is None or gap.high is None:
        return "n/a"
    value, low, high = (_digits(part, "+") for part in (gap.value, gap.low, gap.high))
    return f"{value} [{low}, {high}]"


def _digits(share: float, sign: str = "") -> str:
    percent = 100 * share
    return f"{percent:{sign}.0f}" if abs(percent) >= 9.95 else f"{percent:{sign}.1f}"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _share(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else f"{100 * estimate.value:.0f} %"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
