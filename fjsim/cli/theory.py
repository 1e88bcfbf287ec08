"""``fjsim theory``: what adversaries can do to a group, before a single model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer

from fjsim.cli.colluders import promised, show_measured, show_promises
from fjsim.cli.console import err, out, print_json
from fjsim.dynamics.attacked.takeover import Takeover, takeover
from fjsim.errors import ConfigError, ParameterError
from fjsim.report.terminal.theory import (
    common_resistance,
    takeover_json,
    takeover_notes,
    takeover_table,
)

if TYPE_CHECKING:
    from fjsim.runs.law.foreseen import DeclaredGroup
    from fjsim.runs.resolve import Setup

STUBBORNNESS, SELF_WEIGHT = 0.1, 0.3
"""What is assumed of a group of which nothing is said."""
OWN = "default {}, or the scenario's."


def theory(
    scenario: Annotated[
        Path | None,
        typer.Argument(
            help="A scenario in YAML, or a run folder; flags override what it says.",
            show_default=False,
        ),
    ] = None,
    topology: Annotated[
        str | None,
        typer.Option(
            help="A registered name, or an edge list (CSV/TSV/.gz/.npz); " + OWN.format("complete")
        ),
    ] = None,
    agents: Annotated[int | None, typer.Option(help=f"How many agents; {OWN.format('6')}")] = None,
    stubbornness: Annotated[
        str | None,
        typer.Option(
            help="Weight on the innate belief, 0..1; one number, or one per agent with commas; "
            + OWN.format("0.1")
        ),
    ] = None,
    self_weight: Annotated[
        str | None,
        typer.Option(
            help="Share kept on the own last belief, 0..1; likewise; " + OWN.format("0.3")
        ),
    ] = None,
    seat: Annotated[
        list[str] | None,
        typer.Option(help=f"hub, leaf or an index; repeat for colluders; {OWN.format('hub')}"),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(help="Also after this many rounds; default none, or the scenario's."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Innate P(correct) - P(target), 0..1: count flips; default not counted."),
    ] = None,
    trust: Annotated[
        float, typer.Option(help="Trust in the adversaries relative to a benign peer.")
    ] = 1.0,
    residual: Annotated[
        Literal["renormalise", "innate", "self"],
        typer.Option(
            help="Where the weight goes that trust takes away: renormalise, innate or self.",
            metavar="WHERE",
        ),
    ] = "renormalise",
    adversary_stubbornness: Annotated[
        float | None,
        typer.Option(help=f"Below 1 the adversaries yield a little; {OWN.format('1')}"),
    ] = None,
    persuasiveness: Annotated[
        float | None,
        typer.Option(
            help="Multiplies the adversaries' weights; rows are renormalised; " + OWN.format("1")
        ),
    ] = None,
    directed: Annotated[
        bool, typer.Option("--directed", help="Edge list: speaker to listener only.")
    ] = False,
    seed: Annotated[int, typer.Option(help="For random topologies.")] = 0,
    plot: Annotated[bool, typer.Option("--plot", help="Draw a phase diagram.")] = False,
    output: Annotated[Path, typer.Option("--out", help="Where the phase diagram goes.")] = Path(
        "theory.html"
    ),
    colluders: Annotated[
        int | None,
        typer.Option(help="What can be promised against so many that see all votes; default off."),
    ] = None,
    competence: Annotated[
        float, typer.Option(help="With --colluders: how often an agent is right alone, 0..1.")
    ] = 0.8,
    loss: Annotated[
        list[float] | None,
        typer.Option(
            help="With --colluders: accuracy that a rule may lose, 0..1; may be repeated; default "
            "0, .02 and .05.",
            metavar="NUMBER",
        ),
    ] = None,
    casting: Annotated[
        Path | None,
        typer.Option(help="What the casting votes of a run folder were worth; default off."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Predict how far adversaries move a group, and what would stop them.

    Example: one adversary at the hub of a star of six, at equilibrium and after ten rounds

        fjsim theory --topology star --agents 6 --seat hub --rounds 10 --margin .5

    Example: what to expect of a run, with the parameters of the agents that play it

        fjsim theory configs/star.yaml

    Example: what no rule can beat where two of six collude, and what casting votes promise

        fjsim theory --colluders 2 --agents 6 --competence .8
    """
    if casting is not None:
        show_measured(casting, colluders, seed, json)
        return
    if colluders is not None:
        crowd = 6 if agents is None else agents
        law = stubbornness or str(STUBBORNNESS), self_weight or str(SELF_WEIGHT), rounds, seed
        show_promises(promised(crowd, colluders, competence, loss or (), *law), json)
        return
    given = _Given.of(scenario)
    name, graph, n_agents = given.graph(topology, agents, directed)
    held = _numbers("stubbornness", stubbornness, given.stubbornness)
    own = _numbers("self-weight", self_weight, given.self_weight)
    seats = seat or given.seats
    predicted = takeover(
        graph,
        n_agents,
        seats,
        stubbornness=held,
        self_weight=own,
        n_rounds=given.rounds if rounds is None else rounds,
        margin=margin,
        trust=trust,
        residual=residual,
        adversary_stubbornness=_or(adversary_stubbornness, given.adversary_stubbornness),
        seed=seed,
        persuasiveness=_or(persuasiveness, given.persuasiveness),
    )
    if plot:
        _draw(name, predicted, seats, own, margin, predicted.n_rounds, seed, output)
    if json:
        print_json({**takeover_json(predicted), "over_questions": given.over_questions})
        return
    out.print(takeover_table(name, predicted))
    overridden = any(
        one is not None
        for one in (topology, agents, stubbornness, self_weight, seat, rounds, persuasiveness)
    )
    for line in [*takeover_notes(predicted), *given.notes(overridden, stubbornness, self_weight)]:
        out.print(line, markup=False)


