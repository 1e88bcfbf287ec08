"""``fjsim list``: what there is to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fjsim.cli.console import err, out, print_json, print_paged
from fjsim.cli.trusting import Plugins
from fjsim.errors import ConfigError, nearest

if TYPE_CHECKING:
    from rich.console import RenderableType

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
PERSONAS = "personas"
QUESTIONS = "questions"
NO_PERSONA = "It adds nothing to the prompt."


def catalogue(
    kind: Annotated[
        str | None,
        typer.Argument(
            help=f"{', '.join(PLURALS)}, {PERSONAS} or {QUESTIONS}; all names without.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(help="One of them, explained; all in a line each without."),
    ] = None,
    plugin: Plugins = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Metrics alone: the table of docs/metrics.md.")
    ] = False,
) -> None:
    """List what there is to choose from; with a kind a line each, with a name explained.

    Example: which attacks are there, and what can be set of one

        fjsim list attacks

        fjsim list attacks stubborn
    """
    import fjsim.metrics  # noqa: F401  (registers its families, entry points or not)
    from fjsim.plugin_files import load_plugin_files

    load_plugin_files(plugin or ())
    known = [*PLURALS, PERSONAS, QUESTIONS]
    if kind is not None and kind not in known:
        raise ConfigError(
            f"nothing to list as '{kind}'; there are {', '.join(known)}{nearest(kind, known)}"
        )
    if markdown:
        _print_markdown(kind)
    elif json:
        print_json(_as_json(kind, name))
    elif kind is None:
        _print_all()
    else:
        print_paged(_one(kind, name) if name else _kind(kind))
    _warn_of_broken()


def _warn_of_broken() -> None:
    from fjsim.registry import broken_plugins

    for package, why in broken_plugins().items():
        warning = escape(f"plug-in package {package} does not load: {why}")
        err.print(f"[bold yellow]warning:[/] {warning}", soft_wrap=True)


def _entries(plural: str) -> list[Entry]:
    from fjsim.registry import entries, in_order

    return (in_order if plural == METRICS else entries)(PLURALS[plural])


def _print_all() -> None:
    from fjsim.report.terminal.catalogue import kinds_lines, paragraph

    lines: list[RenderableType] = [*kinds_lines({plural: _entries(plural) for plural in PLURALS})]
    for plural, names in ((PERSONAS, _personas()), (QUESTIONS, [one["name"] for one in _sets()])):
        lines.append(paragraph(f"{plural} ({len(names)}): {', '.join(names)}"))
    print_paged(lines)
    out.print("fjsim list KIND says what each does, fjsim list KIND NAME explains one", style="dim")


def _kind(kind: str) -> Iterator[RenderableType]:
    from fjsim.report.terminal.catalogue import kind_lines, one_line, paragraph

    if kind in PLURALS:
        yield from kind_lines(kind, _entries(kind))
        return
    described = _personas() if kind == PERSONAS else {one["name"]: _size(one) for one in _sets()}
    width = max(map(len, described))
    for name, meaning in described.items():
        yield one_line(name, meaning, width)
    if kind == QUESTIONS:
        yield paragraph(
            "or a .jsonl or .csv file with question, options and answer; docs/questions.md says how"
        )


def _size(one: Mapping[str, Any]) -> str:
    return f"{one['questions']} questions"


def _one(kind: str, name: str) -> Iterator[RenderableType]:
    from fjsim.plugin_docs import explained
    from fjsim.report.terminal.catalogue import explained_lines, paragraph

    if kind in PLURALS:
        entry = _find(kind, name)
        yield from explained_lines(explained(entry))
        if kind == METRICS:
            metric = _of_metric(entry)
            yield paragraph(f"in tables: {entry.factory().title}")
            yield paragraph(f"unit: {metric['unit']}; {metric['direction']}")
            yield paragraph(f"needs: {metric['needs']}")
            if metric["definition"] != entry.summary:
                yield paragraph(f"counted so: {metric['definition']}")
    elif kind == PERSONAS:
        _known(kind, name, _personas())
        yield paragraph(f"{name}: {_personas()[name]}")
        yield paragraph(f"in a scenario: agents: {{kind: llm, persona: {name}}}")
    else:
        _known(kind, name, [one["name"] for one in _sets()])
        yield paragraph(f"{name}: {_subjects(name)}")


def _subjects(name: str) -> str:
    from fjsim.questions import load_questions

    questions = load_questions(name)
    counts = Counter(question.subject or "no subject" for question in questions)
    inner = ", ".join(f"{subject} {count}" for subject, count in counts.most_common())
    return f"{len(questions)} questions with five options each; {inner}"


def _find(kind: str, name: str) -> Entry:
    kept = {entry.name: entry for entry in _entries(kind)}
    _known(kind, name, kept)
    return kept[name]


def _known(kind: str, name: str, names: Mapping[str, object] | Sequence[str]) -> None:
    if name not in names:
        raise ConfigError(
            f"no '{name}' among the {kind}; there are {', '.join(names)}{nearest(name, names)}"
        )


def _personas() -> Mapping[str, str]:
    from fjsim.registry import find

    found = find("agent", "llm").choices["persona"]
    return {name: meaning.strip() or NO_PERSONA for name, meaning in found.items()}


def _as_json(kind: str | None, name: str | None) -> dict[str, Any]:
    from fjsim.registry import broken_plugins

    broken = {"broken": broken_plugins()}
    if kind in PLURALS and name is not None:
        return {**_as_dict(_find(kind, name), whole=True), **broken}
    plurals = [kind] if kind else [*PLURALS, PERSONAS, QUESTIONS]
    listed: dict[str, Any] = {
        plural: [_as_dict(entry) for entry in _entries(plural)]
        for plural in plurals
        if plural in PLURALS
    }
    if PERSONAS in plurals:
        listed[PERSONAS] = [{"name": one, "meaning": said} for one, said in _personas().items()]
    if QUESTIONS in plurals:
        listed[QUESTIONS] = _sets()
    for plural in (PERSONAS, QUESTIONS):
        if name is not None and plural in listed:
            _known(plural, name, [one["name"] for one in listed[plural]])
            listed[plural] = [one for one in listed[plural] if one["name"] == name]
    return {**listed, **broken}


def _print_markdown(kind: str | None) -> None:
    from fjsim.metrics.known import markdown, registered

    if kind != METRICS:
        raise ConfigError(f"--markdown is for metrics; got '{kind}'; write `fjsim list {METRICS}`")
    out.file.write(markdown(registered()))


def _as_dict(entry: Entry, whole: bool = False) -> dict[str, Any]:
    from fjsim.plugin_docs import explained

    told = explained(entry)
    return {
        **(_of_metric(entry) if entry.kind == "metric" else {}),
        "name": entry.name,
        "summary": entry.summary,
        "package": entry.package,
        "third_party": entry.third_party,
        "parameters": [
            {
                "name": p.name,
                "type": p.type,
                "range": p.range,
                "required": p.required,
                "default": _shown(p.default),
                "meaning": p.meaning,
            }
            for p in told.parameters
        ],
        **({"profiles": list(entry.profiles)} if entry.profiles else {}),
        **({"notes": told.notes, "source": list(told.source)} if whole else {}),
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


def _shown(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _sets() -> list[dict[str, Any]]:
    from fjsim.questions import BUILTIN_SETS, load_questions

    return [{"name": name, "questions": len(load_questions(name))} for name in BUILTIN_SETS]
