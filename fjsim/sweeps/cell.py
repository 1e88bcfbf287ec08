"""One cell of a sweep: run it, count it, and keep what it counted beside its run."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fjsim.blocking import outcome_of
from fjsim.contracts import Arm
from fjsim.errors import FjsimError, StorageError
from fjsim.metrics import Counted, Evidence, Measured, MetricKey, Pair, paired, registered
from fjsim.metrics.kept import KeptCounts
from fjsim.plugin_files import naming_plugin_files
from fjsim.records import Transcript
from fjsim.runs.engine import engine_of
from fjsim.runs.folder import write_file
from fjsim.runs.journal import Watcher
from fjsim.runs.law.prediction import UNDECLARED, law_beliefs
from fjsim.runs.measuring import evidence_of, missing_share
from fjsim.runs.play import run_setup
from fjsim.runs.resolve import Setup, resolve
from fjsim.runs.result import Run
from fjsim.scenario import Scenario

RESULT = "cell.json"
FORMAT = 2


@dataclass(frozen=True)
class CellJob:
    """What a worker needs to play one cell; goes over to another process.

    Parameters
    ----------
    scenario : Scenario
    folder : Path or None
        Its run folder; None keeps nothing.
    left_out : int
        The first so many questions of the order leave every metric: the sweep's longest warm-up.
    keeps_run : bool, default True
        Whether the folder holds the run beside what it counted. A run whose questions are played
        many at once is soon played again, and may go without.
    """

    scenario: Scenario
    folder: Path | None
    left_out: int
    keeps_run: bool = True


@dataclass(frozen=True)
class CellResult:
    """What one cell counted.

    Parameters
    ----------
    hash : str
        Hash of the run.
    left_out : int
        As in the job.
    simulated : bool
        Whether no language model took part.
    counts : KeptCounts
        What every metric counted.
    missing_share : float
        Share of the run's turns that are missing.
    prediction : str
        Where the predicting parameters come from: declared, fitted, or empty.
    no_prediction : str
        Why there is none; empty where there is one, and where nobody attacks.
    """

    hash: str
    left_out: int
    simulated: bool
    counts: KeptCounts
    missing_share: float = 0.0
    prediction: str = ""
    no_prediction: str = ""

    def to_json(self) -> str:
        """Return it as text for ``cell.json``."""
        values = {
            "format": FORMAT,
            "hash": self.hash,
            "left_out": self.left_out,
            "simulated": self.simulated,
            "missing_share": self.missing_share,
            "prediction": self.prediction,
            "no_prediction": self.no_prediction,
            "counts": self.counts.as_dict(),
        }
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> CellResult:
        """Return the result that `to_json` wrote."""
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("written by another version")
        return cls(counts=KeptCounts.from_dict(values.pop("counts")), **values)


def finished(job: CellJob, run_hash: str) -> CellResult | None:
    """Return the result of a cell that is done, or None.

    Parameters
    ----------
    job : CellJob
    run_hash : str
        Hash of its resolved scenario; another run's result does not count, nor does one that was
        counted before a metric of now was installed.
    """
    if job.folder is None or not (job.folder / RESULT).is_file():
        return None
    try:
        result = CellResult.from_json((job.folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        # Written by a process that died, or by another version: count the run again.
        return None
    same = (result.hash, result.left_out) == (run_hash, job.left_out)
    return result if same and set(registered()) <= set(result.counts.names) else None


def play(job: CellJob, watch: Watcher | None = None) -> CellResult:
    """Run one cell, or go on with it, and count it.

    Parameters
    ----------
    job : CellJob
    watch : callable, optional
        Called with (turns done, turns in all).

    Returns
    -------
    CellResult

    Raises
    ------
    FjsimError
        With the cell's name in front.
    """
    try:
        setup = resolve(job.scenario)
        done = finished(job, setup.hash)
        if done is not None:
            return done
        keeps_run = job.keeps_run or not engine_of(setup).crowd
        with naming_plugin_files():
            run = outcome_of(run_setup(setup, job.folder if keeps_run else None, watch))
    except FjsimError as error:
        raise type(error)(f"cell {job.scenario.title}: {error}") from error
    result = count(run, setup, job.left_out)
    if job.folder is not None:
        write_file(job.folder / RESULT, result.to_json() + "\n")
    return result


def count(run: Run, setup: Setup, left_out: int) -> CellResult:
    """Count one finished run.

    Parameters
    ----------
    run : Run
    setup : Setup
        Setup of the same scenario.
    left_out : int
        How many questions of the order to leave out.
    """
    order = list(dict.fromkeys(item.question.id for item in setup.items))
    arms: dict[Arm, Transcript] = {arm: _kept(t, order[left_out:]) for arm, t in run.arms.items()}
    pair, verdict = None, _Verdict()
    if len(arms) == 2:
        pair = paired(arms["attacked"], arms["clean"])
        arms = {"attacked": pair.attacked, "clean": pair.clean}
        verdict = _verdict(pair, setup)
    evidence = evidence_of(arms, pair, verdict.law, setup)
    return CellResult(
        hash=setup.hash,
        left_out=left_out,
        simulated=run.simulated,
        counts=_counts(evidence, _measured_whole(run, setup)),
        missing_share=missing_share(run.finished_in_all),
        prediction=verdict.source,
        no_prediction=verdict.because,
    )


def _kept(transcript: Transcript, questions: list[str]) -> Transcript:
    kept = set(questions)
    return transcript.select(np.array([name in kept for name in transcript.question_ids], bool))


def _measured_whole(run: Run, setup: Setup) -> Measured:
    """Return what the whole run took; nothing else is asked of it, least of all what laws say."""
    if run.run_dir is not None:
        return run.measured
    return Measured(
        evidence_of(run.finished_in_all, None, None, setup, run.spending), setup.scenario.seed
    )


def _counts(evidence: Evidence, whole_run: Measured) -> KeptCounts:
    """Count the kept questions; what the whole run took is not cut to them."""
    metrics = registered()
    whole: dict[MetricKey, Counted] = {}
    for name, metric in metrics.items():
        if metric.arms in ("run", "both"):
            counted = whole_run.counted(name)
            whole |= {} if counted is None else {MetricKey(name): counted}
    kept = KeptCounts.of(evidence, metrics)
    return replace(kept, counts={**kept.counts, **whole})


class _Verdict(NamedTuple):
    """What the law says of both arms, with whose parameters, or why it says nothing."""

    law: Pair | None = None
    source: str = ""
    because: str = ""


def _verdict(pair: Pair, setup: Setup) -> _Verdict:
    """Ask the law with declared parameters, or else with those fitted on the clean arm."""
    declared = law_beliefs(pair, "declared", setup)
    if declared.because != UNDECLARED:
        law = declared.pair(pair)
        return _Verdict(law, "declared" if law else "", declared.because)
    fitted = law_beliefs(pair, "fitted_clean", setup)
    law = fitted.pair(pair)
    return _Verdict(law, "fitted" if law else "", fitted.because)


def read_result(folder: Path) -> CellResult:
    """Read what a finished cell counted.

    Parameters
    ----------
    folder : Path
        The cell's run folder.

    Raises
    ------
    StorageError
        If there is nothing, or nothing this version can read.
    """
    try:
        return CellResult.from_json((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{folder}: holds no readable {RESULT}; run the sweep again to finish this cell"
        ) from error
