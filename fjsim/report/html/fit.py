"""The page of a fit, and of an imported log, which is fitted for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fjsim.arms import undisturbed_arm
from fjsim.errors import FjsimError, StorageError
from fjsim.fitting import fit
from fjsim.fitting.findings.protocols import PROTOCOLS
from fjsim.ledger.mixture import mixture_ledger
from fjsim.metrics import Estimate
from fjsim.metrics.attacked_log import attacked_log
from fjsim.report.html.document import FIT, Section, document, paragraph, table
from fjsim.report.html.figures import Curve, agreement_figure, curves_figure
from fjsim.report.paths import fit_paths
from fjsim.runs import Run
from fjsim.runs.folder import own_text
from fjsim.serial.json import plain, read

INTERVALS = "95 % intervals, bootstrap over questions; n/a where the log does not determine it."
BELIEFS = "probability"
"""The unit of beliefs, of which nothing has to be said."""

MOST_ROWS = 200
"""Rows of one table; a crowd has more seats than anybody reads."""

Values = Mapping[str, Any]


def fit_page(folder: Path) -> str:
    """Return the HTML page of the folder that ``fjsim fit --out`` wrote.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    StorageError
        If its ``fit.json`` cannot be read, or is none of ours.
    """
    path = folder / FIT
    try:
        values = read(own_text(path))
        return summary_page(folder.name, values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise StorageError(
            f"{path}: is not what fjsim fit --out writes ({type(error).__name__}); run it again"
        ) from error


def imported_page(run: Run, folder: Path) -> str:
    """Return the HTML page of an imported log: what `fjsim fit` says of it.

    Parameters
    ----------
    run : Run
        As read from its folder.
    folder : Path
        What ``fjsim import`` wrote.

    Raises
    ------
    StorageError
        If nothing of it is there.
    """
    if not run.arms:
        raise StorageError(f"{folder}: no item of this log is whole; import it again")
    transcript = run.arms[undisturbed_arm(run.arms)]
    result = fit(transcript, "auto", compare=True)
    attacked = run.arms.get("attacked")
    found = None if attacked is None else attacked_log(attacked, run.arms.get("clean"))
    try:
        ledger = mixture_ledger(transcript, result).ledger.to_dict("records")
    except FjsimError:
        ledger = None
    values = {
        **result.as_json(),
        "ledger": ledger,
        "attack": None if found is None else found.as_json(),
        "paths": fit_paths(transcript, result).as_json(),
        "unit": None if transcript.unit is None else transcript.unit.name,
    }
    return summary_page(folder.name, plain(values))


def summary_page(title: str, values: Values) -> str:
    """Return the page of what `fjsim fit --json` says.

    Parameters
    ----------
    title : str
    values : mapping
        Its contents come from a file, and are shown as text only.
    """
    sections = [
        Section("In words", tuple(map(paragraph, (values.get("verdict") or ())[1:]))),
        Section("Parameters", _parameters(values)),
        Section("Observed against predicted", _figures(values)),
        Section("Held out", _comparison(values)),
        Section("The attack", _attack(values)),
        Section("Mixture of experts", _ledger(values)),
        Section("What a reader must know", tuple(map(paragraph, values["warnings"]))),
    ]
    unit = values.get("unit") or BELIEFS
    unit = "" if unit == BELIEFS else f"; opinions are measured in {unit}"
    notes = [
        f"FJ fit '{values['model']}': {values['n_items']} items, {values['n_agents']} agents, "
        f"{values['n_rounds']} rounds, {values['n_turns']} turns{unit}.",
        f"One-step error {_number(values['one_step_mse'])} in sample; no change "
        f"{_number(values['persistence_mse'])}. {INTERVALS}",
    ]
    kept = [section for section in sections if section.parts]
    return document(title, bool(values["simulated"]), notes, kept)


def _parameters(values: Values) -> tuple[str, ...]:
    own, ends = values["parameters"], values["intervals"] or {}
    known = {
        "stubbornness": own["stubbornness"],
        "self_weight": own["self_weight"],
        "influence_shares": values["influence_shares"],
    }
    rows = [
        (name, *(_between(of[seat], ends.get(part), seat) for part, of in known.items()))
        for seat, name in enumerate(values["agents"][:MOST_ROWS])
    ]
    if len(rows) > 1 and len({row[1:] for row in rows}) == 1:
        rows = [(f"all {len(values['agents'])}", *rows[0][1:])]
    parts = [table(("seat", "stubbornness", "self-weight", "influence share"), rows)]
    parts += _population(values)
    roles = values.get("roles") or {}
    if roles:
        weights = [
            (name, _interval(one["weight"], one["low"], one["high"])) for name, one in roles.items()
        ]
        parts.append(paragraph("Weight of a speaker per unit of attention, by role:"))
        parts.append(table(("role", "weight"), weights))
    return tuple(parts)


def _population(values: Values) -> list[str]:
    """Return mean and spread over items and agents, where the law varies."""
    found = values.get("population")
    if not found:
        return []
    rows = []
    for name, title in (("stubbornness", "stubbornness"), ("self_weight", "self-weight")):
        one = found[name]
        mean = _interval(one["mean"], one["low"], one["high"])
        spread = _interval(one["spread"], one["spread_low"], one["spread_high"])
        rows.append((title, mean, spread))
    words = "The population of laws, one per item and agent:"
    return [paragraph(words), table(("parameter", "mean", "standard deviation"), rows)]


def _between(value: Any, ends: Any, seat: int) -> str:
    low, high = (None, None) if ends is None else (ends[0][seat], ends[1][seat])
    return _interval(value, low, high)


def _interval(value: Any, low: Any, high: Any) -> str:
    if value is None or low is None or high is None:
        return _number(value)
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _number(value: Any) -> str:
    return "n/a" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _estimate(given: Values) -> Estimate:
    return Estimate(given["value"], given["low"], given["high"], int(given["n"]))


def _figures(values: Values) -> tuple[str, ...]:
    told = values.get("paths")
    if not told:
        text = "The folder holds no paths; fjsim fit --out writes them now."
        return (paragraph(text, "note"),)
    figures: list[str] = []
    for of in dict.fromkeys(path["of"] for path in told["paths"]):
        curves = [
            Curve(path["name"], tuple(range(len(path["rounds"]))),
                  tuple(map(_estimate, path["rounds"])))
            for path in told["paths"] if path["of"] == of
        ]  # fmt: skip
        figures.append(curves_figure(f"Mean belief in {of}", curves, y_title="belief"))
    bins = {
        f"class {number}": (_estimate(one["predicted"]), _estimate(one["observed"]))
        for number, one in enumerate(told["bins"], start=1)
    }
    figures.append(agreement_figure("One step ahead, in classes of predicted belief", bins))
    return (f'<div class="charts">{"".join(figures)}</div>',)


def _comparison(values: Values) -> tuple[str, ...]:
    headers = ("model", "error", "skill against no change", "top-1", "Brier")
    of_protocol: dict[str, list[tuple[str, ...]]] = {}
    for row in values["comparison"][:MOST_ROWS]:
        rows = of_protocol.setdefault(row["protocol"], [])
        rows.append(
            (
                row["model"] if rows else f"★ {row['model']}",
                _number(row["one_step_mse"]),
                _interval(row["skill"], row["low"], row["high"]),
                _number(row["top1"]),
                _number(row["brier"]),
            )
        )
    parts: list[str] = []
    for protocol, rows in of_protocol.items():
        told = PROTOCOLS.get(protocol, "")
        parts.append(paragraph(f"{protocol}: {told}" if told else protocol))
        parts.append(table(headers, rows))
    return tuple(parts)


def _attack(values: Values) -> tuple[str, ...]:
    found = values.get("attack")
    if not found:
        return ()
    rows = [
        (name.replace("_", " "), _estimate(one).text, one["n"])
        for name, one in found.items()
        if isinstance(one, dict) and set(one) == {"value", "low", "high", "n"}
    ]
    who = ", ".join(f"{count} {role or 'without a role'}" for role, count in found["roles"].items())
    note = f"Agents of all items are {who}; counted over the benign ones."
    return paragraph(note, "note"), table(("measure", "share", "n"), rows)


def _ledger(values: Values) -> tuple[str, ...]:
    rows = [
        (row["rule"], _interval(row["risk"], row["low"], row["high"]), _number(row["accuracy"]))
        for row in (values.get("ledger") or ())[:MOST_ROWS]
    ]
    note = paragraph("Risk of each way to pool the seats' beliefs; lower is better.", "note")
    return (note, table(("rule", "risk", "accuracy"), rows)) if rows else ()
