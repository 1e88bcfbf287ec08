"""``fjsim cache stats|clear``: the response cache that all runs of a user share."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from fjsim.cli.console import out, print_json
from fjsim.cli.worded import WordedCommand, WordedGroup

app = typer.Typer(
    name="cache",
    cls=WordedGroup,
    add_completion=False,
    no_args_is_help=True,
    help="Look at, or empty, the response cache.\n\nExample: fjsim cache stats",
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command(cls=WordedCommand)
def stats(json: AsJson = False) -> None:
    """Say what the cache holds, by endpoint and model.

    Example: fjsim cache stats
    """
    from fjsim.backends.wrappers.store import ReplyStore, SourceCount, default_path

    path = default_path()
    counts: list[SourceCount] = []
    if path.exists():
        store = ReplyStore(path)
        counts = list(store.counts())
        store.close()
    size = path.stat().st_size if path.exists() else 0
    if json:
        rows = [
            {name: getattr(row, name) for name in ("source", "replies", "tokens_in", "tokens_out")}
            for row in counts
        ]
        replies = sum(row.replies for row in counts)
        print_json({"path": str(path), "bytes": size, "replies": replies, "sources": rows})
        return
    table = Table("endpoint and model", "replies", "tokens in", "out", box=None, pad_edge=False)
    for row in counts:
        numbers = (f"{n:,}" for n in (row.replies, row.tokens_in, row.tokens_out))
        table.add_row(escape(row.source), *numbers)
    out.print(f"{escape(str(path))} ({size:,} bytes)")
    out.print(table if counts else "empty")


@app.command(cls=WordedCommand)
def clear(json: AsJson = False) -> None:
    """Empty the cache, damaged or not. Runs keep what they recorded.

    Example: fjsim cache clear
    """
    from fjsim.backends.wrappers.store import default_path, delete_store

    path = default_path()
    freed = delete_store(path)
    if json:
        print_json({"path": str(path), "freed_bytes": freed})
    else:
        out.print(f"{escape(str(path))}: {freed:,} bytes given back")
