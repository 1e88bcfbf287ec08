"""What a reader of a fit must know about the log it came from."""

from __future__ import annotations

import numpy as np

from fjsim.fitting.rows.hearing import unplaced_turns
from fjsim.records.transcript import Transcript

VARIES = (
    "one law does not hold for all items, so the numbers of one law are averages that weigh most "
    "the items in which agents moved: read the population, not these"
)
"""Said wherever numbers of one law stand beside laws that vary."""


def log_warnings(transcript: Transcript) -> tuple[str, ...]:
    """Return warnings about the log itself.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    tuple of str
        Why the law cannot be read off the log, survivors of early stopping, sequential turns,
        crowds, missing turns, statements heard but not recorded, agents without a round-0 belief.
    """
    found = [
        _unread(transcript),
        _survivors(transcript),
        _sequential(transcript),
        _crowd(transcript),
        _without_innate(transcript),
        _missing(transcript),
        _unplaced(transcript),
        _abstained(transcript),
    ]
    return tuple(text for text in found if text)


def _unread(transcript: Transcript) -> str:
    """Repeat why a run predicts nothing either, where its log says so."""
    if transcript.played is None or not transcript.played.unread:
        return ""
    return f"no law can be read off this arm: {transcript.played.unread}"


def _survivors(transcript: Transcript) -> str:
    """Find rounds that only some agents or items reach."""
    present = transcript.valid
    per_round = present.any(axis=2).sum(axis=0)
    last = transcript.n_rounds
    if last < 2 or not per_round[1]:
        return ""
    spoke_before, speaks = int(present[:, 1].sum()), int(present[:, last].sum())
    if speaks >= 0.9 * spoke_before:
        return ""
    return (
        f"survivors: round {last} holds {speaks} turns, round 1 holds {spoke_before}; where a "
        "deliberation stops early the agents that go on are selected, which inflates stubbornness"
    )


def control_warning(transcript: Transcript) -> str:
    """Say how many items of a control arm are kept out of the fit; nothing without any."""
    if transcript.control is None or not transcript.control.any():
        return ""
    return (
        f"control arm: in {int(transcript.control.sum())} of {transcript.n_items} items nobody "
        "heard anybody; they are kept out of the fit and give the null for the peers' weight"
    )


def _sequential(transcript: Transcript) -> str:
    rounds = np.arange(transcript.n_rounds + 1)[None, :, None, None]
    if not ((transcript.heard_round == rounds) & (rounds > 0)).any():
        return ""
    return (
        "sequential turns: speakers heard earlier in the same round are taken as heard; whoever "
        "speaks last looks influential"
    )


def _crowd(transcript: Transcript) -> str:
    if not transcript.exchangeable:
        return ""
    return (
        "crowd: different people sit in a seat from item to item, so one stubbornness and one "
        "self-weight are fitted for all and influence between seats is not defined"
    )


def _without_innate(transcript: Transcript) -> str:
    spoke = transcript.valid[:, 1:].any(axis=1)
    lost = int((spoke & ~transcript.valid[:, 0]).sum())
    if not lost:
        return ""
    return f"{lost} agents without a round-0 belief on their item leave its fit"


def _missing(transcript: Transcript) -> str:
    lost = int((transcript.validity == 3).sum())
    return f"{lost} missing turns are masked, never imputed" if lost else ""


def _unplaced(transcript: Transcript) -> str:
    lost = int((unplaced_turns(transcript) & transcript.valid[:, 1:]).sum())
    if not lost:
        return ""
    return (
        f"{lost} turns came after a statement that the log does not hold under its speaker, or "
        "not as it was made; they are neither fitted nor scored, and count only as heard by others"
    )


def _abstained(transcript: Transcript) -> str:
    if transcript.abstention is None:
        return ""
    counted = int((transcript.validity == 2).sum())
    return f"{counted} abstentions are a category of their own"
