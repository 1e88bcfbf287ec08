"""``fjsim list``: what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from fjsim.cli.console import err, out, print_json
from fjsim.errors import ConfigError, nearest

if TYPE_CHECKING:
    from fjsim.registry import Entry

PLURALS = {
    "agents": "agent",
    "topologies": "topology",
    "routers": "router",
    "attacks": "attack",
    "defenses": "defense",
    "backends": "backend",
    "estimators": "estimator",
    "metrics": "metric",
}
METRICS = "metrics"
QUESTIONS = "questions"


def catalogue(
    kind: Annotated[
        str | None,
        typer.Argument(
            help=f"{', '.join(PLURALS)} or {QUESTIONS}; all without.", show_default=False
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Metrics alone: the table of docs/metrics.md.")
    ] = False,
) -> None:
    """List plug-ins, metrics and question sets, one line each, with their parameters.

    Example: which attacks are there, and what can be set

        fjsim list attacks
    """
    import fjsim.metrics  # noqa: F401  (registers its families, entry points or not)
    from fjsim.registry import broken_plugins, entries, in_order

    known = [*PLURALS, QUESTIONS]
    if kind is not None and kind not in known:
        raise ConfigError(
            f"nothing to list as '{kind}'; there are {', '.join(known)}{nearest(kind, known)}"
        )
    if markdown:
        _print_markdown(kind)
        return
    plurals = [kind] if kind else known
    found = {plural: entries(PLURALS[plural]) for plural in plurals if plural in PLURALS}
    if METRICS in found:
        found[METRICS] = in_order(PLURALS[METRICS])
    broken = broken_plugins()
    if json:
        listed: dict[str, Any] = {p: [_as_dict(e) for e in kept] for p, kept in found.items()}
        if QUESTIONS in plurals:
            listed[QUESTIONS] = _question_sets()
        print_json({**listed, "broken": broken})
        return
    for plural, kept in found.items():
        out.print(_metrics_table(kept) if plural == METRICS else _table(plural, kept))
    if QUESTIONS in plurals:
        out.print(_questions_table())
    for package, why in broken.items():
        warning = escape(f"plug-in package {package} does not load: {why}")
        err.print(f"[bold yellow]warning:[/] {warning}", soft_wrap=True)


def _print_markdown(kind: str | None) -> None:
    from fjsim.metrics.known import markdown, registered

    if kind != METRICS:
        raise ConfigError(f"--markdown is for metrics; got '{kind}'; write `fjsim list {METRICS}`")
    out.file.write(markdown(registered()))


def _as_dict(entry: Entry) -> dict[str, Any]:
    return {
        **(_of_metric(entry) if entry.kind == "metric" else {}),
        "name": entry.name,
        "summary": entry.summary,
        "package": entry.package,
        "third_party": entry.third_party,
        "parameters": [
            {"name": p.name, "type": p.type, "required": p.required, "default": _shown(p.default)}
            for p in entry.parameters
        ],
        **({"profiles": list(entry.profiles)} if entry.profiles else {}),
    }


def _of_metric(entry: Entry) -> dict[str, Any]:
    metric = entry.factory()
    return {
        "label": metric.label,
        "direction": metric.direction,
        "unit": metric.unit,
        "needs": metric.needs,
        "definition": metric.definition,
    }


def _metrics_table(kept: list[Entry]) -> Table:
    table = Table(title=METRICS, title_justify="left")
    for title in ("name", "in tables", "what it is"):
        table.add_column(title, no_wrap=title != "what it is")
    for entry in kept:
        name = f"{entry.name} ({entry.package})" if entry.third_party else entry.name
        metric = entry.factory()
        cells = (name, metric.title, entry.summary)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _shown(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _table(plural: str, kept: list[Entry]) -> Table:
    table = Table(title=plural, title_justify="left", show_lines=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it is")
    table.add_column("parameters")
    for entry in kept:
        name = f"{entry.name} ({entry.package})" if entry.third_party else entry.name
        parameters = ", ".join(
            p.name if p.required else f"{p.name}={_shown(p.default)}" for p in entry.parameters
        )
        if entry.profiles:
            parameters += f"; profile: {' or '.join(entry.profiles)}"
        table.add_row(escape(name), escape(entry.summary), escape(parameters))
    return table


def _question_sets() -> list[dict[str, Any]]:
    from fjsim.questions import BUILTIN_SETS, load_questions

    return [{"name": name, "questions": len(load_questions(name))} for name in BUILTIN_SETS]


def _questions_table() -> Table:
    table = Table(title=QUESTIONS, title_justify="left")
    table.add_column("name")
    table.add_column("questions", justify="right")
    for row in _question_sets():
        table.add_row(row["name"], str(row["questions"]))
    table.caption = "or a .jsonl or .csv file: id, question, options, answer"
    return table
