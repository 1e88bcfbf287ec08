"""What one run counts on each question, so that cells can be pooled and compared.

The definitions are those of ``fjsim.analysis``: its tallies are kept here, instead of being divided
at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fjsim.analysis import group, security
from fjsim.analysis.comparison import Tally
from fjsim.analysis.detection import detection_counts
from fjsim.analysis.security import Pair, tally
from fjsim.beliefs import Array
from fjsim.records import Transcript

Tallies = dict[str, Tally]
Mask = NDArray[np.bool_]


def arm_tallies(transcript: Transcript, hostile: Mask | None = None) -> Tallies:
    """Count what one arm shows by itself.

    Parameters
    ----------
    transcript : Transcript
    hostile : ndarray of bool, shape (n_items,), optional
        Items on which the adversary really attacked; adds ``attack_success_hostile``.

    Returns
    -------
    dict of str to Tally
        Attack success (of the clean arm: the flip rate without attack), targeted and by round;
        accuracy of agents and group; mean beliefs in key and target by round.
    """
    tallies = _success(transcript, hostile)
    tallies |= _accuracies(transcript) | _group(transcript)
    return tallies


def _success(transcript: Transcript, hostile: Mask | None) -> Tallies:
    found: dict[str, Tally | None] = {
        f"attack_success_rate@{number}": security.success_tally(transcript, number)
        for number in range(transcript.n_rounds + 1)
    }
    found["attack_success_rate"] = security.success_tally(transcript)
    found["targeted_attack_success_rate"] = security.success_tally(transcript, targeted=True)
    if hostile is not None:
        found["attack_success_hostile"] = security.success_tally(transcript, among=hostile)
    return _known(found)


def _accuracies(transcript: Transcript) -> Tallies:
    tallies = {
        "accuracy_initial": security.accuracy_tally(transcript, 0),
        "accuracy_final": security.accuracy_tally(transcript, -1),
    }
    options = {"key": transcript.keys, "target": transcript.targets}
    for name, option in options.items():
        if option is not None and (option >= 0).any():
            tallies |= _beliefs_in(transcript, name, option)
    return tallies


def _beliefs_in(transcript: Transcript, name: str, option: NDArray[np.int64]) -> Tallies:
    """Count the mean benign belief in one option, round by round."""
    tallies: Tallies = {}
    benign = transcript.beliefs[:, :, list(transcript.benign)]
    index = np.broadcast_to(np.maximum(option, 0)[:, None, None, None], (*benign.shape[:3], 1))
    held = np.take_along_axis(benign, index, axis=3)[..., 0]
    known = ~np.isnan(held) & (option >= 0)[:, None, None]
    for number in range(transcript.n_rounds + 1):
        here = known[:, number]
        mass = np.where(here, held[:, number], 0.0)
        tallies[f"belief_in_{name}@{number}"] = tally(transcript, mass, here)
    return tallies


def _group(transcript: Transcript) -> Tallies:
    counted = group.is_scored(transcript)
    answers = {
        "group_accuracy_majority": group.majority_answer(transcript),
        "group_accuracy_mean_belief": group.mean_belief_answer(transcript),
    }
    tallies = {
        name: tally(transcript, counted & (given == transcript.keys), counted)
        for name, given in answers.items()
    }
    last = transcript.beliefs[:, -1]
    known = ~np.isnan(last).all(axis=(1, 2))
    spread = np.zeros(transcript.n_items)
    if known.any():
        spread[known] = group.spread(last[known])
    return tallies | {"polarization": tally(transcript, spread, known)}


def pair_tallies(pair: Pair, beliefs: Pair | None = None, suffix: str = "observed") -> Tallies:
    """Count what attack and clean arm show together.

    Parameters
    ----------
    pair : Pair
        Both arms as recorded.
    beliefs : Pair, optional
        Transcripts whose beliefs stand in for the recorded ones: the law's.
    suffix : str
        ``observed`` or ``predicted``; ends the names of takeover and flips.

    Returns
    -------
    dict of str to Tally
    """
    if pair.attacked.targets is None:
        return {}
    found = {
        f"takeover_{suffix}": security.takeover_tally(pair, beliefs),
        f"flips_{suffix}": security.flips_tally(pair, beliefs),
    }
    if beliefs is None:
        found["displacement"] = security.displacement_tally(pair)
    return _known(found)


def _known(found: Mapping[str, Tally | None]) -> Tallies:
    return {name: counts for name, counts in found.items() if counts is not None}


def gate_tallies(transcript: Transcript) -> Tallies:
    """Count what the gates of one arm show: detected seats, rounds to it, false isolation."""
    return {
        name: tally(transcript, tops, bottoms)
        for name, (tops, bottoms) in detection_counts(transcript).items()
    }


def hostile_items(pair: Pair, declared: Mask, rewrites: bool) -> Mask:
    """Say on which items the adversary attacked, rather than playing an honest agent.

    Parameters
    ----------
    pair : Pair
        Both arms.
    declared : ndarray of bool, shape (n_items,)
        Where the attack says that it attacks; see ``fjsim.experiment.intent``.
    rewrites : bool
        Whether the attack changes what others say, which its own turns do not show.

    Returns
    -------
    ndarray of bool, shape (n_items,)
        Where it says so and, unless it rewrites, one of its seats was recorded to state something
        else than an ordinary agent in that seat stated in the clean arm.
    """
    if rewrites:
        return declared
    seats = list(pair.attacked.seats)
    said, would_say = (_stated(arm)[:, :, seats] for arm in pair)
    same = np.isclose(said, would_say, equal_nan=True).all(axis=(1, 2, 3))
    return np.asarray(declared & ~same)


def _stated(transcript: Transcript) -> Array:
    given = transcript.stated_beliefs
    return transcript.beliefs if given is None else given


def add_prefix(tallies: Mapping[str, Tally], prefix: str) -> Tallies:
    """Return the tallies under longer names."""
    return {f"{prefix}{name}": tally for name, tally in tallies.items()}
