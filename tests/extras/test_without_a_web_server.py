"""The main job needs no web server; what needs one says how to get it."""

import subprocess
import sys
from pathlib import Path

import pytest

BARE = """
import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"starlette", "uvicorn"}:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


sys.meta_path.insert(0, Missing())
from fjsim.cli import main

codes = []
for line in sys.stdin.read().splitlines():
    try:
        main(line.split())
    except SystemExit as exit:
        codes.append(exit.code or 0)
print("codes", *codes)
"""


@pytest.fixture
def bare(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The main job, and then the server, where no web server can be imported."""
    lines = (
        "run --topology star --attack stubborn --agents 4 --rounds 2 --limit 3 --out run",
        "fit run",
        "report run",
        "serve --port 0",
    )
    return subprocess.run(
        [sys.executable, "-c", BARE],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=300,
    )


def test_run_fit_and_report_need_no_web_server_and_serve_says_how_to_get_one(
    bare: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    assert bare.stdout.splitlines()[-1] == "codes 0 0 0 2"
    assert (tmp_path / "run" / "report.html").is_file()
    errors = [line for line in bare.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [
        "error: `fjsim serve` needs starlette, which is not installed here; "
        "install it with pip install '.[server]' in a clone of fjsim"
    ]
