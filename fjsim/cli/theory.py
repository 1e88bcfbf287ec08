"""``fjsim theory``: what adversaries can do to a group, before a single model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from fjsim.cli.console import err, out, print_json
from fjsim.dynamics.attacked.takeover import Takeover, takeover
from fjsim.errors import ConfigError, ParameterError
from fjsim.report.terminal.theory import (
    common_resistance,
    takeover_json,
    takeover_notes,
    takeover_table,
)


def theory(
    topology: Annotated[
        str, typer.Option(help="A registered name, or an edge list (CSV/TSV/.gz/.npz).")
    ] = "complete",
    agents: Annotated[int | None, typer.Option(help="How many agents; default 6.")] = None,
    stubbornness: Annotated[
        str, typer.Option(help="Weight on the innate belief, 0..1; one number or one per agent.")
    ] = "0.1",
    self_weight: Annotated[
        str, typer.Option(help="Share kept on the own last belief, 0..1; likewise.")
    ] = "0.3",
    seat: Annotated[
        list[str] | None, typer.Option(help="hub, leaf or an index; repeat for colluders.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(help="Also after this many rounds.")] = None,
    margin: Annotated[
        float | None, typer.Option(help="Innate P(correct) - P(target), 0..1: count flips.")
    ] = None,
    trust: Annotated[
        float, typer.Option(help="Trust in the adversaries relative to a benign peer.")
    ] = 1.0,
    residual: Annotated[
        Literal["renormalise", "innate", "self"],
        typer.Option(help="Where the weight goes that trust takes away."),
    ] = "renormalise",
    adversary_stubbornness: Annotated[
        float, typer.Option(help="Below 1 the adversaries yield a little.")
    ] = 1.0,
    persuasiveness: Annotated[
        float, typer.Option(help="Multiplies the adversaries' weights; rows are renormalised.")
    ] = 1.0,
    directed: Annotated[
        bool, typer.Option("--directed", help="Edge list: speaker to listener only.")
    ] = False,
    seed: Annotated[int, typer.Option(help="For random topologies.")] = 0,
    plot: Annotated[bool, typer.Option("--plot", help="Draw a phase diagram.")] = False,
    output: Annotated[Path, typer.Option("--out", help="Where the phase diagram goes.")] = Path(
        "theory.html"
    ),
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Predict how far adversaries move a group, and what would stop them.

    Example: one adversary at the hub of a star of six, at equilibrium and after ten rounds

        fjsim theory --topology star --agents 6 --stubbornness .1 --self-weight .3
        --seat hub --rounds 10 --margin .5
    """
    seats = seat or ["hub"]
    given, n_agents = _topology(topology, agents, directed)
    predicted = takeover(
        given,
        n_agents,
        seats,
        stubbornness=_numbers("stubbornness", stubbornness),
        self_weight=_numbers("self-weight", self_weight),
        n_rounds=rounds,
        margin=margin,
        trust=trust,
        residual=residual,
        adversary_stubbornness=adversary_stubbornness,
        seed=seed,
        persuasiveness=persuasiveness,
    )
    if plot:
        _draw(
            topology,
            predicted,
            seats,
            _numbers("self-weight", self_weight),
            margin,
            rounds,
            seed,
            output,
        )
    if json:
        print_json(takeover_json(predicted))
    else:
        out.print(takeover_table(topology, predicted))
        for line in takeover_notes(predicted):
            out.print(line)


def _topology(name: str, agents: int | None, directed: bool) -> tuple[Any, int | None]:
    """Return a registered name and its size, or the influence of an edge list."""
    path = Path(name)
    if path.suffix and path.is_file():
        from fjsim.dynamics.networks.edges import read_edges

        return read_edges(path, directed=directed).network.influence(), agents
    return name, 6 if agents is None else agents


def _numbers(name: str, text: str) -> float | list[float]:
    """Read one number, or several with commas between."""
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
