"""What the parts of a sweep's page share: its settings by name, their numbers, their pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fjsim.metrics import Estimate
from fjsim.report.grid import SettingGrid, grid_of, measures, own_axes, setting_name
from fjsim.report.html.document import REPORT
from fjsim.report.standing import DefenseStanding, estimate_in, standings
from fjsim.sweeps.groups import Group, groups
from fjsim.sweeps.leaderboard import records
from fjsim.sweeps.sweep import INDEX, SweepResult, inside


@dataclass(frozen=True, eq=False)
class SweepFacts:
    """A finished sweep and its folder.

    Parameters
    ----------
    result : SweepResult
    folder : Path
    """

    result: SweepResult
    folder: Path

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the table, one a setting."""
        return records(self.result.table)

    @cached_property
    def settings(self) -> tuple[Group, ...]:
        """What was counted, in the order of the rows."""
        return groups(self.result.played)

    @cached_property
    def axes(self) -> list[str]:
        """The axes that tell the settings apart."""
        return own_axes(self.result.table)

    @cached_property
    def names(self) -> list[str]:
        """The settings as a person reads them."""
        return [setting_name(row, self.axes) or "the only setting" for row in self.rows]

    @cached_property
    def grid(self) -> SettingGrid | None:
        """The settings by row and column."""
        return grid_of(self.result.table)

    @cached_property
    def measures(self) -> list[str]:
        """The metrics that tables by row and column show."""
        return measures(self.result.table)

    @cached_property
    def standings(self) -> tuple[DefenseStanding, ...]:
        """The defenses, safest first; empty where there are no two to compare."""
        return standings(self.result) if len(self.result.leaderboard) > 1 else ()

    @property
    def by_defense(self) -> bool:
        """Whether the sweep asks which defense holds, rather than something else."""
        return bool(self.standings) and (self.grid is None or self.grid.row_axis == "defense")

    def estimate(self, at: int, name: str) -> Estimate:
        """Return a number of one setting.

        Parameters
        ----------
        at : int
            Row of the table.
        name : str
            A metric.
        """
        return estimate_in(self.rows[at], name)

    @cached_property
    def _places(self) -> Mapping[int, Path]:
        cells = json.loads((self.folder / INDEX).read_text(encoding="utf-8"))["cells"]
        places = [
            inside(self.folder, self.folder / one["folder"]).relative_to(self.folder)
            for one in cells
        ]
        played = self.result.played
        return {id(one.result): place for one, place in zip(played, places, strict=True)}

    def place(self, at: int) -> Path:
        """Return the folder of a setting's first run, relative to the sweep's."""
        return self._places[id(self.settings[at].played[0].result)]

    def page(self, at: int) -> str | None:
        """Return the page of a setting's first run, relative to the sweep's; None without one."""
        page = self.place(at) / REPORT
        return page.as_posix() if (self.folder / page).is_file() else None
