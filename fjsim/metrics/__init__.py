"""What is counted on a recorded deliberation: one family of numbers per file, typed all the way.

A metric of your own needs this module and ``fjsim.registry`` alone; see docs/plugins.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported
from fjsim.registry import declare

if TYPE_CHECKING:
    from fjsim.metrics.counting import Counted, Number, Tally, tally
    from fjsim.metrics.evidence import Evidence, Spending
    from fjsim.metrics.intervals import NOTHING, Estimate
    from fjsim.metrics.keys import MetricKey
    from fjsim.metrics.known import registered
    from fjsim.metrics.measured import Measured
    from fjsim.metrics.metric import (
        ArmCount,
        ArmMetric,
        GateMetric,
        LawMetric,
        Metric,
        PairMetric,
        RunCount,
    )
    from fjsim.metrics.pair import Pair, paired
    from fjsim.records import Transcript

__all__ = [
    "ArmCount",
    "ArmMetric",
    "Counted",
    "Estimate",
    "Evidence",
    "GateMetric",
    "LawMetric",
    "Measured",
    "Metric",
    "MetricKey",
    "NOTHING",
    "Number",
    "Pair",
    "PairMetric",
    "RunCount",
    "Spending",
    "Tally",
    "Transcript",
    "paired",
    "registered",
    "tally",
]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.metrics.counting": ["Counted", "Number", "Tally", "tally"],
        "fjsim.metrics.evidence": ["Evidence", "Spending"],
        "fjsim.metrics.intervals": ["NOTHING", "Estimate"],
        "fjsim.metrics.keys": ["MetricKey"],
        "fjsim.metrics.known": ["registered"],
        "fjsim.metrics.measured": ["Measured"],
        "fjsim.metrics.metric": [
            "ArmCount",
            "ArmMetric",
            "GateMetric",
            "LawMetric",
            "Metric",
            "PairMetric",
            "RunCount",
        ],
        "fjsim.metrics.pair": ["Pair", "paired"],
        "fjsim.records": ["Transcript"],
    },
)

# Tables show metrics in this order.
_FAMILIES = {
    "success": [
        "attack_success_rate",
        "targeted_attack_success_rate",
        "attack_success_hostile",
        "no_attack_flip_rate",
    ],
    "takeover": [
        "takeover_observed",
        "takeover_predicted",
        "flips_observed",
        "flips_predicted",
        "displacement",
    ],
    "accuracy": ["accuracy_initial", "accuracy_final", "belief_in_key", "belief_in_target"],
    "group": [
        "group_accuracy_majority",
        "group_accuracy_mean_belief",
        "group_accuracy_two_thirds",
        "group_accuracy_veto",
        "polarization",
        "ties",
        "answer_mismatches",
    ],
    "detection": [
        "detection_auc",
        "detected",
        "rounds_to_detect",
        "questions_to_detect",
        "false_isolation",
    ],
    "cost": [
        "missing_turns",
        "told_again",
        "calls",
        "failed_calls",
        "estimated_calls",
        "cached_calls",
        "tokens_in",
        "tokens_out",
        "tokens_cached",
        "cost",
        "wall_seconds",
        "labels_used",
    ],
}

for _family, _names in _FAMILIES.items():
    declare("metric", dict.fromkeys(_names, f"fjsim.metrics.{_family}"))
