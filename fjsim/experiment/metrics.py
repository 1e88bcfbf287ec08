"""All metrics of one run, by the names that the interface promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fjsim.analysis import group, security
from fjsim.analysis.detection import detection_auc
from fjsim.analysis.intervals import NOTHING, Estimate
from fjsim.contracts import Arm, Validity
from fjsim.experiment.effective_law import EffectiveLaw
from fjsim.experiment.prediction import Prediction, predictions_or_reasons
from fjsim.experiment.setup import Setup
from fjsim.records import VALIDITY_CODES, LogContents, Transcript, counted

MISSING = VALIDITY_CODES[Validity.MISSING]


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Parameters
    ----------
    metrics : dict of str to Estimate or number
        Of the attacked arm, or of the clean one where nobody attacks.
    baseline : dict of str to Estimate or number, or None
        The same of the clean arm.
    prediction : dict of str to Prediction or None
        By where the parameters come from.
    assumes : str
        What the predictions take for the belief that peers read, or why there are none.
    missing_share : float
        Of all turns.
    because : dict of str to str
        Why a prediction is None, by where its parameters would come from.
    """

    metrics: Mapping[str, Estimate | float | int | None]
    baseline: Mapping[str, Estimate | float | int | None] | None
    prediction: Mapping[str, Prediction | None]
    assumes: str
    missing_share: float
    because: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        predictions: dict[str, Any] = {
            name: None if prediction is None else prediction.as_dict()
            for name, prediction in self.prediction.items()
        }
        return {
            "metrics": _plain(self.metrics),
            "baseline": None if self.baseline is None else _plain(self.baseline),
            "prediction": {
                **predictions,
                "assumes": self.assumes,
                "because": dict(self.because),
            },
        }


def _plain(metrics: Mapping[str, Estimate | float | int | None]) -> dict[str, Any]:
    return {
        name: value.as_dict() if isinstance(value, Estimate) else value
        for name, value in metrics.items()
    }


ASSUMPTIONS = {
    "belief": "peers read the stated belief",
    "confidence": "peers read the stated confidence on the answer, the rest spread evenly",
    "answer": "peers read the answer alone, as a certain belief",
    "nothing": "peers read nothing that a belief can be read off",
}


def measure(
    transcripts: Mapping[Arm, Transcript],
    contents: LogContents,
    cost: float,
    seconds: float,
    setup: Setup,
    labels_used: int = 0,
) -> Outcome:
    """Compute every metric of a run.

    Parameters
    ----------
    transcripts : mapping of arm to Transcript
        One or both arms.
    contents : LogContents
        For what the asking took.
    cost : float
        Of all replies that were paid for.
    seconds : float
        Wall time of all sessions.
    setup : Setup
        Of the run: what bends the law in it, and the seed of the bootstrap.
    labels_used : int
        Keys that policies were shown.
    """
    attacked, clean = transcripts.get("attacked"), transcripts.get("clean")
    seed, gated = setup.scenario.seed, setup.plugins.defense is not None
    pair = None
    if attacked is not None and clean is not None:
        pair = security.paired(attacked, clean)
    prediction, because = predictions_or_reasons(pair, seed, setup)
    main = attacked if attacked is not None else clean
    assert main is not None, "a run has at least one arm"
    metrics: dict[str, Estimate | float | int | None] = {
        **_of_arm(main, seed),
        **_of_pair(pair, prediction, seed, gated),
        **_of_asking(contents, cost, seconds),
        "labels_used": labels_used,
    }
    baseline = None
    if attacked is not None and clean is not None:
        baseline = _of_arm(clean, seed)
        metrics["no_attack_flip_rate"] = baseline["attack_success_rate"]
    turns = sum(int((t.validity <= MISSING).sum()) for t in transcripts.values())
    missing = sum(int((t.validity == MISSING).sum()) for t in transcripts.values())
    metrics["missing_turns"] = missing
    return Outcome(
        metrics=metrics,
        baseline=baseline,
        prediction=prediction,
        assumes=_assumed(setup, main),
        missing_share=missing / turns if turns else 0.0,
        because=because,
    )


def _assumed(setup: Setup, transcript: Transcript) -> str:
    silent = EffectiveLaw(setup).silent_because
    return f"no prediction: {silent}" if silent else ASSUMPTIONS[transcript.peers_read]


def _of_arm(transcript: Transcript, seed: int) -> dict[str, Estimate | float | int | None]:
    has_target = transcript.targets is not None and bool((transcript.targets >= 0).any())
    targeted = security.attack_success(transcript, True, seed) if has_target else NOTHING
    majority, mean = group.majority_answer(transcript), group.mean_belief_answer(transcript)
    return {
        "attack_success_rate": security.attack_success(transcript, seed=seed),
        "targeted_attack_success_rate": targeted,
        "accuracy_initial": security.accuracy(transcript, 0, seed),
        "accuracy_final": security.accuracy(transcript, -1, seed),
        "group_accuracy_majority": group.group_accuracy(transcript, majority, seed),
        "group_accuracy_mean_belief": group.group_accuracy(transcript, mean, seed),
        "polarization": _spread(transcript),
        "ties": group.ties(transcript),
        "answer_mismatches": group.mismatches(transcript),
        "missing_turns": int((transcript.validity == MISSING).sum()),
    }


def _spread(transcript: Transcript) -> float | None:
    last = transcript.beliefs[:, -1]
    known = last[~np.isnan(last).all(axis=(1, 2))]
    return float(group.spread(known).mean()) if len(known) else None


def _of_pair(
    pair: security.Pair | None,
    prediction: Mapping[str, Prediction | None],
    seed: int,
    gated: bool,
) -> dict[str, Estimate | None]:
    names = (
        "no_attack_flip_rate",
        "takeover_observed",
        "takeover_predicted",
        "flips_predicted",
        "flips_observed",
        "displacement",
        "detection_auc",
    )
    if pair is None:
        return dict.fromkeys(names, None)
    best = prediction["declared"] or prediction["fitted_clean"]
    return {
        "no_attack_flip_rate": None,
        "takeover_observed": security.takeover(pair, seed=seed),
        "takeover_predicted": None if best is None else best.takeover,
        "flips_predicted": None if best is None else best.flips,
        "flips_observed": security.flips(pair, seed=seed),
        "displacement": security.displacement(pair, seed),
        "detection_auc": detection_auc(pair.attacked, seed) if gated else None,
    }


def _of_asking(contents: LogContents, cost: float, seconds: float) -> dict[str, float | int]:
    counts = counted(contents)
    return {
        "calls": counts["calls"],
        "cached_calls": counts["cached_calls"],
        "tokens_in": counts["tokens_in"],
        "tokens_out": counts["tokens_out"],
        "tokens_cached": counts["tokens_cached"],
        "cost": round(cost, 6),
        "wall_seconds": round(seconds, 3),
    }
