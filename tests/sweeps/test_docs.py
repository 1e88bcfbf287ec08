"""What the pages show is what works."""

import re
from pathlib import Path

import yaml

from fjsim.scenario import Scenario
from fjsim.sweeps.cells import expand
from fjsim.sweeps.grid import Sweep

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), flags=re.S)


def test_the_sweep_of_the_page_expands() -> None:
    (text,) = blocks("sweeps.md", "yaml")
    cells = expand(Sweep(**yaml.safe_load(text)))
    # Without an attack there is no seat: (1 + 3 × 2) placements.
    assert len(cells) == (1 + 3 * 2) * 3 * 3 * 3 * 2 * 2


def test_the_scenario_of_the_page_loads() -> None:
    (text,) = blocks("scenarios.md", "yaml")
    assert Scenario(**yaml.safe_load(text)).n_agents == 6


def test_every_config_stands_on_the_page() -> None:
    page = (DOCS / "scenarios.md").read_text()
    for path in (DOCS.parent / "configs").glob("*.yaml"):
        assert path.name in page
