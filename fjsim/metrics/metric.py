"""What a metric has to be: a name, a label, a direction, and how it is counted.

A metric counts, question by question, what will be divided later; intervals, paired differences
and pools over seeds all come from the same counts. Choose a base class by what has to be seen:

=============  =======================================================================
`ArmMetric`    one arm
`PairMetric`   the attacked arm beside the clean one
`LawMetric`    the same pair, and the pair with the law's beliefs in it
`GateMetric`   one arm in which a defense was at work
`ArmCount`     one arm, for a plain number without an interval
`RunCount`     what the whole run asked for and took, for a plain number
=============  =======================================================================
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from fjsim.contracts import Arm
from fjsim.metrics.counting import EMPTY, Counted, Number
from fjsim.metrics.evidence import Evidence, Spending
from fjsim.metrics.pair import Pair
from fjsim.records import Transcript

Direction = Literal["lower is safer", "higher is better", "neither"]
Needs = Literal["an arm", "a pair of arms", "a prediction", "gates", "a count"]
ARROWS = {"lower is safer": " ↓", "higher is better": " ↑", "neither": ""}


class Metric(ABC):
    """One number of a run.

    The first line of a metric's docstring says what it is, the next paragraph how it is defined;
    `fjsim list metrics` and docs/metrics.md are made of both.

    Attributes
    ----------
    label : str
        What tables and figures call it.
    direction : {'lower is safer', 'higher is better', 'neither'}
        Which way is better.
    unit : str
        What one of it is: share, belief, rounds, turns, tokens ...
    bounds : tuple of (float, float)
        Between which numbers its value lies.
    needs : str
        What has to be seen; given by the base class.
    arms : {'each', 'attacked', 'clean', 'both', 'run'}
        On which arms it is counted. ``'each'``: on both, the attacked arm's is the run's.
        ``'both'``: on both, the run's is their sum. ``'run'``: once for the whole run.
    rounds : {'once', 'any', 'drawn'}
        ``'once'``: it has one value. ``'any'``: it can be asked after any round. ``'drawn'``:
        sweeps keep it after every round too, and pages draw it.
    place : {'summary', 'page', 'data'}
        Where it is shown. ``'summary'``: in every table. ``'page'``: in a run's table and on pages,
        not in the narrow table of a sweep; a plain number stands on pages alone. ``'data'``: only
        in files, frames and JSON.
    under_attack : bool
        Whether it means something only where somebody attacks; tables leave it out elsewhere.
    beside_clean : bool
        Whether a sweep's table shows the clean arm's too, in a column of its own.
    under : str
        Name of the metric that it stands below, indented, in a run's table.
    bare : bool
        Whether JSON holds the value alone, rather than with its interval.
    """

    label: ClassVar[str]
    direction: ClassVar[Direction] = "neither"
    unit: ClassVar[str] = "share"
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    needs: ClassVar[Needs] = "an arm"
    arms: ClassVar[Literal["each", "attacked", "clean", "both", "run"]] = "each"
    rounds: ClassVar[Literal["once", "any", "drawn"]] = "once"
    place: ClassVar[Literal["summary", "page", "data"]] = "summary"
    under_attack: ClassVar[bool] = False
    beside_clean: ClassVar[bool] = False
    under: ClassVar[str] = ""
    bare: ClassVar[bool] = False

    @abstractmethod
    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Return what is counted; None where what it needs is not there.

        Parameters
        ----------
        evidence : Evidence
        arm : {'attacked', 'clean'} or None
            On which arm; None for the whole run.
        number : int
            After which round; -1 for the last.
        """

    @property
    def title(self) -> str:
        """The label with an arrow for the direction."""
        return f"{self.label}{ARROWS[self.direction]}"

    @property
    def definition(self) -> str:
        """The first two paragraphs of the docstring, on one line."""
        paragraphs = (inspect.getdoc(type(self)) or "").split("\n\n")[:2]
        kept = paragraphs[:1] + [text for text in paragraphs[1:] if "\n---" not in text]
        return " ".join(" ".join(text.split()) for text in kept)

    def has_rounds(self) -> bool:
        """Say whether it can be asked after a round."""
        return self.rounds != "once"


class ArmMetric(Metric):
    """A metric of one arm by itself."""

    @abstractmethod
    def count(self, arm: Transcript, number: int = -1) -> Counted | None:
        """Return what is counted on one arm; None where there is nothing to count.

        Parameters
        ----------
        arm : Transcript
            The attacked arm or the clean one; ``arm.adversary_seats`` are the adversary's in both.
        number : int
            After which round; -1 for the last, and always so unless ``rounds`` allows others.
        """

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Count the arm asked for."""
        if arm is None or arm not in evidence.arms:
            return None
        return _known(self.count(evidence.arms[arm], number))


class GateMetric(ArmMetric):
    """A metric of one arm in which a defense was at work."""

    needs = "gates"

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Count the arm asked for, if there are gates."""
        return super().of(evidence, arm, number) if evidence.gated else None


class PairMetric(Metric):
    """A metric of the attacked arm held against the clean one."""

    needs = "a pair of arms"
    arms = "attacked"
    under_attack = True

    @abstractmethod
    def count(self, pair: Pair, number: int = -1) -> Counted | None:
        """Return what is counted on both arms; None where there is nothing to count.

        Parameters
        ----------
        pair : Pair
            Both arms on the same items.
        number : int
            As in `ArmMetric.count`.
        """

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Count both arms, if there are both."""
        if arm != "attacked" or evidence.pair is None:
            return None
        return _known(self.count(evidence.pair, number))


class LawMetric(Metric):
    """A metric of what the law predicts, held against the recorded pair."""

    needs = "a prediction"
    arms = "attacked"
    under_attack = True

    @abstractmethod
    def count(self, pair: Pair, law: Pair) -> Counted | None:
        """Return what is counted at the last round.

        Parameters
        ----------
        pair : Pair
            Both arms as recorded; they decide which turns count.
        law : Pair
            The same arms with the law's beliefs.
        """

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Count the law's beliefs, if there are any."""
        if arm != "attacked" or evidence.pair is None or evidence.law is None:
            return None
        return _known(self.count(evidence.pair, evidence.law))


class Count(Metric):
    """A plain number without an interval."""

    needs: ClassVar[Needs] = "a count"
    bounds = (0.0, float("inf"))
    bare = True
    pool: ClassVar[Literal["sum", "mean"]] = "sum"

    def as_number(self, value: float | None) -> Number:
        """Return a value as what several runs can be pooled from; None leaves the pool."""
        return Number(() if value is None else (value,), self.pool)


class ArmCount(Count):
    """A plain number of one arm."""

    @abstractmethod
    def number(self, arm: Transcript) -> float | None:
        """Return the number of one arm."""

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Return the number of the arm asked for, or of all arms together."""
        if arm is not None:
            known = evidence.arms.get(arm)
            return None if known is None else self.as_number(self.number(known))
        found = [self.number(transcript) for transcript in evidence.arms.values()]
        return self.as_number(sum(value for value in found if value is not None))


class RunCount(Count):
    """A plain number of the whole run."""

    arms = "run"

    @abstractmethod
    def number(self, spending: Spending) -> float | None:
        """Return the number."""

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Return the number, where it is known what the run took."""
        if arm is not None or evidence.spending is None:
            return None
        return self.as_number(self.number(evidence.spending))


def _known(counted: Counted | None) -> Counted:
    return EMPTY if counted is None else counted
