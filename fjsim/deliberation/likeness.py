"""How alike the words of two statements are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from fjsim.beliefs import Array

_WORD = re.compile(r"\w\w+")


def likeness(texts: Sequence[str]) -> Array | None:
    """Return how alike the words of texts are, pair by pair.

    Parameters
    ----------
    texts : sequence of str
        What each seat said; an empty one is no statement.

    Returns
    -------
    ndarray of shape (n_texts, n_texts) or None
        In [0, 1], symmetric, NaN where either has no word of two letters; None where no two have.

    Notes
    -----
    The cosine of two sets of words, ``|A & B| / sqrt(|A| |B|)`` (Ochiai). It needs no other text
    than the two, so that a statement is judged alike in a run and in a log. On recorded teams it
    tells attackers apart as well as TF-IDF over the question's texts does (``docs/judge.md``).

    Examples
    --------
    >>> likeness(["the sum is ten", "the sum is twelve", ""]).round(2).tolist()
    [[1.0, 0.75, nan], [0.75, 1.0, nan], [nan, nan, nan]]
    """
    words = [frozenset(_WORD.findall(text.lower())) for text in texts]
    if sum(map(bool, words)) < 2:
        return None
    places = {word: at for at, word in enumerate(sorted(frozenset().union(*words)))}
    said = np.zeros((len(words), len(places)))
    for row, some in zip(said, words, strict=True):
        row[[places[word] for word in some]] = 1.0
    sizes = np.sqrt(said.sum(axis=-1))
    unit = np.divide(said, sizes[:, None], out=np.full_like(said, np.nan), where=sizes[:, None] > 0)
    return np.asarray(np.minimum(unit @ unit.T, 1.0))
