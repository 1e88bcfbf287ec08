"""``fjsim doctor``: what is installed, reachable, and what a chosen backend supports."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from fjsim.cli.console import err, out, print_json
from fjsim.errors import BackendUnreachableError, FjsimError

if TYPE_CHECKING:
    from fjsim.backends.http.probe import Finding

NEEDED = (
    "fjsim-testbed",
    "numpy",
    "scipy",
    "numba",
    "networkx",
    "pandas",
    "pydantic",
    "aiohttp",
    "tenacity",
)
OPTIONAL = {
    "starlette": "fjsim serve",
    "uvicorn": "fjsim serve",
    "vllm": "backends vllm and vllm-offline",
    "pyarrow": "turns.parquet",
    "ray": "sweeps on a cluster",
    "inspect-ai": "logs of inspect",
}
PROBE_ATTEMPTS = 2
PROBE_TIMEOUT = 60.0


def doctor(
    backend: Annotated[str | None, typer.Option(help="Backend to ask, e.g. openai.")] = None,
    model: Annotated[str | None, typer.Option(help="Model id; default the first served.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where the model is served.")] = None,
    api_key_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the key.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say what is installed and, with --backend or --base-url, what a server really supports.

    Example: fjsim doctor --backend openai --base-url http://127.0.0.1:8000/v1
    """
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in (*NEEDED, *OPTIONAL)},
        "plugins": _plugins(),
        "cache": _cache(),
        "backend": None,
    }
    kind = backend or ("openai" if base_url else None)
    if kind is not None:
        given = {"model": model, "base_url": base_url, "api_key_env": api_key_env}
        block = {"kind": kind} | {key: value for key, value in given.items() if value}
        report["backend"] = asyncio.run(_examine(block))
    if json:
        print_json(report)
    else:
        _print(report)
    if report["backend"] and not report["backend"]["reachable"]:
        raise BackendUnreachableError(report["backend"]["problem"])


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _plugins() -> dict[str, Any]:
    from fjsim.registry import KINDS, broken_plugins, names

    return {"registered": {kind: names(kind) for kind in KINDS}, "broken": dict(broken_plugins())}


def _cache() -> dict[str, Any]:
    from fjsim.backends.wrappers.store import default_path

    path = default_path()
    folder = next(parent for parent in path.parents if parent.exists())
    return {
        "path": str(path),
        "bytes": path.stat().st_size if path.exists() else 0,
        "writable": os.access(path if path.exists() else folder, os.W_OK),
    }


async def _examine(block: dict[str, Any]) -> dict[str, Any]:
    from fjsim.backends.http.openai_chat import OpenAIChat
    from fjsim.backends.http.probe import probe, served_models
    from fjsim.backends.wrappers.retry import RetryBackend
    from fjsim.contracts import Pace

    models: list[str] = []
    raw = _raw(block | {"model": "?"} if _needs_model(block) else block)
    try:
        if isinstance(raw, OpenAIChat):
            # A refusal must be told from a schema ignored, so nothing falls back while probing.
            raw.structured, raw.timeout = "json_schema", PROBE_TIMEOUT
            models = [str(row.get("id")) for row in await served_models(raw)]
            raw.model = models[0] if raw.model == "?" and models else raw.model
        pace = Pace(1, PROBE_ATTEMPTS, 2 * PROBE_TIMEOUT)
        findings = await probe(RetryBackend(raw, pace))
    except FjsimError as error:
        return _unreachable(block, str(error))
    finally:
        await raw.close()
    if findings[0].verdict != "yes":
        return _unreachable(block, findings[0].detail) | {"models": models}
    return _reachable(block | {"model": getattr(raw, "model", None)}, models, findings)


def _raw(block: dict[str, Any]) -> Any:
    from fjsim.backends import raw_backend
    from fjsim.questions import load_questions

    return raw_backend(block, load_questions("builtin"))


def _needs_model(block: dict[str, Any]) -> bool:
    from fjsim.registry import find

    parameters = {
        parameter.name: parameter for parameter in find("backend", block["kind"]).parameters
    }
    return "model" not in block and "model" in parameters and "base_url" in block


def _unreachable(block: dict[str, Any], problem: str) -> dict[str, Any]:
    return {**block, "reachable": False, "problem": problem, "models": [], "capabilities": {}}


def _reachable(block: dict[str, Any], models: list[str], findings: list[Finding]) -> dict[str, Any]:
    capabilities = {
        finding.name: {"verdict": finding.verdict, "detail": finding.detail} for finding in findings
    }
    return {
        **block,
        "reachable": True,
        "problem": "",
        "models": models,
        "capabilities": capabilities,
    }


def _print(report: dict[str, Any]) -> None:
    table = Table("package", "version", "for", box=None, pad_edge=False)
    table.add_row("python", report["python"], "")
    for name, version in report["packages"].items():
        purpose = OPTIONAL.get(name, "")
        missing = "[dim]not installed[/]" if name in OPTIONAL else "[red]missing[/]"
        table.add_row(name, version or missing, purpose)
    out.print(table)
    cache = report["cache"]
    state = "" if cache["writable"] else " — [red]cannot be written[/]"
    out.print(f"\nresponse cache  {escape(cache['path'])} ({cache['bytes']:,} bytes){state}")
    for package, why in report["plugins"]["broken"].items():
        err.print(f"[yellow]plug-in {escape(package)} does not load: {escape(why)}[/]")
    if report["backend"] is not None:
        _print_backend(report["backend"])


def _print_backend(backend: dict[str, Any]) -> None:
    where = backend.get("base_url", "")
    out.print(f"\nbackend {escape(backend['kind'])} {escape(str(where))}")
    if backend["models"]:
        out.print(f"serves  {escape(', '.join(backend['models']))}")
    table = Table("capability", "verdict", "", box=None, pad_edge=False)
    for name, found in backend["capabilities"].items():
        colour = "green" if found["verdict"] == "yes" else "yellow"
        table.add_row(name, f"[{colour}]{found['verdict']}[/]", escape(found["detail"]))
    if backend["capabilities"]:
        out.print(table)
