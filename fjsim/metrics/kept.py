"""Counts that outlive their run: pooled over seeds, written to a file and read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.errors import PluginError, UnknownNameError
from fjsim.metrics.counting import Counted, Number, Tally
from fjsim.metrics.detection import TrustScores
from fjsim.metrics.keys import MetricKey
from fjsim.metrics.measured import Measured, Source
from fjsim.metrics.metric import Metric


@dataclass(frozen=True, eq=False)
class KeptCounts:
    """What metrics counted, by metric, arm and round.

    Parameters
    ----------
    counts : mapping of MetricKey to Counted
    names : tuple of str
        The metrics that were asked, also those that found nothing.
    main : {'attacked', 'clean'}
    arms : mapping of arm to None
        The arms there were, in order.
    n_rounds : int
    """

    counts: Mapping[MetricKey, Counted]
    names: tuple[str, ...]
    main: Arm
    arms: Mapping[Arm, None]
    n_rounds: int

    @classmethod
    def of(cls, source: Source, metrics: Mapping[str, Metric]) -> KeptCounts:
        """Count everything that a sweep keeps: the last round, and all rounds where drawn.

        Parameters
        ----------
        source : Source
            The evidence of one run.
        metrics : mapping of str to Metric
        """
        found = {
            key: source.counted(key, metrics[key.name])
            for name, metric in metrics.items()
            for key in _keys(name, metric, source)
        }
        counts = {key: counted for key, counted in found.items() if counted is not None}
        arms: dict[Arm, None] = dict.fromkeys(source.arms)
        return cls(counts, tuple(metrics), source.main, arms, source.n_rounds)

    @classmethod
    def pooled(cls, several: Iterable[KeptCounts]) -> KeptCounts:
        """Return the counts of several runs, such as seeds, as one.

        Parameters
        ----------
        several : iterable of KeptCounts
            At least one, of the same arms.
        """
        given = list(several)
        together: dict[MetricKey, list[Any]] = {}
        for one in given:
            for key, counted in one.counts.items():
                together.setdefault(key, []).append(counted)
        counts = {key: type(found[0]).pooled(found) for key, found in together.items()}
        first = given[0]
        return cls(counts, first.names, first.main, first.arms, first.n_rounds)

    def counted(self, key: MetricKey, metric: Metric) -> Counted | None:
        """Return what was counted; None where nothing was.

        Raises
        ------
        UnknownNameError
            For a round that is not kept.
        """
        if key.round is not None and metric.rounds != "drawn":
            raise UnknownNameError(
                f"metric '{key.name}' is kept after the last round alone; ask the run itself for "
                f"round {key.round}"
            )
        return self.counts.get(key)

    def measured(self, metrics: Mapping[str, Metric], seed: int = 0) -> Measured:
        """Return the typed view of these counts."""
        return Measured(self, seed, metrics)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; lists of questions stand once."""
        questions: dict[tuple[str, ...], int] = {}

        def place(names: tuple[str, ...]) -> int:
            return questions.setdefault(names, len(questions))

        counts = [[*key, *_written(counted, place)] for key, counted in self.counts.items()]
        return {
            "names": list(self.names),
            "main": self.main,
            "arms": list(self.arms),
            "n_rounds": self.n_rounds,
            "questions": [list(names) for names in questions],
            "counts": counts,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> KeptCounts:
        """Return the counts that `as_dict` wrote."""
        questions = [tuple(names) for names in values["questions"]]
        counts = {
            MetricKey(name, arm, number): _read(kind, parts, questions)
            for name, arm, number, kind, *parts in values["counts"]
        }
        arms: dict[Arm, None] = dict.fromkeys(values["arms"])
        return cls(counts, tuple(values["names"]), values["main"], arms, values["n_rounds"])


def _keys(name: str, metric: Metric, source: Source) -> list[MetricKey]:
    whole = [MetricKey(name)] if metric.arms in ("run", "both") else []
    arms = [arm for arm in source.arms if metric.arms in ("each", "both", arm)]
    rounds: list[int | None] = [None]
    if metric.rounds == "drawn":
        rounds += range(source.n_rounds)
    return whole + [MetricKey(name, arm, number) for arm in arms for number in rounds]


def _written(counted: Counted, place: Any) -> list[Any]:
    if isinstance(counted, Tally):
        cases = None if counted.cases is None else _short(counted.cases)
        sums = (_short(counted.numerator), _short(counted.denominator))
        return ["tally", place(counted.questions), *sums, cases]
    if isinstance(counted, TrustScores):
        return ["trust", place(counted.questions), _short(counted.trust), _short(counted.hostile)]
    if isinstance(counted, Number):
        return ["number", list(counted.values), counted.pool]
    raise PluginError(f"a metric counts a Tally or a Number; got {type(counted).__name__}")


def _read(kind: str, parts: list[Any], questions: list[tuple[str, ...]]) -> Counted:
    if kind == "number":
        return Number(tuple(parts[0]), parts[1])
    names, arrays = questions[parts[0]], [p and _array(p) for p in parts[1:]]
    return Tally(names, *arrays) if kind == "tally" else TrustScores(names, *arrays)


def _array(values: list[float]) -> Array:
    return np.array(values, dtype=float)


def _short(values: Array) -> list[float]:
    """Return plain numbers, whole ones as integers; others exactly, since a tie may hang on it."""
    return [int(value) if float(value).is_integer() else float(value) for value in values]
