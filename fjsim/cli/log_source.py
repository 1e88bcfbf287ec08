"""What `fit` and `import` read: a run folder or somebody's log, and how it was understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rich.markup import escape
from rich.table import Table

from fjsim.cli.console import err, out
from fjsim.errors import ConfigError
from fjsim.foreign_text import printable

if TYPE_CHECKING:
    from fjsim.metrics import Estimate
    from fjsim.metrics.attacked_log import AttackedLog
    from fjsim.records.importers.imported import ImportedLog, Target
    from fjsim.records.transcript import Transcript

TARGETS = ("belief", "opinion", "answer")
FORMAT_HELP = "auto, long, stubborn-neighbors, inspect or g-safeguard."
OPINIONS_HELP = "Unit of opinions: bounded:LOW:HIGH, log or standardised; inferred without."
MAP_HELP = "THEIRS=OURS, a column of a long log; repeatable."


@dataclass(frozen=True)
class GivenLog:
    """A transcript to fit, and what stands beside it.

    Parameters
    ----------
    transcript : Transcript
    notes : tuple of str
        What was inferred in reading.
    attacked, clean : Transcript or None
        The arms of an attacked log; None for a run of ours and for a log without an attack.
    """

    transcript: Transcript
    notes: tuple[str, ...] = ()
    attacked: Transcript | None = None
    clean: Transcript | None = None

    def attack(self, seed: int = 0) -> AttackedLog | None:
        """Measure the attack; None without one."""
        from fjsim.metrics.attacked_log import attacked_log

        return None if self.attacked is None else attacked_log(self.attacked, self.clean, seed)


def read_source(
    source: Path,
    format: str = "auto",
    arm: str | None = None,
    target: str | None = None,
    opinions: str | None = None,
    names: Sequence[str] = (),
) -> GivenLog:
    """Read a run folder or a foreign log.

    Parameters
    ----------
    source : Path
        A run folder, a log file, or a folder of belief CSVs.
    format : str
        Format of the log.
    arm : {'clean', 'attacked'}, optional
        Default the clean one, or the only one.
    target : {'belief', 'opinion', 'answer'}, optional
        What is fitted of a long log.
    opinions : str, optional
        Unit of its opinions.
    names : sequence of str
        ``THEIRS=OURS``, for its columns.
    """
    if (source / "events.jsonl").is_file():
        return _run_folder(source, arm)
    log = read_foreign(source, format, target, opinions, names)
    attacked = log.transcript if log.transcript.hostile.any() else None
    return GivenLog(log.arm(arm), log.warnings, attacked, log.clean)


def _run_folder(source: Path, arm: str | None) -> GivenLog:
    """Read a run folder; an imported one may hold an attack of its own."""
    from fjsim.arms import chosen_arm
    from fjsim.runs import load_run

    run = load_run(source)
    chosen = run.arms[chosen_arm(tuple(run.arms), arm, source, undisturbed=True)]
    if not run.contents.known_header.imported:
        return GivenLog(chosen)
    return GivenLog(chosen, (), run.arms.get("attacked"), run.arms.get("clean"))


def read_foreign(
    source: Path,
    format: str,
    target: str | None,
    opinions: str | None,
    names: Sequence[str],
) -> ImportedLog:
    """Read a foreign log; parameters as in `read_source`."""
    from fjsim.records.importers import read_log

    if target is not None and target not in TARGETS:
        raise ConfigError(f"--target is '{target}'; give {', '.join(TARGETS)}")
    return read_log(
        source,
        format,
        target=cast("Target | None", target),
        opinions=opinions,
        map=column_names(names),
    )


def column_names(given: Sequence[str]) -> dict[str, str]:
    """Read ``THEIRS=OURS`` entries of ``--map``.

    Raises
    ------
    ConfigError
        For an entry without both names, or a column that is named twice.
    """
    names: dict[str, str] = {}
    for entry in given:
        theirs, _, ours = entry.rpartition("=")
        if not (theirs.strip() and ours.strip()):
            raise ConfigError(f"--map is '{entry}'; give THEIRS=OURS, for example topic=item_id")
        if theirs.strip() in names:
            raise ConfigError(f"--map names '{theirs.strip()}' twice; give each column once")
        names[theirs.strip()] = ours.strip()
    return names


def unit_of(scale: str | None, opinions: str | None) -> str | None:
    """Return the unit asked for; ``--scale LOW:HIGH`` is ``--opinions bounded:LOW:HIGH``.

    Raises
    ------
    ConfigError
        If both are given, or the scale is none.
    """
    if scale is None:
        return opinions
    if opinions is not None:
        raise ConfigError("--scale and --opinions both say the unit; give one of them")
    from fjsim.records.importers.opinions import parse_opinions

    try:
        parse_opinions(f"bounded:{scale}")
    except ConfigError as error:
        raise ConfigError(
            f"--scale is '{scale}'; give LOW:HIGH with LOW below HIGH, for example 0:100"
        ) from error
    return f"bounded:{scale}"


def understood(log: ImportedLog) -> dict[str, Any]:
    """Return what a log was understood to be as plain values."""
    transcript = log.transcript
    return {
        "rows": log.n_rows,
        "n_items": transcript.n_items,
        "n_agents": transcript.n_agents,
        "n_rounds": transcript.n_rounds,
        "target": log.target,
        "unit": None if transcript.unit is None else transcript.unit.name,
        "agents": list(transcript.agents),
        "warnings": list(log.warnings),
        "dropped": dict(log.dropped),
    }


def print_understood(log: ImportedLog) -> None:
    """Print what a log was understood to be, and what of it is not used."""
    transcript = log.transcript
    facts = [
        f"{log.n_rows} rows, {transcript.n_items} items, {transcript.n_agents} agents, "
        f"{transcript.n_rounds} rounds; fitted: {log.target}"
    ]
    if transcript.unit is not None:
        facts.append(f"unit of the opinions: {transcript.unit.name}")
    if log.clean is not None:
        facts.append(f"arms: {transcript.n_items} attacked items, {log.clean.n_items} clean ones")
    for text in facts:
        out.print(escape(printable(text)))
    for reason, count in log.dropped.items():
        out.print(escape(printable(f"{count} {reason}")))
    for text in log.warnings:
        err.print(f"[yellow]![/] {escape(printable(text))}")


LABELS = {
    "attack_success_rate": "attack success",
    "targeted_attack_success_rate": "success at the target",
    "no_attack_flip_rate": "flips without attack",
    "flips_from_first": "flips to the target",
    "flips_observed": "flips against the clean arm",
    "takeover_observed": "takeover",
    "displacement": "displacement",
    "accuracy_initial": "accuracy at round 0",
    "accuracy_final": "accuracy at the end",
}


def print_attack(found: AttackedLog | None) -> None:
    """Print what an attack did, where there was one."""
    if found is None:
        return
    who = ", ".join(f"{count} {role or 'without a role'}" for role, count in found.roles.items())
    title = f"the attack: agents of all items are {who}; counted over the benign ones"
    out.print(escape(printable(title)))
    table = Table("measure", "share", "cases")
    for name, label in LABELS.items():
        estimate = found.estimates.get(name)
        if estimate is not None and estimate.value is not None:
            table.add_row(label, estimate.text, _cases(name, estimate))
    for dose in found.doses:
        label = f"  attention on hostile {_class(dose.above, dose.to)}"
        table.add_row(label, dose.success.text, _cases("", dose.success))
    table.add_row("  rise from none to all", found.slope.text, str(found.slope.n))
    out.print(table)


def _cases(name: str, estimate: Estimate) -> str:
    """Return ``51 of 790``, or only how many cases there are where beliefs are summed."""
    if estimate.value is None or name in ("takeover_observed", "displacement"):
        return str(estimate.n)
    return f"{round(estimate.value * estimate.n)} of {estimate.n}"


def _class(above: float, to: float) -> str:
    return "0" if to == 0 else f"{above:g} to {to:g}"
