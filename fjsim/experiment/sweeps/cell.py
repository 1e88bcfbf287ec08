"""One cell of a sweep: run it, count it, and keep what it counted beside its run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fjsim.analysis.comparison import Tally
from fjsim.analysis.detection import TrustScores, questions_to_detect, trust_scores
from fjsim.analysis.security import Pair, paired
from fjsim.errors import FjsimError, StorageError
from fjsim.experiment.folder import write_file
from fjsim.experiment.intent import declared_hostile
from fjsim.experiment.prediction import UNDECLARED, law_beliefs
from fjsim.experiment.run import Run, Watcher, run_setup
from fjsim.experiment.setup import Setup, resolve
from fjsim.experiment.sweeps import tallies as counting
from fjsim.experiment.unread import rewrites_others
from fjsim.records import Transcript
from fjsim.scenario import Scenario

RESULT = "cell.json"
FORMAT = 1
CLEAN = "clean:"
"""Starts the name of what was counted in the clean arm beside an attacked one."""

SUMMED = ("calls", "cached_calls", "tokens_in", "tokens_out", "cost", "labels_used")


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
    """

    scenario: Scenario
    folder: Path | None
    left_out: int


@dataclass(frozen=True)
class CellResult:
    """What one cell counted.

    Parameters
    ----------
    hash : str
        Of the run.
    left_out : int
        As in the job.
    simulated : bool
        Whether no language model took part.
    tallies : dict of str to Tally
        Per question, by metric.
    trust : TrustScores or None
        Trust of every speaker, where there are a defense and an adversary.
    questions_to_detect : int or None
    numbers : dict of str to float
        Sums: calls, tokens, cost, seconds, turns, missing turns.
    prediction : str
        Where the predicting parameters come from: declared, fitted, or empty.
    no_prediction : str
        Why there is none; empty where there is one, and where nobody attacks.
    """

    hash: str
    left_out: int
    simulated: bool
    tallies: Mapping[str, Tally]
    trust: TrustScores | None = None
    questions_to_detect: int | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    prediction: str = ""
    no_prediction: str = ""

    def to_json(self) -> str:
        """Return it as text for ``cell.json``."""
        trust = self.trust
        values = {
            "format": FORMAT,
            "hash": self.hash,
            "left_out": self.left_out,
            "simulated": self.simulated,
            "questions_to_detect": self.questions_to_detect,
            "numbers": self.numbers,
            "prediction": self.prediction,
            "no_prediction": self.no_prediction,
            "trust": trust and [list(trust.questions), _short(trust.trust), _short(trust.hostile)],
            "tallies": {
                name: [list(t.questions), _short(t.numerator), _short(t.denominator)]
                for name, t in self.tallies.items()
            },
        }
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> CellResult:
        """Return the result that `to_json` wrote."""
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("written by another version")
        tallies = {
            name: Tally(tuple(names), np.array(tops, dtype=float), np.array(bottoms, dtype=float))
            for name, (names, tops, bottoms) in values.pop("tallies").items()
        }
        scores = values.pop("trust")
        trust = scores and TrustScores(
            tuple(scores[0]), np.array(scores[1], dtype=float), np.array(scores[2], dtype=float)
        )
        return cls(tallies=tallies, trust=trust or None, **values)


def _short(values: Any) -> list[float]:
    return [round(float(value), 9) for value in values]


def finished(job: CellJob, run_hash: str) -> CellResult | None:
    """Return the result of a cell that is done, or None.

    Parameters
    ----------
    job : CellJob
    run_hash : str
        Of its resolved scenario; another run's result does not count.
    """
    if job.folder is None or not (job.folder / RESULT).is_file():
        return None
    try:
        result = CellResult.from_json((job.folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        # Written by a process that died, or by another version: count the run again.
        return None
    return result if (result.hash, result.left_out) == (run_hash, job.left_out) else None


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
        run = asyncio.run(run_setup(setup, job.folder, watch))
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
        Of the same scenario.
    left_out : int
        How many questions of the order to leave out.
    """
    order = list(dict.fromkeys(item.question.id for item in setup.items))
    arms = {arm: _kept(t, order[left_out:]) for arm, t in run.transcripts.items()}
    attacked, clean = arms.get("attacked"), arms.get("clean")
    main = attacked if attacked is not None else clean
    assert main is not None, "a run has at least one arm"
    tallies, told = counting.arm_tallies(main), _Told()
    if attacked is not None and clean is not None:
        pair = paired(attacked, clean)
        told = _told(pair, setup)
        tallies = _both_arms(pair, setup, told.law)
    defended = setup.plugins.defense is not None and main.n_rounds > 0
    if defended:
        tallies |= _gates(attacked, clean)
    searched = defended and attacked is not None
    return CellResult(
        hash=setup.hash,
        left_out=left_out,
        simulated=run.simulated,
        tallies=tallies,
        trust=trust_scores(main) if searched else None,
        questions_to_detect=questions_to_detect(main, order) if searched else None,
        numbers=_numbers(run),
        prediction=told.source,
        no_prediction=told.because,
    )


def _kept(transcript: Transcript, questions: list[str]) -> Transcript:
    kept = set(questions)
    return transcript.select(np.array([name in kept for name in transcript.question_ids], bool))


def _both_arms(pair: Pair, setup: Setup, law: Pair | None) -> dict[str, Tally]:
    hostile = counting.hostile_items(
        pair, declared_hostile(setup, pair.attacked), rewrites_others(setup.plugins.attack)
    )
    tallies = counting.arm_tallies(pair.attacked, hostile)
    tallies |= counting.add_prefix(counting.arm_tallies(pair.clean), CLEAN)
    tallies |= counting.pair_tallies(pair)
    if law is not None:
        tallies |= counting.pair_tallies(pair, law, "predicted")
    return tallies


class _Told(NamedTuple):
    """What the law says of both arms, with whose parameters, or why it says nothing."""

    law: Pair | None = None
    source: str = ""
    because: str = ""


def _told(pair: Pair, setup: Setup) -> _Told:
    """Ask the law with declared parameters, or else with those fitted on the clean arm."""
    declared = law_beliefs(pair, "declared", setup)
    if declared.because != UNDECLARED:
        law = declared.pair(pair)
        return _Told(law, "declared" if law else "", declared.because)
    fitted = law_beliefs(pair, "fitted_clean", setup)
    law = fitted.pair(pair)
    return _Told(law, "fitted" if law else "", fitted.because)


def _gates(attacked: Transcript | None, clean: Transcript | None) -> dict[str, Tally]:
    tallies = {} if attacked is None else counting.gate_tallies(attacked)
    if clean is None:
        return tallies
    wronged = counting.gate_tallies(clean)["false_isolation"]
    return tallies | {"clean:false_isolation" if tallies else "false_isolation": wronged}


def _numbers(run: Run) -> dict[str, float]:
    metrics = run.outcome.metrics
    numbers = {name: _number(metrics.get(name)) for name in (*SUMMED, "missing_turns")}
    numbers["wall_seconds"] = _number(metrics.get("wall_seconds"))
    numbers["missing_share"] = run.outcome.missing_share
    return numbers


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


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
