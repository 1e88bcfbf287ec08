"""``python -m benchmarks.runtime [--quick]``."""

from __future__ import annotations

import sys

from rich.console import Console

from benchmarks.runtime import rows, table

if __name__ == "__main__":
    console = Console(width=150)
    measured = []
    for row in rows(quick="--quick" in sys.argv):
        measured.append(row)
        console.print(f"[dim]{row.work}: {row.ours}[/dim]", highlight=False)
    console.print(table(measured))
