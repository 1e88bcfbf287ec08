"""A run as one thing, whether it was just played or read from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fjsim.arms import chosen_arm, main_arm
from fjsim.contracts import Arm
from fjsim.errors import ConfigError, StorageError, nearest
from fjsim.figured import Figured
from fjsim.foreign_text import shown
from fjsim.html_table import html_table
from fjsim.metrics import Estimate, Measured, Spending, paired
from fjsim.readonly import ReadOnly
from fjsim.records import LogContents, Transcript, build_transcript
from fjsim.records.deliberation import RecordedDeliberation, recorded_deliberation
from fjsim.records.frames import Row, turn_rows, turns_frame
from fjsim.runs.law.prediction import Prediction
from fjsim.runs.measuring import Outcome, measure, measure_log
from fjsim.runs.recorded import RecordedRun
from fjsim.runs.resolve import Setup
from fjsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A run: what was played, what was said, and what it came to.

    Two runs are equal only if they are the same object.

    Parameters
    ----------
    contents : LogContents
        Every recorded turn.
    run_dir : Path or None
        Where it lies; None if it was kept in memory.
    simulated : bool
        Whether the embedded model or numeric agents produced it.
    spending : Spending or None
        What it asked for and took; None where only its scenario would tell.
    setup : Setup or None
        What its scenario stands for; None where that is not known, or no longer the same.
    recorded : RecordedRun or None
        What its folder says of its numbers, in place of the setup.
    notes : tuple of str
        What is not finished, or could not be had; empty for a whole run.
    """

    contents: LogContents
    run_dir: Path | None
    simulated: bool
    spending: Spending | None = None
    setup: Setup | None = None
    recorded: RecordedRun | None = None
    notes: tuple[str, ...] = ()

    figures: ClassVar[Figured] = Figured("RunFigures")
    """What can be drawn, as matplotlib figures: ``run.figures.network(round=3)``."""

    def __repr__(self) -> str:
        scenario = self._scenario
        title = "imported" if scenario is None else scenario.title
        place = "" if self.run_dir is None else f", run_dir={str(self.run_dir)!r}"
        return f"Run({title}: {self._extent}{place})"

    @property
    def _extent(self) -> str:
        if not self.arms:
            return "no question is finished"
        one = self.transcript
        return (
            f"{' and '.join(self.arms)}, {one.n_items} items, {one.n_rounds} rounds, "
            f"{one.n_agents} agents"
        )

    def _repr_html_(self) -> str:
        if not self.arms:
            return html_table((), (), repr(self), self.notes)
        own, base = self.metrics, self.baseline_metrics or {}
        rows = [
            (metric.title, own[name].text, base[name].text if name in base else None, own[name].n)
            for name, metric in self.measured.metrics.items()
            if own[name].value is not None and metric.place == "summary"
        ]
        headers = ("metric", self.measured.source.main, "clean" if base else "", "n")
        return html_table(headers, rows, repr(self), self.notes)

    @property
    def scenario(self) -> Scenario:
        """What was run, with every default spelled out.

        Raises
        ------
        StorageError
            If it is not known, as that of an imported log is not.
        """
        if self._scenario is None:
            raise StorageError(f"{self._place}: the scenario of this run is not known")
        return self._scenario

    @cached_property
    def _scenario(self) -> Scenario | None:
        if self.setup is not None:
            return self.setup.spelled_out
        return None if self.recorded is None else self.recorded.scenario

    @property
    def _place(self) -> str:
        return "this run" if self.run_dir is None else str(self.run_dir)

    @property
    def folder(self) -> Path | None:
        """Where it lies; the same as ``run_dir``."""
        return self.run_dir

    @cached_property
    def arms(self) -> Mapping[Arm, Transcript]:
        """The finished questions of each arm: ``run.arms["attacked"]``, ``run.arms["clean"]``."""
        found = {
            arm: replace(build_transcript(self.contents, arm), simulated=self.simulated)
            for arm in self.contents.arms
        }
        found = {arm: transcript for arm, transcript in found.items() if transcript.n_items}
        if len(found) == 2:
            found["clean"] = _with_targets(found["clean"], found["attacked"])
        return ReadOnly(found)

    @property
    def transcript(self) -> Transcript:
        """The attacked arm, or the clean one where nobody attacks.

        Raises
        ------
        StorageError
            If no question is finished yet.
        """
        return self.arms[chosen_arm(tuple(self.arms), None, self.run_dir)]

    @property
    def baseline(self) -> Transcript | None:
        """The clean arm beside an attacked one; None where there is one arm."""
        return self.arms.get("clean") if "attacked" in self.arms else None

    @cached_property
    def finished_in_all(self) -> Mapping[Arm, Transcript]:
        """Both arms, each with the questions that both have finished; or the only one."""
        if len(self.arms) < 2:
            return self.arms
        pair = paired(self.arms["attacked"], self.arms["clean"])
        return ReadOnly({"attacked": pair.attacked, "clean": pair.clean})

    @cached_property
    def outcome(self) -> Outcome:
        """Metrics, baseline and predictions, over the questions that all arms have finished.

        Raises
        ------
        StorageError
            If there is no such question yet.
        """
        arms = self.finished_in_all
        if not arms or not all(transcript.n_items for transcript in arms.values()):
            raise StorageError(
                f"{self._place}: no question of this run is finished; run it further first"
            )
        if self.setup is not None and self.spending is not None:
            return measure(arms, self.spending, self.setup)
        if self.recorded is not None:
            return self.recorded.outcome(arms, self.contents.known_header)
        return measure_log(arms, self.contents.known_header)

    @property
    def measured(self) -> Measured:
        """Every number by metric, arm and round: ``run.measured["takeover_observed"]``."""
        return self.outcome.measured

    @property
    def metrics(self) -> Mapping[str, Estimate]:
        """Numbers of the attacked arm, or of the clean one where nobody attacks."""
        return self.outcome.metrics

    @property
    def baseline_metrics(self) -> Mapping[str, Estimate] | None:
        """The same of the clean arm beside an attacked one; None where there is one arm."""
        return self.outcome.baseline

    @property
    def prediction(self) -> Mapping[str, Prediction | None]:
        """What the law predicts, by where its parameters come from; None where it cannot."""
        return ReadOnly(self.outcome.prediction)

    @cached_property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """Flat tables: ``turns`` and ``metrics``."""
        import pandas as pd

        turns = turns_frame(self.turn_rows())
        rows = [{"metric": name, **value.as_dict()} for name, value in self.metrics.items()]
        return ReadOnly({"turns": turns, "metrics": pd.DataFrame(rows)})

    def turn_rows(self) -> list[Row]:
        """Return the rows of ``frames["turns"]``."""
        seats = self.contents.known_header.seats
        return turn_rows(self.contents.turns.values(), seats, self.contents.items)

    def deliberation(
        self, question: str, arm: Arm | None = None, replica: int = 0
    ) -> RecordedDeliberation:
        """Return what was said on one question, round by round.

        Parameters
        ----------
        question : str
            Its id.
        arm : {'attacked', 'clean'}, optional
            By default the attacked arm, or the clean one where nobody attacks.
        replica : int, default 0

        Raises
        ------
        ConfigError
            If nothing was said on it there.
        """
        return recorded_deliberation(self.contents, question, self.spoken_arm(arm), replica)

    def spoken_arm(self, asked: str | None = None) -> Arm:
        """Return an arm in which anything was said, finished or not.

        Parameters
        ----------
        asked : str, optional
            By default the attacked arm, or the clean one.

        Raises
        ------
        ConfigError
            If nothing was said in that arm.
        StorageError
            If nothing was said at all.
        """
        spoken = {key.arm for key in self.contents.turns}
        if not spoken:
            raise StorageError(f"{self._place}: nothing was said in this run yet")
        if asked is None:
            return main_arm(spoken)
        for arm in spoken:
            if arm == asked:
                return arm
        there = ", ".join(sorted(spoken))
        raise ConfigError(f"arm {shown(asked)}: this run has {there}{nearest(asked, spoken)}")

    def as_dict(self) -> dict[str, object]:
        """Return what ``fjsim run --json`` prints."""
        return {
            "run_dir": None if self.run_dir is None else str(self.run_dir),
            "simulated": self.simulated,
            "scenario": None if self._scenario is None else self._scenario.as_dict(),
            **self.outcome.as_dict(),
        }


def _with_targets(clean: Transcript, attacked: Transcript) -> Transcript:
    """Return the clean arm with what the adversary is after in the attacked one."""
    if attacked.targets is None:
        return clean
    known = dict(zip(_items(attacked), attacked.targets.tolist(), strict=True))
    return replace(clean, targets=np.array([known.get(item, -1) for item in _items(clean)]))


def _items(arm: Transcript) -> list[tuple[str, int]]:
    return list(zip(arm.question_ids, arm.replicas.tolist(), strict=True))