def _or(given: float | None, usual: float) -> float:
    return usual if given is None else given


@dataclass(frozen=True)
class _Given:
    """What a scenario says of the group, or what is assumed without one."""

    setup: Setup | None = None
    group: DeclaredGroup | None = None
    because: str = ""

    @classmethod
    def of(cls, path: Path | None) -> _Given:
        if path is None:
            return cls()
        from fjsim.records import SCENARIO
        from fjsim.runs.law.foreseen import DeclaredGroup, declared_group
        from fjsim.runs.resolve import resolve
        from fjsim.scenario import load_scenario

        setup = resolve(load_scenario(path / SCENARIO if path.is_dir() else path))
        if not setup.seats:
            raise ConfigError(
                f"{path}: attack '{setup.scenario.attack.kind}' holds no seat, so there is no "
                "takeover to predict; give a scenario whose attack holds one"
            )
        group = declared_group(setup)
        if isinstance(group, DeclaredGroup):
            return cls(setup, group)
        return cls(setup, None, group)

    @property
    def stubbornness(self) -> float | list[float]:
        return STUBBORNNESS if self.group is None else self.group.mean[0].tolist()

    @property
    def self_weight(self) -> float | list[float]:
        return SELF_WEIGHT if self.group is None else self.group.mean[1].tolist()

    @property
    def seats(self) -> list[str]:
        return ["hub"] if self.setup is None else [str(seat) for seat in self.setup.seats]

    @property
    def rounds(self) -> int | None:
        return None if self.setup is None else self.setup.scenario.rounds

    @property
    def adversary_stubbornness(self) -> float:
        return 1.0 if self.group is None else self.group.adversary_stubbornness

    @property
    def persuasiveness(self) -> float:
        return 1.0 if self.group is None else self.group.persuasiveness

    @property
    def over_questions(self) -> float | None:
        """The takeover after all rounds, with the parameters of each question in turn."""
        if self.setup is None or self.group is None:
            return None
        from fjsim.runs.law.foreseen import mean_takeover

        return mean_takeover(self.setup, self.group)

    def graph(
        self, topology: str | None, agents: int | None, directed: bool
    ) -> tuple[str, Any, int | None]:
        """Return what the graph is called, the graph, and its size where it is a name."""
        if self.setup is not None and topology is None and agents is None:
            return self.setup.scenario.topology.kind, self.setup.influence, None
        known = "complete" if self.setup is None else self.setup.scenario.topology.kind
        usual = None if self.setup is None else self.setup.scenario.n_agents
        return (topology or known, *_topology(topology or known, agents or usual, directed))

    def notes(
        self, overridden: bool, stubbornness: str | None, self_weight: str | None
    ) -> list[str]:
        """Say where the parameters come from, and why a run may print another number."""
        if self.setup is None:
            return _assumed(stubbornness, self_weight)
        if self.group is None:
            return [f"stubbornness .1 and self-weight .3 are assumed: {self.because}"]
        if overridden:
            return []
        benign = [seat not in self.setup.seats for seat in range(self.setup.scenario.n_agents)]
        held, own = (float(each[benign].mean()) for each in self.group.mean)
        lines = [
            f"parameters: the scenario's agents have stubbornness {held:.2f} and self-weight "
            f"{own:.2f} on average, and other ones on each question. Question by question the mean "
            f"takeover after {self.setup.scenario.rounds} rounds is {self.over_questions:.3f}, "
            "and a run comes out near that"
        ]
        if self.setup.plugins.defense is not None:
            lines.append(f"defense {self.setup.scenario.defense.kind} is left out")
        return lines


