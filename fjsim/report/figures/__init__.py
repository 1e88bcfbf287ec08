"""Figures for a notebook and for a paper: ``run.figures``, ``fit.figures``, ``sweep.figures``.

Each returns a matplotlib figure, which the extra ``figures`` brings. Colours mean what they mean
on the pages: vermilion is hostile, blue is the key; attacked is solid, clean dashed, predicted
hollow.
"""

import importlib

from fjsim.errors import ConfigError

try:
    importlib.import_module("matplotlib")
except ImportError:
    raise ConfigError(
        "figures need matplotlib, which is not installed; pip install '.[figures]' in a clone of "
        "fjsim"
    ) from None

from fjsim.report.figures.fit import FitFigures
from fjsim.report.figures.run import RunFigures
from fjsim.report.figures.saving import drawer_of, figures_of, save_figure
from fjsim.report.figures.sweep import SweepFigures

__all__ = ["FitFigures", "RunFigures", "SweepFigures", "drawer_of", "figures_of", "save_figure"]
