"""What a run came to: its numbers, what the law predicts of them, and whether to trust them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fjsim.contracts import Arm
from fjsim.metrics import Estimate, Evidence, Measured, Pair, Spending, paired
from fjsim.metrics.cost import MISSING
from fjsim.metrics.evidence import Mask, hostile_items
from fjsim.records import RunHeader, Transcript
from fjsim.runs.law.effective import EffectiveLaw
from fjsim.runs.law.intent import declared_hostile
from fjsim.runs.law.prediction import SOURCES, Prediction, laws_or_reasons, predictions
from fjsim.runs.resolve import Setup
from fjsim.runs.unread import rewrites_others


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run came to.

    Parameters
    ----------
    measured : Measured
        Every number of both arms.
    prediction : dict of str to Prediction or None
        By where the parameters come from.
    assumes : str
        What the predictions take for the belief that peers read, or why there are none.
    missing_share : float
        Share of all turns that are missing.
    because : dict of str to str
        Why a prediction is None, by where its parameters would come from.
    """

    measured: Measured
    prediction: Mapping[str, Prediction | None]
    assumes: str
    missing_share: float
    because: Mapping[str, str]

    @property
    def metrics(self) -> Mapping[str, Estimate]:
        """Numbers of the attacked arm, or of the clean one where nobody attacks."""
        return self.measured.as_mapping()

    @property
    def baseline(self) -> Mapping[str, Estimate] | None:
        """Numbers of the clean arm beside an attacked one."""
        return self.measured.as_mapping("clean") if self._has_baseline else None

    @property
    def _has_baseline(self) -> bool:
        return len(self.measured.source.arms) > 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        predictions: dict[str, Any] = {
            name: None if prediction is None else prediction.as_dict()
            for name, prediction in self.prediction.items()
        }
        return {
            "metrics": self.measured.as_dict(),
            "baseline": self.measured.as_dict("clean") if self._has_baseline else None,
            "prediction": {
                **predictions,
                "assumes": self.assumes,
                "because": dict(self.because),
            },
        }


UNKNOWN = "the scenario of the run is not known"
ASSUMPTIONS = {
    "belief": "peers read the stated belief",
    "confidence": "peers read the stated confidence on the answer, the rest spread evenly",
    "words": "peers read the answer and what its reason conveys of the stated confidence, the rest "
    "spread evenly",
    "answer": "peers read the answer alone, as a certain belief",
    "nothing": "peers read nothing that a belief can be read off",
}


def measure(transcripts: Mapping[Arm, Transcript], spending: Spending, setup: Setup) -> Outcome:
    """Compute every metric of a run.

    Parameters
    ----------
    transcripts : mapping of arm to Transcript
        One or both arms.
    spending : Spending
        What the asking took.
    setup : Setup
        Setup of the run: what bends the law in it, and the seed of the bootstrap.
    """
    seed = setup.scenario.seed
    pair = None
    if len(transcripts) == 2:
        pair = paired(transcripts["attacked"], transcripts["clean"])
    said, because = laws_or_reasons(pair, setup)
    evidence = evidence_of(
        transcripts, pair, said["declared"] or said["fitted_clean"], setup, spending
    )
    return Outcome(
        measured=Measured(evidence, seed),
        prediction=predictions(pair, said, seed),
        assumes=_assumed(setup, transcripts[evidence.main]),
        missing_share=missing_share(transcripts),
        because=because,
    )


def measure_log(transcripts: Mapping[Arm, Transcript], header: RunHeader) -> Outcome:
    """Compute what a log shows by itself, without the scenario behind it.

    Parameters
    ----------
    transcripts : mapping of arm to Transcript
        One or both arms.
    header : RunHeader
        Header of the log.

    Returns
    -------
    Outcome
        Without what the run took, without a prediction, and without what only the attack itself
        could tell.
    """
    return Outcome(
        measured=Measured(evidence_of_log(transcripts, header)),
        prediction=dict.fromkeys(SOURCES),
        assumes=f"no prediction: {UNKNOWN}",
        missing_share=missing_share(transcripts),
        because=dict.fromkeys(SOURCES, UNKNOWN),
    )


def evidence_of_log(transcripts: Mapping[Arm, Transcript], header: RunHeader) -> Evidence:
    """Return what metrics may look at where only the log is known; parameters as `measure_log`."""
    gated = header.law is not None and header.law.defense is not None
    return Evidence(arms=transcripts, gated=gated, order=header.questions)


def missing_share(transcripts: Mapping[Arm, Transcript]) -> float:
    """Return the share of all turns that are missing."""
    turns = sum(int((t.validity <= MISSING).sum()) for t in transcripts.values())
    missing = sum(int((t.validity == MISSING).sum()) for t in transcripts.values())
    return missing / turns if turns else 0.0


def evidence_of(
    transcripts: Mapping[Arm, Transcript],
    pair: Pair | None,
    law: Pair | None,
    setup: Setup,
    spending: Spending | None = None,
) -> Evidence:
    """Return what the metrics of a run may look at.

    Parameters
    ----------
    transcripts : mapping of arm to Transcript
        One or both arms.
    pair : Pair or None
        Both arms on their common items, where there are both.
    law : Pair or None
        The same with the law's beliefs.
    setup : Setup
    spending : Spending, optional
    """
    return Evidence(
        arms=transcripts,
        gated=setup.plugins.defense is not None,
        hostile=None if pair is None else _hostile(pair, setup),
        law=law,
        order=tuple(dict.fromkeys(item.question.id for item in setup.items)),
        spending=spending,
    )


def _hostile(pair: Pair, setup: Setup) -> Mask:
    declared = declared_hostile(setup, pair.attacked)
    return hostile_items(pair, declared, rewrites_others(setup.plugins.attack))


def _assumed(setup: Setup, transcript: Transcript) -> str:
    silent = EffectiveLaw(setup).silent_because
    return f"no prediction: {silent}" if silent else ASSUMPTIONS[transcript.peers_read]
