"""What is said on many items: as it was stated, and as it reaches somebody."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts.crowd import Flags, Integers


@dataclass(frozen=True, eq=False, slots=True)
class Words:
    """Statements, with leading axes: (item,) of one speaker, (item, seat) of a whole team.

    Parameters
    ----------
    beliefs : ndarray of shape (..., n_options)
        NaN where there is none.
    answers : ndarray of int, shape (...)
        -1 where there is none.
    confidence : ndarray of shape (...)
        NaN where none is stated.
    sounding : ndarray of shape (...)
        How sure the reason sounds; NaN where it does not say.
    missing : ndarray of bool, shape (...)
        Whether nothing was said.
    tampered : ndarray of bool, shape (...)
        Whether an adversary rewrote them.
    """

    beliefs: Array
    answers: Integers
    confidence: Array
    sounding: Array
    missing: Flags
    tampered: Flags

    def of(self, speaker: int) -> Words:
        """Return one speaker's words."""
        return Words(
            self.beliefs[:, speaker],
            self.answers[:, speaker],
            self.confidence[:, speaker],
            self.sounding[:, speaker],
            self.missing[:, speaker],
            self.tampered[:, speaker],
        )

    def copy(self) -> Words:
        """Return words that may be written."""
        return Words(
            self.beliefs.copy(),
            self.answers.copy(),
            self.confidence.copy(),
            self.sounding.copy(),
            self.missing.copy(),
            self.tampered.copy(),
        )

    def where(self, chosen: Flags, others: Words) -> Words:
        """Return these words where they are chosen, and others elsewhere."""
        wide = chosen[..., None]
        return Words(
            np.where(wide, self.beliefs, others.beliefs),
            np.where(chosen, self.answers, others.answers),
            np.where(chosen, self.confidence, others.confidence),
            np.where(chosen, self.sounding, others.sounding),
            np.where(chosen, self.missing, others.missing),
            np.where(chosen, self.tampered, others.tampered),
        )

    def read(self, shown: Set[str]) -> Array:
        """Return the belief that can be read off each; NaN where there is none.

        Parameters
        ----------
        shown : set of str
            What peers may see, out of answer, reason, confidence, belief.
        """
        beliefs = self.beliefs if "belief" in shown else np.full_like(self.beliefs, np.nan)
        if "answer" not in shown or not (np.isnan(beliefs[..., 0]) & (self.answers >= 0)).any():
            return beliefs
        sure = np.ones(self.answers.shape)
        if "reason" in shown:
            sure = np.where(np.isnan(self.sounding), sure, self.sounding)
        if "confidence" in shown:
            sure = np.where(np.isnan(self.confidence), sure, self.confidence)
        sure, n_options = sure[..., None], beliefs.shape[-1]
        answered = np.arange(n_options) == self.answers[..., None]
        certain = np.where(answered, sure, (1 - sure) / (n_options - 1))
        by_answer = np.isnan(beliefs[..., 0]) & (self.answers >= 0)
        return np.where(by_answer[..., None], certain, beliefs)
