"""The attacked and the clean arm, side by side on the same items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fjsim.records import Transcript


class Pair(NamedTuple):
    """The attacked and the clean arm on the items that both have, in one order."""

    attacked: Transcript
    clean: Transcript


def paired(attacked: Transcript, clean: Transcript) -> Pair:
    """Return both arms on their common items, in the attacked arm's order."""
    wanted, known = _identities(attacked), _identities(clean)
    if wanted == known:
        return Pair(attacked, clean)
    place = {identity: at for at, identity in enumerate(known)}
    matches = [(at, place[identity]) for at, identity in enumerate(wanted) if identity in place]
    first = np.array([match[0] for match in matches], dtype=np.intp)
    second = np.array([match[1] for match in matches], dtype=np.intp)
    return Pair(attacked.select(first), clean.select(second))


def _identities(arm: Transcript) -> list[tuple[str, int]]:
    return list(zip(arm.question_ids, arm.replicas.tolist(), strict=True))
