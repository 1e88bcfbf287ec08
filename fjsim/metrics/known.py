"""Every metric there is, ours and a stranger's, in the order in which tables show them."""

from __future__ import annotations

from collections.abc import Mapping

from fjsim.errors import PluginError
from fjsim.metrics.metric import ARROWS, Metric
from fjsim.registry import Entry, in_order


def registered() -> Mapping[str, Metric]:
    """Return the metrics by name: ours in the order of their families, then strangers' by name.

    Raises
    ------
    PluginError
        If something is registered as a metric and is none, or does not say what tables need.
    """
    return {entry.name: _made(entry) for entry in in_order("metric")}


def _made(entry: Entry) -> Metric:
    try:
        metric = entry.factory()
    except TypeError as error:
        raise PluginError(
            f"metric '{entry.name}' of package {entry.package} cannot be made: {error}; it needs "
            "count or number, and no parameter without a default"
        ) from error
    if not isinstance(metric, Metric):
        raise PluginError(
            f"metric '{entry.name}' is a {type(metric).__name__}; make it a subclass of "
            "fjsim.metrics.Metric, such as ArmMetric"
        )
    if not getattr(metric, "label", "") or metric.direction not in ARROWS:
        raise PluginError(
            f"metric '{entry.name}' of package {entry.package} needs a label, and a direction out "
            f"of {', '.join(ARROWS)}"
        )
    return metric


def markdown(metrics: Mapping[str, Metric]) -> str:
    """Return the table of metrics as it stands in docs/metrics.md.

    Parameters
    ----------
    metrics : mapping of str to Metric
        From `registered`.
    """
    rows = ["| metric | in tables | unit | definition |", "|---|---|---|---|"]
    for name, metric in metrics.items():
        cells = (f"`{name}`", metric.title, metric.unit, metric.definition)
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"
