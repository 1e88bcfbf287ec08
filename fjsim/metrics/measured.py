"""Every number of a run as a typed view: by metric, arm and round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from fjsim.contracts import Arm
from fjsim.errors import UnknownNameError, nearest
from fjsim.metrics.counting import Counted
from fjsim.metrics.intervals import NOTHING, Estimate
from fjsim.metrics.keys import MetricKey
from fjsim.metrics.known import registered
from fjsim.metrics.metric import Metric
from fjsim.readonly import ReadOnly

if TYPE_CHECKING:
    import pandas as pd


Asked = str | tuple[str] | tuple[str, str | None] | tuple[str, str | None, int | None]


class Source(Protocol):
    """Where counts come from: the evidence of a run, or counts that were kept."""

    @property
    def main(self) -> Arm:
        """The attacked arm, or the clean one where nobody attacks."""

    @property
    def arms(self) -> Mapping[Arm, object]:
        """The arms there are."""

    @property
    def n_rounds(self) -> int:
        """Rounds after round 0."""

    def counted(self, key: MetricKey, metric: Metric) -> Counted | None:
        """Return what was counted; None where the metric has nothing to look at."""


@dataclass(frozen=True, eq=False, repr=False)
class Measured:
    """The numbers of a run; each is estimated when it is first asked for.

    Parameters
    ----------
    source : Source
        What was counted, or can be.
    seed : int
        Seed of the bootstrap.
    metrics : mapping of str to Metric
        By default all that are registered.

    Examples
    --------
    ``measured["takeover_observed"]`` is the last round's, on the attacked arm;
    ``measured["attack_success_rate", "clean", 3]`` the clean arm's after round 3. A number that a
    run does not have, such as detection without a defense, has the value None.
    """

    source: Source
    seed: int = 0
    metrics: Mapping[str, Metric] = field(default_factory=registered)
    _known: dict[MetricKey, Estimate | None] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", ReadOnly(self.metrics))

    def __repr__(self) -> str:
        return f"Measured({len(self.metrics)} metrics on {', '.join(self.source.arms)})"

    def __getitem__(self, asked: Asked) -> Estimate:
        """Return one number.

        Parameters
        ----------
        asked : str or tuple
            Metric; arm, by default the attacked one, else the clean one; round, by default the
            last.

        Raises
        ------
        UnknownNameError
            If there is no such metric, arm or round; says what there is.
        """
        return self._estimate(self._key(asked)) or NOTHING

    def __contains__(self, asked: object) -> bool:
        """Say whether there is such a number and something was counted for it."""
        try:
            return self[cast(Asked, asked)].value is not None
        except UnknownNameError:
            return False

    def __iter__(self) -> Iterator[MetricKey]:
        """Yield the key of every number at the last round, the run's own before the clean arm's."""
        yield from self._keys(None).values()
        if self.source.main != "clean" and "clean" in self.source.arms:
            yield from self._keys("clean").values()

    def __len__(self) -> int:
        return len(list(iter(self)))

    def counted(self, asked: Asked) -> Counted | None:
        """Return the counts behind one number; None where the run does not have it.

        Parameters
        ----------
        asked
            As in ``measured[asked]``.
        """
        key = self._key(asked)
        return self.source.counted(key, self.metrics[key.name])

    def by_round(self, name: str, arm: Arm | None = None) -> tuple[Estimate, ...]:
        """Return one number after each round, round 0 first.

        Parameters
        ----------
        name : str
        arm : {'attacked', 'clean'}, optional
        """
        return tuple(self[name, arm, number] for number in range(self.source.n_rounds + 1))

    def as_mapping(self, arm: Arm | None = None) -> Mapping[str, Estimate]:
        """Return all numbers at the last round by the name of their metric; read-only.

        Parameters
        ----------
        arm : {'attacked', 'clean'}, optional
            By default the numbers of the run; else what is counted on that arm by itself.
        """
        return ReadOnly(
            {name: self._estimate(key) or NOTHING for name, key in self._keys(arm).items()}
        )

    def as_dict(
        self, arm: Arm | None = None
    ) -> dict[str, dict[str, float | int | None] | float | None]:
        """Return plain values for JSON.

        Parameters
        ----------
        arm : {'attacked', 'clean'}, optional
            As in `as_mapping`.

        Returns
        -------
        dict
            Name to ``{"value", "low", "high", "n"}``, to a number where the metric is one, or to
            None where the run does not have it.
        """
        return {name: self._as_number(name, key) for name, key in self._keys(arm).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number at the last round, with its label, direction and unit."""
        import pandas as pd

        return pd.DataFrame([self._row(key) for key in self])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(escape=True, index=False))

    def _row(self, key: MetricKey) -> dict[str, object]:
        metric, estimate = self.metrics[key.name], self._estimate(key) or NOTHING
        return {
            "metric": key.name,
            "arm": key.arm or "",
            **estimate.as_dict(),
            "label": metric.label,
            "direction": metric.direction,
            "unit": metric.unit,
        }

    def _as_number(self, name: str, key: MetricKey) -> dict[str, float | int | None] | float | None:
        estimate = self._estimate(key)
        if estimate is None or self.metrics[name].bare:
            return None if estimate is None else estimate.value
        return estimate.as_dict()

    def _keys(self, arm: Arm | None) -> dict[str, MetricKey]:
        """Return the keys of the run's own numbers, or of those counted on one arm by itself."""
        if arm is None:
            return {name: self._headline(name) for name in self.metrics}
        return {
            name: MetricKey(name, arm)
            for name, metric in self.metrics.items()
            if metric.arms in ("each", "both")
        }

    def _headline(self, name: str) -> MetricKey:
        arms = self.metrics[name].arms
        if arms in ("both", "run"):
            return MetricKey(name)
        if arms == "each":
            return MetricKey(name, self.source.main)
        return MetricKey(name, "clean" if arms == "clean" else "attacked")

    def _estimate(self, key: MetricKey) -> Estimate | None:
        if key not in self._known:
            metric = self.metrics[key.name]
            # The clean arm's own numbers are a base only where there is an attacked arm beside it.
            alone = metric.arms == "clean" and self.source.main == "clean"
            counted = None if alone else self.source.counted(key, metric)
            self._known[key] = None if counted is None else counted.estimate(self.seed)
        return self._known[key]

    def _key(self, asked: Asked) -> MetricKey:
        """Return what is meant, checked and with its defaults."""
        parts = (asked,) if isinstance(asked, str) else asked
        name = parts[0]
        arm = parts[1] if len(parts) > 1 else None
        number = parts[2] if len(parts) > 2 else None
        metric = self.metrics.get(name)
        if metric is None:
            known = ", ".join(self.metrics)
            hint = nearest(name, self.metrics)
            raise UnknownNameError(f"no metric '{name}'; there are {known}{hint}")
        key = self._headline(name)
        if arm is not None and arm != key.arm:
            key = MetricKey(name, self._arm(name, metric, arm))
        return key if number is None else key._replace(round=self._round(name, metric, number))

    def _arm(self, name: str, metric: Metric, arm: str) -> Arm:
        allowed = list(self.source.arms) if metric.arms in ("each", "both") else []
        if arm not in allowed:
            where = ", ".join(allowed) or f"no arm but its own ({metric.arms})"
            raise UnknownNameError(f"metric '{name}' on arm '{arm}'; it is counted on {where}")
        return next(known for known in allowed if known == arm)

    def _round(self, name: str, metric: Metric, number: int) -> int | None:
        last = self.source.n_rounds
        if not metric.has_rounds():
            raise UnknownNameError(f"metric '{name}' has no rounds; ask for it without one")
        if not -1 <= number <= last:
            raise UnknownNameError(f"no round {number}; there are 0 to {last}, and -1 for the last")
        # The last round is what is kept without a round.
        return None if number in (-1, last) else number
