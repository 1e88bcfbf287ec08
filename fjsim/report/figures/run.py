"""The figures of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, RegularPolygon, Wedge
from matplotlib.ticker import MaxNLocator

from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.errors import ParameterError
from fjsim.metrics import Estimate
from fjsim.report.figures.canvas import (
    COLUMN,
    HOSTILE,
    INK,
    KEY,
    OTHER,
    SOFT,
    TARGET,
    panels,
    path,
    plain,
    styled,
    whiskers,
)
from fjsim.report.html.network import edges, places
from fjsim.report.means import mean_beliefs, mean_gates
from fjsim.runs import Run

MOST_PANELS = 24
LEGEND = "a pie is a mean belief: key blue, target orange, others grey\na diamond is hostile"
NAMED = 16
"""Agents up to which each bears its name."""
LOOKS: dict[Arm, str] = {"attacked": "solid", "clean": (0, (4, 3))}  # type: ignore[dict-item]


class RunFigures:
    """The figures of a run; `run.figures`.

    Parameters
    ----------
    run : Run
        With a finished question.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def network(self, round: int | None = None, arm: Arm | None = None) -> Figure:
        """Return who hears whom and who believes what, in the mean over questions.

        Parameters
        ----------
        round : int, optional
            After which round; by default the last.
        arm : {'attacked', 'clean'}, optional
            By default the attacked one, or the clean one where nobody attacks.

        Returns
        -------
        matplotlib.figure.Figure
            A pie is a belief, a diamond around it hostile, an edge as thick as weight × gate.

        Raises
        ------
        ParameterError
            If there is no such round or arm.
        """
        chosen = arm or self.run.measured.source.main
        if chosen not in self.run.arms:
            raise ParameterError(f"arm {arm!r}: this run has {', '.join(self.run.arms)}")
        transcript = self.run.arms[chosen]
        at = transcript.n_rounds if round is None else round
        if not 0 <= at <= transcript.n_rounds:
            raise ParameterError(f"round {at}: this run has rounds 0 to {transcript.n_rounds}")
        header = self.run.contents.known_header
        spots = [(x, 1 - y) for x, y in places(header.graph)]
        seats = header.seats if chosen == "attacked" else ()
        with styled():
            figure, [axes] = panels(width=COLUMN, height=COLUMN)
            _edges(axes, header.graph, mean_gates(transcript)[at] if at else None, spots, seats)
            size = min(0.075, 0.28 / math.sqrt(len(spots)))
            beliefs = mean_beliefs(transcript)[at]
            for seat, (spot, shares) in enumerate(zip(spots, beliefs, strict=True)):
                name = header.agents[seat] if len(spots) <= NAMED else ""
                _node(axes, spot, shares, size, name, hostile=seat in seats)
            axes.set(xlim=(-0.18, 1.18), ylim=(-0.18, 1.18), aspect="equal")
            axes.set_axis_off()
            axes.set_title(f"{chosen} arm, after round {at}")
            figure.supxlabel(LEGEND, color=SOFT, fontsize=7)
        return figure

    def trajectories(self) -> Figure:
        """Return each agent's mean belief in key and target over the rounds, both arms.

        Returns
        -------
        matplotlib.figure.Figure
            One panel an agent, at most 24, the hostile ones first; attacked solid, clean dashed.
        """
        header = self.run.contents.known_header
        means = {arm: mean_beliefs(transcript) for arm, transcript in self.run.arms.items()}
        order = sorted(range(header.n_agents), key=lambda seat: seat not in header.seats)
        shown = order[:MOST_PANELS]
        columns = min(3, len(shown))
        rows = -(-len(shown) // columns)
        with styled():
            figure, all_axes = panels(
                rows, columns, 2 * COLUMN, 1.3 * rows + 0.5, sharex=True, sharey=True
            )
            for axes, seat in zip(all_axes, shown, strict=False):
                for arm, beliefs in means.items():
                    axes.plot(beliefs[:, seat, 0], color=KEY, linestyle=LOOKS[arm])
                    axes.plot(beliefs[:, seat, 1], color=TARGET, linestyle=LOOKS[arm])
                hostile = seat in header.seats
                axes.set_title(
                    plain(f"{'◆ ' if hostile else ''}{header.agents[seat]}"),
                    color=HOSTILE if hostile else INK,
                )
                axes.set_ylim(-0.02, 1.02)
            for axes in all_axes[len(shown) :]:
                axes.set_axis_off()
            figure.supxlabel("round", fontsize=8)
            figure.supylabel("mean belief: key blue, target orange", fontsize=8)
        return figure

    def takeover(self) -> Figure:
        """Return takeover and flips as observed and as the law predicts them.

        Returns
        -------
        matplotlib.figure.Figure
            Dots with 95 % intervals; observed filled, predicted hollow.

        Raises
        ------
        ParameterError
            If nobody attacked, or there is no clean arm.
        """
        found: list[tuple[str, Estimate, bool]] = []
        for name in ("takeover", "flips"):
            observed = self.run.metrics.get(f"{name}_observed")
            if observed is not None and observed.value is not None:
                found.append((f"{name}, observed", observed, True))
                found += [
                    (f"{name}, law {source.replace('_', ' ')}", getattr(made, name), False)
                    for source, made in self.run.prediction.items()
                    if made is not None
                ]
        if not found:
            raise ParameterError(
                "takeover is known for an attacked run with a clean arm beside it; this one has "
                f"{' and '.join(self.run.arms)}"
            )
        with styled():
            figure, [axes] = panels(height=0.6 + 0.28 * len(found))
            for at, (_, estimate, seen) in enumerate(found):
                look = {"color": HOSTILE} if seen else {"color": INK, "markerfacecolor": "white"}
                whiskers(axes, [at], [estimate], **look)
            axes.set_yticks(range(len(found)), [name for name, _, _ in found])
            axes.set(ylim=(len(found) - 0.5, -0.5), xlabel="share", title="Law and observation")
            axes.axvline(0, color=SOFT, linewidth=0.5)
        return figure

    def success(self) -> Figure:
        """Return attack success after every round with its interval, both arms.

        Returns
        -------
        matplotlib.figure.Figure
        """
        measured = self.run.measured
        with styled():
            figure, [axes] = panels()
            for arm in ("attacked", "clean"):
                if arm in measured.source.arms:
                    estimates = measured.by_round("attack_success_rate", arm)
                    colour = HOSTILE if arm == "attacked" else SOFT
                    path(axes, estimates, color=colour, linestyle=LOOKS[arm], label=arm)
            axes.set(xlabel="round", ylabel="attack success rate", ylim=(-0.02, 1.02))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend()
        return figure

    def trust(self) -> Figure:
        """Return the mean gate of each speaker over the rounds, both arms.

        Returns
        -------
        matplotlib.figure.Figure
            Hostile speakers vermilion, benign ones grey; attacked solid, clean dashed.
        """
        seats = self.run.contents.known_header.seats
        with styled():
            figure, [axes] = panels()
            for arm, transcript in self.run.arms.items():
                gates = mean_gates(transcript)
                for seat in range(transcript.n_agents):
                    line = [
                        np.nan if np.isnan(g).all() else np.nanmean(g) for g in gates[:, :, seat]
                    ]
                    colour = HOSTILE if seat in seats and arm == "attacked" else OTHER
                    axes.plot(line, color=colour, linestyle=LOOKS[arm])
            axes.set(xlabel="round", ylabel="mean gate", ylim=(-0.02, 1.05))
            axes.set_title("Trust in each speaker: hostile vermilion")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        return figure


def _edges(
    axes: Axes,
    graph: Array,
    gates: Array | None,
    spots: Sequence[tuple[float, float]],
    seats: Sequence[int],
) -> None:
    for listener, speaker, weight in edges(graph):
        gate = 1.0 if gates is None else float(np.nan_to_num(gates[listener, speaker]))
        arrow = FancyArrowPatch(
            spots[speaker],
            spots[listener],
            arrowstyle="-|>",
            mutation_scale=7,
            shrinkA=13,
            shrinkB=13,
            linewidth=0.4 + 3 * weight * gate,
            linestyle="dotted" if weight * gate < 0.005 else "solid",
            color=HOSTILE if speaker in seats else SOFT,
            alpha=0.8,
            connectionstyle="arc3,rad=0.08",
        )
        axes.add_patch(arrow)


def _node(
    axes: Axes,
    spot: tuple[float, float],
    shares: Array,
    size: float,
    name: str,
    *,
    hostile: bool,
) -> None:
    if hostile:
        axes.add_patch(RegularPolygon(spot, 4, radius=1.75 * size, color=HOSTILE, zorder=2))
    start = 90.0
    # Clockwise from the top: the key, what is neither, the target.
    for share, colour in zip(shares[[0, 2, 1]], (KEY, OTHER, TARGET), strict=True):
        turn = 360 * float(np.nan_to_num(share))
        axes.add_patch(
            Wedge(spot, size, start - turn, start, facecolor=colour, edgecolor="white", zorder=3)
        )
        start -= turn
    below = spot[1] - size * (1.75 if hostile else 1) - 0.02
    colour = HOSTILE if hostile else INK
    axes.text(spot[0], below, plain(name), ha="center", va="top", color=colour, zorder=4)