def _assumed(stubbornness: str | None, self_weight: str | None) -> list[str]:
    if stubbornness is not None and self_weight is not None:
        return []
    return [
        f"assumed: stubbornness {stubbornness or STUBBORNNESS}, self-weight "
        f"{self_weight or SELF_WEIGHT}. The simulated model has .38 and .10 on average, so that "
        "a run comes out lower: give a scenario or a run folder for its own"
    ]


def _topology(name: str, agents: int | None, directed: bool) -> tuple[Any, int | None]:
    """Return a registered name and its size, or the influence of an edge list."""
    path = Path(name)
    if path.suffix and path.is_file():
        from fjsim.dynamics.networks.edges import read_edges

        return read_edges(path, directed=directed).network.influence(), agents
    return name, 6 if agents is None else agents


def _numbers(name: str, text: str | None, usual: float | list[float]) -> float | list[float]:
    """Read one number, or several with commas between; without any, the usual ones."""
    if text is None:
        return usual
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(
            f"--{name} takes a number, or one per agent with commas between; got '{text}'"
        ) from error
    return values[0] if len(values) == 1 else values


def _draw(
    topology: str,
    predicted: Takeover,
    seats: list[str],
    self_weight: float | list[float],
    margin: float | None,
    rounds: int | None,
    seed: int,
    output: Path,
) -> None:
    """Write the phase diagram around the group at hand."""
    from fjsim.dynamics.attacked.phase import phase_diagram
    from fjsim.metrics import NOTHING
    from fjsim.report.html.phase import Observed, phase_page
    from fjsim.runs.folder import write_file

    common = common_resistance(predicted.resistance)
    if Path(topology).is_file() or not isinstance(self_weight, float):
        raise ParameterError(
            "--plot varies the group, so it needs a registered topology and one self-weight for all"
        )
    n_agents = predicted.resistance.size
    largest = max(24, 2 * n_agents)
    sizes = np.unique(np.linspace(max(4, len(seats) + 2), largest, 24).astype(int))
    diagram = phase_diagram(
        topology,
        sizes,
        np.geomspace(0.01, 10, 49),
        seats,
        self_weight=self_weight,
        margin=0.5 if margin is None else margin,
        n_rounds=rounds,
        seed=seed,
    )
    marks = (
        [Observed("the group at hand", common, n_agents, NOTHING)]
        if isinstance(common, float)
        else []
    )
    write_file(output, phase_page(diagram, marks))
    err.print(f"phase diagram: {output}")
