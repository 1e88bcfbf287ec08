"""What an importer hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fjsim.records.transcript import Transcript

Target = Literal["belief", "opinion", "answer"]


@dataclass(frozen=True)
class Scale:
    """Ends of the scale on which opinions were given.

    Parameters
    ----------
    low, high : float
        What becomes 0 and 1.
    """

    low: float
    high: float


@dataclass(frozen=True)
class ImportedLog:
    """A foreign log as a transcript.

    Parameters
    ----------
    transcript : Transcript
    options : tuple of tuple of str, length n_items
        Names of the options, item by item.
    target : {'belief', 'opinion', 'answer'}
        Which column became the belief.
    warnings : tuple of str
        What was inferred, and what a reader must know.
    n_rows : int
        Rows read.
    """

    transcript: Transcript
    options: tuple[tuple[str, ...], ...]
    target: Target
    warnings: tuple[str, ...]
    n_rows: int
