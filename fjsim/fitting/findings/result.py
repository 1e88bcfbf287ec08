"""What a fit hands back: parameters, and what is known about how well they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from fjsim.beliefs import Array
from fjsim.figured import Figured
from fjsim.fitting.findings.identified import (
    ComparisonRow,
    FittedPopulation,
    Identified,
    Intervals,
    ModelChoice,
    NullReport,
    OneLaw,
    Reliability,
    RoleWeight,
    SplitHalf,
)
from fjsim.html_table import html_table
from fjsim.readonly import ReadOnlyArrays
from fjsim.records.transcript import Transcript
from fjsim.serial.json import plain

if TYPE_CHECKING:
    from fjsim.dynamics import FJParameters


@dataclass(frozen=True, eq=False)
class ItemParameters(ReadOnlyArrays):
    """Parameters item by item; NaN where the item does not determine them.

    Parameters
    ----------
    rows : ndarray of shape (n_items, n_agents, n_agents + 2)
        Weights, always defined.
    stubbornness, self_weight : ndarray of shape (n_items, n_agents)
    influence : ndarray of shape (n_items, n_agents, n_agents)
    influence_shares : ndarray of shape (n_items, n_agents)
        Mean weight of each innate belief in the beliefs after the last round.
    """

    rows: Array
    stubbornness: Array
    self_weight: Array
    influence: Array
    influence_shares: Array


@dataclass(frozen=True, eq=False, repr=False)
class FJFit(ReadOnlyArrays):
    """Fitted Friedkin-Johnsen parameters.

    Parameters
    ----------
    model : str
        Name of the estimator.
    n_items, n_agents, n_rounds : int
        Size of what was fitted.
    agents : tuple of str
        Names of the seats.
    stubbornness, self_weight : ndarray of shape (n_agents,)
        NaN where not identified. For models with parameters per item: the mean over the items
        that determine them.
    influence : ndarray of shape (n_agents, n_agents)
        ``[listener, speaker]``; NaN where not identified.
    influence_shares : ndarray of shape (n_agents,)
        Mean weight of each innate belief in the group's beliefs after ``n_rounds``; NaN where
        seats have no identity.
    rows : ndarray of shape (n_agents, n_agents + 2)
        Weights on innate belief, own last belief and speakers; always defined, what predictions
        use.
    identified : Identified
        What the data determine, and the blind spots by name.
    intervals : Intervals or None
        None where nothing was resampled.
    warnings : tuple of str
        What a reader must know before believing a number.
    one_step_mse, persistence_mse : float
        In-sample error of the fit, and of predicting no change: mean over turns of half the
        summed squared gap.
    n_turns : int
        Turns that went in.
    equilibrium_influence : ndarray of shape (n_agents, n_agents), or None
        None where it is not determined.
    items : ItemParameters or None
        For models with parameters per item.
    comparison : tuple of ComparisonRow
        Held-out comparison, where asked for.
    nulls : NullReport or None
        Tests of input-dependence, where asked for.
    population : FittedPopulation or None
        Mean and spread over items and agents, for models whose law varies by item and agent.
    one_law : OneLaw or None
        Whether one law holds for all items, where that was tested.
    choice : ModelChoice or None
        Why this model, where it was chosen.
    split_half : dict of str to SplitHalf, or None
        How well each parameter of the seats comes back from the other half of the questions.
    reliability : Reliability or None
        Held-out predictions of the top option beside what came.
    unit : str
        What beliefs are measured in.
    simulated : bool
        Whether the transcript says that no language model took part.
    roles : dict of str to RoleWeight
        What roles of speakers weigh, for models that tell them apart.
    """

    model: str
    n_items: int
    n_agents: int
    n_rounds: int
    agents: tuple[str, ...]
    stubbornness: Array
    self_weight: Array
    influence: Array
    influence_shares: Array
    rows: Array
    identified: Identified
    intervals: Intervals | None
    warnings: tuple[str, ...]
    one_step_mse: float
    persistence_mse: float
    n_turns: int
    equilibrium_influence: Array | None = None
    items: ItemParameters | None = None
    comparison: tuple[ComparisonRow, ...] = ()
    nulls: NullReport | None = None
    population: FittedPopulation | None = None
    one_law: OneLaw | None = None
    choice: ModelChoice | None = None
    split_half: dict[str, SplitHalf] | None = None
    reliability: Reliability | None = None
    unit: str = "probability"
    details: dict[str, Any] = field(default_factory=dict)
    predictor: Callable[[Transcript], Array] | None = field(default=None, repr=False)
    roller: Callable[[Transcript, int], Array] | None = field(default=None, repr=False)

    figures: ClassVar[Figured] = Figured("FitFigures")
    """What can be drawn, as matplotlib figures: ``fit.figures.parameters()``."""
    simulated: bool = False
    roles: dict[str, RoleWeight] = field(default_factory=dict)

    def rows_for(self, transcript: Transcript) -> Array:
        """Return the weights that the fit gives to each item of a transcript.

        Parameters
        ----------
        transcript : Transcript
            With the same seats.

        Returns
        -------
        ndarray of shape (n_agents, n_agents + 2), or with leading axes for items and rounds
        """
        return self.rows if self.predictor is None else self.predictor(transcript)

    @property
    def role_lines(self) -> tuple[str, ...]:
        """What each role of speakers weighs, a line each; empty for models without roles."""
        if not self.roles:
            return ()
        title = "weight of a speaker per unit of attention, by role [95 %]:"
        return title, *(f"  {name:<20} {one.text}" for name, one in self.roles.items())

    @property
    def parameters(self) -> FJParameters:
        """A complete parameter set that moves beliefs as the rows do, for rollouts.

        Where a parameter is not identified, some value stands in its place: read single
        parameters from ``stubbornness``, ``self_weight`` and ``influence``, never from here.
        """
        from fjsim.fitting.rows.solving import parameters_of

        return parameters_of(self.rows)

    @property
    def verdict(self) -> tuple[str, ...]:
        """What the fit says, in at most twelve lines of plain words."""
        from fjsim.fitting.findings.verdict import verdict_lines

        return verdict_lines(self)

    def summary(self) -> str:
        """Return the fit as a table of plain text."""
        from fjsim.fitting.findings.summary import summary_text

        return summary_text(self)

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``fjsim fit --json`` prints; None where not identified."""
        return {
            "model": self.model,
            "simulated": self.simulated,
            "n_items": self.n_items,
            "n_agents": self.n_agents,
            "parameters": {
                "stubbornness": plain(self.stubbornness),
                "self_weight": plain(self.self_weight),
                "influence": plain(self.influence),
            },
            "intervals": self._intervals_json(),
            "identified": self._identified_json(),
            "warnings": list(self.warnings),
            "comparison": [
                {**plain(asdict(row)), "error": plain(row.one_step_mse)} for row in self.comparison
            ],
            "influence_shares": plain(self.influence_shares),
            "equilibrium_influence": plain(self.equilibrium_influence),
            "n_rounds": self.n_rounds,
            "n_turns": self.n_turns,
            "agents": list(self.agents),
            "one_step_mse": plain(self.one_step_mse),
            "persistence_mse": plain(self.persistence_mse),
            "nulls": None if self.nulls is None else plain(asdict(self.nulls)),
            "details": plain(self.details),
            "verdict": list(self.verdict),
            "unit": self.unit,
            "chosen": _plain_record(self.choice),
            "one_law": _plain_record(self.one_law),
            "population": _plain_record(self.population),
            "split_half": None
            if self.split_half is None
            else {name: _plain_record(half) for name, half in self.split_half.items()},
            "reliability": _plain_record(self.reliability),
            "roles": {role: plain(asdict(one)) for role, one in self.roles.items()},
        }

    def _intervals_json(self) -> dict[str, Any] | None:
        if self.intervals is None:
            return None
        return {key: plain(value) for key, value in asdict(self.intervals).items()}

    def _identified_json(self) -> dict[str, Any]:
        known = self.identified
        return {
            "stubbornness": known.stubbornness.tolist(),
            "self_weight": known.self_weight.tolist(),
            "influence": known.influence.tolist(),
            "equilibrium": known.equilibrium,
            "reasons": [list(reasons) for reasons in known.reasons],
            "noise": plain(known.noise),
            "smallest_singular_value": plain(known.smallest_singular_value),
            "rank": known.rank.tolist(),
            "n_unknowns": known.n_unknowns.tolist(),
        }

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        known = int(self.identified.stubbornness.sum())
        return (
            f"FJFit({self.model}: {self.n_items} items, {self.n_agents} agents, stubbornness of "
            f"{known} identified; print it for the table)"
        )

    def _repr_html_(self) -> str:
        from fjsim.fitting.findings.summary import parameter_cells, parameter_title

        names = ("agent", "stubbornness", "self-weight", "influence share")
        title = f"{self.verdict[0]} · {parameter_title(self)}"
        return html_table(names, parameter_cells(self), title, self.warnings)


def _plain_record(record: Any) -> Any:
    return None if record is None else plain(asdict(record))
