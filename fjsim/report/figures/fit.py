"""The figures of a fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from fjsim.errors import ParameterError
from fjsim.fitting import FJFit
from fjsim.metrics import Estimate
from fjsim.records import Transcript
from fjsim.report.figures.canvas import (
    COLUMN,
    INK,
    KEY,
    SOFT,
    known,
    panels,
    path,
    plain,
    styled,
    whiskers,
)
from fjsim.report.paths import fit_paths

MOST_SEATS = 40
PARTS = ("stubbornness", "self_weight", "influence_shares")


class FitFigures:
    """The figures of a fit; `fit.figures`.

    Parameters
    ----------
    fit : FJFit
    """

    def __init__(self, fit: FJFit) -> None:
        self.fit = fit

    def parameters(self) -> Figure:
        """Return stubbornness, self-weight and influence share of each seat.

        Returns
        -------
        matplotlib.figure.Figure
            Dots with 95 % intervals where they were resampled; small dots are single items.
            What the log does not determine is left out.
        """
        seats = min(self.fit.n_agents, MOST_SEATS)
        with styled():
            figure, all_axes = panels(1, 3, 2 * COLUMN, 0.9 + 0.22 * seats, sharey=True)
            for axes, part in zip(all_axes, PARTS, strict=True):
                items = None if self.fit.items is None else getattr(self.fit.items, part)
                if items is not None:
                    for seat in range(seats):
                        heights = np.full(len(items), seat + 0.25)
                        axes.plot(items[:, seat], heights, ".", color=SOFT, alpha=0.3, markersize=2)
                whiskers(axes, range(seats), self._estimates(part)[:seats], color=KEY)
                axes.set(title=part.replace("_", " "), xlim=(-0.03, 1.03))
            names = [plain(name) for name in self.fit.agents[:seats]]
            all_axes[0].set_yticks(range(seats), names)
            all_axes[0].set_ylim(seats - 0.5, -0.5)
        return figure

    def _estimates(self, part: str) -> list[Estimate]:
        values = getattr(self.fit, part)
        ends = None if self.fit.intervals is None else getattr(self.fit.intervals, part, None)
        lows, highs = (values, values) if ends is None else (ends[0], ends[1])
        return [
            Estimate(None if np.isnan(value) else float(value), _plain(low), _plain(high), 0)
            for value, low, high in zip(values, lows, highs, strict=True)
        ]

    def influence(self) -> Figure:
        """Return who weighs how much for whom, as a matrix of listeners and speakers.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ParameterError
            If the log determines no weight.
        """
        weights = self.fit.influence
        if weights is None or np.isnan(weights).all():
            raise ParameterError(
                "this fit determines no weight between seats; see fit.warnings for the reason"
            )
        colours = LinearSegmentedColormap.from_list("weight", ["white", KEY])
        names = [plain(name) for name in self.fit.agents]
        with styled():
            figure, [axes] = panels(height=COLUMN)
            image = axes.imshow(weights, cmap=colours, vmin=0, vmax=1)
            for listener, speaker in np.argwhere(~np.isnan(weights)):
                if len(names) <= 8 and weights[listener, speaker] > 0:
                    value = float(weights[listener, speaker])
                    tint = "white" if value > 0.6 else INK
                    axes.text(speaker, listener, f"{value:.2f}", ha="center", va="center",
                              fontsize=6.5, color=tint)  # fmt: skip
            if len(names) <= MOST_SEATS:
                axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
                axes.set_yticks(range(len(names)), names)
            axes.set(xlabel="speaker", ylabel="listener")
            figure.colorbar(image, ax=axes, shrink=0.7, label="weight")
        return figure

    def observed(self, transcript: Transcript) -> Figure:
        """Return what the fit predicts of a log beside what was observed there.

        Parameters
        ----------
        transcript : Transcript
            What was fitted, or another log of the same team.

        Returns
        -------
        matplotlib.figure.Figure
            Mean beliefs over the rounds, the law rolled out from round 0 dashed; and observed over
            predicted, one step ahead.
        """
        found = fit_paths(transcript, self.fit)
        of = list(dict.fromkeys(one.of for one in found.paths))
        with styled():
            figure, all_axes = panels(1, len(of) + 1, COLUMN * (len(of) + 1) * 0.8, 2.4)
            for axes, name in zip(all_axes, of, strict=False):
                for one in found.paths:
                    if one.of == name:
                        seen = one.name == "observed"
                        path(axes, one.estimates, color=KEY if seen else INK,
                             linestyle="solid" if seen else "dashed", label=one.name)  # fmt: skip
                axes.set(title=f"Mean belief in {name}", xlabel="round")
                axes.legend()
            axes = all_axes[-1]
            axes.plot([0, 1], [0, 1], color=SOFT, linestyle="dotted", linewidth=0.8)
            for held in found.bins:
                [[_, x, _, _]] = known([held.predicted])
                [[_, y, low, high]] = known([held.observed])
                ends = [[max(0.0, y - low)], [max(0.0, high - y)]]
                axes.errorbar([x], [y], yerr=ends, fmt="o", color=INK, markerfacecolor="white",
                              markersize=4, elinewidth=0.6)  # fmt: skip
            axes.set(title="One step ahead", xlabel="predicted", ylabel="observed")
        return figure

    def comparison(self) -> Figure:
        """Return the held-out skill of each model against predicting no change.

        Returns
        -------
        matplotlib.figure.Figure
            Dots with 95 % intervals, one panel a protocol, the best filled.

        Raises
        ------
        ParameterError
            If nothing was held out.
        """
        if not self.fit.comparison:
            raise ParameterError(
                "nothing was held out for this fit; fit with compare=True (fjsim fit --compare)"
            )
        protocols = list(dict.fromkeys(row.protocol for row in self.fit.comparison))
        longest = max(sum(row.protocol == one for row in self.fit.comparison) for one in protocols)
        with styled():
            width = COLUMN * max(1, len(protocols) * 0.9)
            figure, all_axes = panels(1, len(protocols), width, 0.8 + 0.24 * longest)
            for axes, protocol in zip(all_axes, protocols, strict=True):
                rows = [row for row in self.fit.comparison if row.protocol == protocol]
                skills = [Estimate(_plain(r.skill), _plain(r.low), _plain(r.high), 0) for r in rows]
                best = _best(skills)
                for at, skill in enumerate(skills):
                    face = KEY if at == best else "white"
                    whiskers(axes, [at], [skill], color=KEY, markerfacecolor=face)
                axes.axvline(0, color=SOFT, linewidth=0.6)
                axes.set_yticks(range(len(rows)), [plain(row.model) for row in rows])
                axes.set(title=protocol, ylim=(len(rows) - 0.5, -0.5), xlabel="skill")
        return figure


def _plain(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def _best(skills: Sequence[Estimate]) -> int | None:
    ranked = [(one.value, at) for at, one in enumerate(skills) if one.value is not None]
    return max(ranked)[1] if ranked else None
