"""``python -m benchmarks [engine] [fit] [runtime] [--quick]``: every row beside its alternative.

Each part runs in a process of its own, so that a peak of memory is its own too.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

PARTS = {
    "engine": [["-m", "benchmarks.engine"]],
    "fit": [[str(HERE / "fit" / "rows.py")], [str(HERE / "fit" / "legacy.py")]],
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
    codes = [
        subprocess.run([sys.executable, *command, *flags], cwd=HERE.parent, check=False).returncode
        for name in named or PARTS
        for command in PARTS[name]
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
