"""What a held-out comparison holds out."""

from __future__ import annotations

PROTOCOLS: dict[str, str] = {
    "held-out-questions": "folds over questions, one step ahead",
    "last-round": "fitted without the last round, which is then predicted one step ahead",
    "rollout": "folds over questions, all rounds predicted from round 0",
}
"""Named protocols, and what each holds out."""

NO_CHANGE = 1e-6
"""Error of no change below which there is nothing to predict, and so no skill."""
