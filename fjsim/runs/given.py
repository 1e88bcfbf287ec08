"""What somebody gives where a scenario is wanted: a scenario, its plain values, or its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fjsim.errors import ConfigError
from fjsim.foreign_text import shown
from fjsim.scenario import Scenario, load_scenario

ScenarioLike = Scenario | Mapping[str, Any] | str | Path
"""A scenario, a mapping of its fields, or the path of a YAML file."""


def scenario_of(given: ScenarioLike) -> Scenario:
    """Return the scenario that is given in one way or another.

    Parameters
    ----------
    given : Scenario, mapping, str or Path
        A path is that of a YAML file, a run folder's ``scenario.yaml`` included; such a file may
        not decide what only its user may, see `load_scenario`.

    Raises
    ------
    ConfigError
        If it is none of these, or its values are wrong.
    """
    if isinstance(given, Scenario):
        return given
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        return Scenario(**given)
    if isinstance(given, (str, Path)):
        return load_scenario(given)
    raise ConfigError(
        f"a scenario is wanted, and this is {type(given).__name__} {shown(given)}; give a "
        "fjsim.Scenario, a mapping of its fields, or the path of a YAML file"
    )
