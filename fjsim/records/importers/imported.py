"""What an importer hands back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from fjsim.errors import ConfigError
from fjsim.records.transcript import Transcript

Target = Literal["belief", "opinion", "answer"]


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
    dropped : Counter of str
        How much was masked, changed or left out, by reason.
    clean : Transcript or None
        The arm without an attack, where the log holds both; ``transcript`` is the attacked one.
    """

    transcript: Transcript
    options: tuple[tuple[str, ...], ...]
    target: Target
    warnings: tuple[str, ...]
    n_rows: int
    dropped: Counter[str] = field(default_factory=Counter)
    clean: Transcript | None = None

    def arm(self, name: str | None = None) -> Transcript:
        """Return one arm; by default the clean one, or the only one there is.

        Parameters
        ----------
        name : {'clean', 'attacked'}, optional

        Raises
        ------
        ConfigError
            If the log has no such arm.
        """
        if self.clean is None:
            return self.transcript
        if name not in (None, "clean", "attacked"):
            raise ConfigError(f"--arm is '{name}'; give clean or attacked")
        return self.transcript if name == "attacked" else self.clean
