"""Every example runs as it stands and says what it promises."""

from __future__ import annotations

import ast
import json
import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOK = EXAMPLES / "tour.ipynb"
SAID = {
    "compare_defenses.py": r"trust-adaptive +0\.\d+ ",
    "first_run.py": r"takeover_predicted +\d\.\d{3} \[",
    "fit_a_log.py": r"eve +0\.[6-9]\d",
    "guarded_team.py": r"eve stubbornly lies, the guard acts: [78]\d%",
}


def test_every_script_is_run() -> None:
    assert set(SAID) == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("name", SAID)
def test_a_script_runs_and_prints_its_numbers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert re.search(SAID[name], capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == [], "an example leaves no files behind"


def cells() -> list[dict[str, object]]:
    notebook: dict[str, list[dict[str, object]]] = json.loads(NOTEBOOK.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_kept_without_outputs() -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells())


@pytest.mark.filterwarnings("ignore")  # The kernel's own, none of ours.
def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is in the extra `test`")
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=resources
    ).execute()
    told = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not any(output["output_type"] == "error" for output in told)
    shape = next(o["data"]["text/plain"] for o in told if o["output_type"] == "execute_result")
    assert shape == "(10, 5, 5, 5)"


def test_examples_use_public_names_only() -> None:
    codes = [path.read_text("utf-8") for path in EXAMPLES.glob("*.py")]
    codes += ["".join(map(str, cell["source"] or ())) for cell in cells()]  # type: ignore[call-overload]
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    for code in codes:
        for node in ast.walk(compile(code, "example", "exec", flags)):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                assert module == "fjsim.guard" or not module.startswith("fjsim"), module
            if isinstance(node, ast.Import):
                assert not any(name.name.startswith("fjsim.") for name in node.names)
