"""``python -m benchmarks [PART ...] [--quick] [--table]``: every row beside its alternative.

Parts are engine, fit, start and runtime. Each runs in a process of its own, so that a peak of
memory is its own too. With ``--table`` sizes are such that all of it takes about five minutes, and
the table of docs/performance.md is written anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.line import Line, markdown, write_into

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"

PARTS = {
    "engine": [["-m", "benchmarks.engine"]],
    "fit": [
        ["-m", "benchmarks.fit.rows"],
        ["-m", "benchmarks.fit.legacy"],
        ["-m", "benchmarks.fit.whole_log"],
    ],
    "start": [["-m", "benchmarks.table", "start"]],
    "runtime": [["-m", "benchmarks.runtime"]],
}


def main(arguments: list[str]) -> int:
    """Run the parts that are named, or all."""
    flags = [argument for argument in arguments if argument.startswith("--")]
    named = [argument for argument in arguments if argument not in flags]
    unknown = [name for name in named if name not in PARTS]
    if unknown:
        print(f"no benchmark '{unknown[0]}'; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    if "--table" in flags:
        return _table(named or list(PARTS))
    codes = [
        subprocess.run([sys.executable, *command, *flags], cwd=HERE.parent, check=False).returncode
        for name in named or PARTS
        for command in PARTS[name]
    ]
    return max(codes)


def _table(named: list[str]) -> int:
    """Measure the parts that are named, and write them into the page."""
    lines: list[Line] = []
    codes = []
    for name in named:
        command = [sys.executable, "-m", "benchmarks.table", name]
        with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as part:
            assert part.stdout is not None
            for text in part.stdout:
                if text.startswith("{"):
                    lines.append(Line(**json.loads(text)))
                    print(f"{lines[-1].work}: {lines[-1].ours}", flush=True)
        codes.append(part.returncode)
    table = markdown(lines)
    print(table)
    if max(codes) == 0 and set(named) == set(PARTS):
        write_into(PAGE, table)
        print(f"written into {PAGE.relative_to(HERE.parent)}")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
