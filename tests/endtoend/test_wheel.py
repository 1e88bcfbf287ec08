"""The wheel holds everything a run needs, and nothing of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = (
    "fjsim/builtin_questions/general.jsonl",
    "fjsim/builtin_questions/tools.jsonl",
    "fjsim/deliberation/prompts/system.md",
    "fjsim/py.typed",
    "fjsim_agents/personas/roles.yaml",
    "fjsim_topologies/regular.py",
    "fjsim_routers/uniform.py",
    "fjsim/report/html/assets/page.css",
    "fjsim_attacks/stubborn.py",
    "fjsim_defenses/none.py",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*build, "--wheel-dir", str(folder), str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_code_prompts_questions_and_personas(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert set(NEEDED) <= set(names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "fjsim",
        "fjsim_agents",
        "fjsim_topologies",
        "fjsim_routers",
        "fjsim_attacks",
        "fjsim_defenses",
    }


def test_the_wheel_runs_the_main_job(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(target), str(wheel)], check=True, capture_output=True)
    code = (
        "import fjsim, sys\nassert fjsim.__file__.startswith(sys.argv.pop(1)), fjsim.__file__\n"
        "from fjsim.cli import main\nmain()"
    )
    command = ["run", "--topology", "star", "--attack", "stubborn", "--limit", "2", "--rounds", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(target), *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "attack success rate" in done.stdout
