"""What is counted on a recorded deliberation: one family of numbers per file, typed all the way.

A metric of your own needs this module and ``fjsim.registry`` alone; see docs/plugins.md.
"""

import importlib

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

FAMILIES = ("success", "takeover", "accuracy", "group", "detection", "cost")
"""Tables show metrics in this order."""

for family in FAMILIES:
    importlib.import_module(f"fjsim.metrics.{family}")

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
