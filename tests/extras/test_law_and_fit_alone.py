"""The law and a fit load neither a web server, nor figures, nor a model's client."""

import subprocess
import sys
from pathlib import Path

LOG = Path(__file__).parents[2] / "examples" / "team.csv"
CODE = """
import sys

HEAVY = {"aiohttp", "matplotlib", "openai", "sklearn", "starlette", "uvicorn"}


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


sys.meta_path.insert(0, Missing())
import fjsim
from fjsim.records.importers import read_log

law = fjsim.takeover("star", n_agents=6, seats=[0], stubbornness=0.1, self_weight=0.3)
print(round(law.mean, 3))
print(fjsim.fit(read_log(sys.argv[1]).transcript, resamples=0).stubbornness.shape)
"""


def test_the_law_and_a_fit_need_no_server_no_figures_and_no_client(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CODE, str(LOG)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=300,
    )
    assert told.stderr == ""
    assert told.stdout.split("\n")[:2] == ["0.863", "(5,)"]
