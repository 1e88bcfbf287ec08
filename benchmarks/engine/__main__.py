"""``python -m benchmarks.engine [--quick] [--huge]``."""

from __future__ import annotations

import subprocess
import sys

from rich.console import Console

from benchmarks.engine.rows import FULL, QUICK, rows, table

if __name__ == "__main__":
    console = Console(width=150)
    measured = []
    for row in rows(QUICK if "--quick" in sys.argv else FULL):
        measured.append(row)
        console.print(f"[dim]{row.work}: {row.who}[/dim]", highlight=False)
    console.print(table(measured))
    if "--huge" in sys.argv:
        # Its own process, so that the peak is its own.
        subprocess.run([sys.executable, "-m", "benchmarks.engine.huge"], check=True)
