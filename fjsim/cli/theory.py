"""``fjsim theory``: what adversaries can do to a group, before a single model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer
from rich.table import Table

from fjsim.beliefs import Array
from fjsim.cli.console import err, out, print_json
from fjsim.dynamics.attacked.flips import Flips
from fjsim.dynamics.attacked.takeover import Takeover, takeover
from fjsim.errors import ConfigError, ParameterError


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
        print_json(as_json(predicted))
    else:
        _print(topology, predicted)


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


def as_json(predicted: Takeover) -> dict[str, Any]:
    """Return the prediction under the names of the command's JSON contract.

    Parameters
    ----------
    predicted : Takeover

    Returns
    -------
    dict
        Per-agent lists have one entry per agent, NaN at the seats.
    """
    flips = predicted.flips
    form = predicted.closed_form
    return {
        "takeover": {
            "equilibrium": predicted.equilibrium,
            "mean": predicted.mean,
            "after_rounds": predicted.after_rounds,
            "mean_after_rounds": predicted.mean_after_rounds,
        },
        "resistance": _common(predicted.resistance),
        "flips": flips
        and {
            "flips": flips.flips,
            "critical_agents": flips.critical_agents,
            "critical_agents_searched": flips.searched_agents,
            "critical_resistance": flips.critical_resistance,
            "critical_trust": flips.critical_trust,
            "critical_gate": flips.critical_gate,
            "flipped": [None if np.isnan(flag) else bool(flag) for flag in flips.flipped],
        },
        "bounds": predicted.bounds,
        "price": predicted.price,
        "closed_form": form and {"name": form.name, "graph": form.graph, "mean": form.mean},
        "seats": predicted.seats,
        "rounds": predicted.n_rounds,
        "reason": predicted.reason,
    }


def _common(resistance: Array) -> Any:
    """Return one number where the benign agents are alike, else the list."""
    benign = resistance[~np.isnan(resistance)]
    alike = np.isfinite(benign).all() and np.ptp(benign) <= 1e-12 * benign.max()
    return float(benign[0]) if alike else resistance


def _print(topology: str, predicted: Takeover) -> None:
    """Print the prediction as a table, then what it rests on."""
    seats = ", ".join(map(str, predicted.seats))
    n_agents = predicted.resistance.size
    table = Table(title=f"takeover of {topology}, {n_agents} agents, adversary at seat {seats}")
    for heading in ("agent", "resistance", "equilibrium", "after rounds", "flips"):
        table.add_column(heading, justify="right")
    for agent in range(min(n_agents, 20)):
        table.add_row(str(agent), *_row(predicted, agent))
    table.add_section()
    table.add_row("mean", "", _number(predicted.mean), _number(predicted.mean_after_rounds), "")
    out.print(table)
    if n_agents > 20:
        out.print(f"… and {n_agents - 20} more agents; --json has all")
    for line in _notes(predicted):
        out.print(line)


def _row(predicted: Takeover, agent: int) -> tuple[str, ...]:
    if agent in predicted.seats:
        return ("adversary", "", "", "")
    flips = predicted.flips

    def at(values: Array | None) -> str:
        return "" if values is None else _number(float(values[agent]))

    flipped = "" if flips is None else "yes" if flips.flipped[agent] else "no"
    return (
        at(predicted.resistance),
        at(predicted.equilibrium),
        at(predicted.after_rounds),
        flipped,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _notes(predicted: Takeover) -> list[str]:
    """Say in words what the numbers rest on."""
    lines = []
    if predicted.reason is not None:
        lines.append(f"no equilibrium: {predicted.reason}")
    if predicted.closed_form is not None:
        form = predicted.closed_form
        lines.append(f"closed form {form.name} ({form.graph}): mean {form.mean:.3f}")
    if predicted.bounds is not None:
        low, high = predicted.bounds
        lines.append(f"bounds F11 from direct weights alone: {low:.3f} to {high:.3f}")
    if predicted.price is not None:
        lines.append(
            f"price of stubbornness: without an adversary {predicted.price:.0%} of the differences "
            "between agents survive"
        )
    return lines + _critical(predicted)


def _critical(predicted: Takeover) -> list[str]:
    flips = predicted.flips
    if flips is None:
        return []
    trust = (
        f"relative trust {flips.critical_trust:.3f}"
        if flips.critical_trust is not None
        else "re-normalised trust does not decide"
    )
    return [
        f"{flips.flips} decisions flip at margin {flips.margin:g}. Nobody flips with any of:",
        f"  {_critical_agents(flips)}",
        f"  resistance {flips.critical_resistance:.3f}",
        f"  {trust}; gate {flips.critical_gate:.3f} with the lost weight to the innate belief",
    ]


def _critical_agents(flips: Flips) -> str:
    """Say how many benign agents are needed, and among which numbers that was searched."""
    if flips.searched_agents is None:
        return "another number of agents was not tried: the graph is given, or the agents differ"
    low, high = flips.searched_agents
    if flips.critical_agents is None:
        return f"no number of benign agents from {low} to {high} helps"
    return (
        f"{flips.critical_agents} benign agents, the fewest of all numbers from {low} to {high} "
        "that this topology can have"
    )


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
    from fjsim.report.html.phase import phase_figure

    common = _common(predicted.resistance)
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
    mark = (common, n_agents) if isinstance(common, float) else None
    phase_figure(diagram, mark).write_html(output, include_plotlyjs=True)
    err.print(f"phase diagram: {output}")
