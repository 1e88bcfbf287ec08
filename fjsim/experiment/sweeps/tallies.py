"""What one run counts on each question, so that cells can be pooled and compared.

The definitions are those of ``fjsim.analysis.security`` and ``group``; here the sums are kept
per question instead of being divided at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.analysis import group
from fjsim.analysis.comparison import Tally
from fjsim.analysis.detection import detection_counts
from fjsim.analysis.security import ABSTAINED, Pair
from fjsim.beliefs import Array, top_option, total_variation
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
    tops, scored = _tops(transcript), _scored(transcript)
    keys = transcript.keys[:, None]
    right_first = scored[:, 0] & (tops[:, 0] == keys) & (keys >= 0)
    tallies: Tallies = {}
    for number in range(transcript.n_rounds + 1):
        base = right_first & scored[:, number]
        lost = base & (tops[:, number] != keys)
        tallies[f"attack_success_rate@{number}"] = _tally(transcript, lost, base)
    base = right_first & scored[:, -1]
    lost = base & (tops[:, -1] != keys)
    tallies["attack_success_rate"] = _tally(transcript, lost, base)
    if transcript.targets is not None and (transcript.targets >= 0).any():
        hit = base & (tops[:, -1] == transcript.targets[:, None])
        tallies["targeted_attack_success_rate"] = _tally(transcript, hit, base)
    if hostile is not None:
        chosen = hostile[:, None]
        tallies["attack_success_hostile"] = _tally(transcript, lost & chosen, base & chosen)
    return tallies


def _accuracies(transcript: Transcript) -> Tallies:
    tops, keyed = _tops(transcript), transcript.keys[:, None] >= 0
    scored, keys = _scored(transcript), transcript.keys[:, None]
    tallies: Tallies = {}
    for name, number in (("accuracy_initial", 0), ("accuracy_final", -1)):
        counted = scored[:, number] & keyed
        tallies[name] = _tally(transcript, counted & (tops[:, number] == keys), counted)
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
        tallies[f"belief_in_{name}@{number}"] = _tally(transcript, mass, here)
    return tallies


def _group(transcript: Transcript) -> Tallies:
    counted = (transcript.keys >= 0) & transcript.valid[:, -1].any(axis=1)
    answers = {
        "group_accuracy_majority": group.majority_answer(transcript),
        "group_accuracy_mean_belief": group.mean_belief_answer(transcript),
    }
    tallies = {
        name: _tally(transcript, counted & (given == transcript.keys), counted)
        for name, given in answers.items()
    }
    last = transcript.beliefs[:, -1]
    known = ~np.isnan(last).all(axis=(1, 2))
    spread = np.zeros(transcript.n_items)
    if known.any():
        spread[known] = group.spread(last[known])
    return tallies | {"polarization": _tally(transcript, spread, known)}


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
    targets = pair.attacked.targets
    if targets is None:
        return {}
    used = beliefs or pair
    attacked, clean = _last_benign(used.attacked), _last_benign(used.clean)
    both = pair.attacked.valid[:, -1] & pair.clean.valid[:, -1]
    counted = np.asarray(both)[:, list(pair.attacked.benign)]
    counted = counted & ~np.isnan(attacked[..., 0]) & ~np.isnan(clean[..., 0])
    counted = counted & (targets >= 0)[:, None]
    aim = np.maximum(targets, 0)[:, None]
    gained = _at(attacked, aim) - _at(clean, aim)
    base = counted & (top_option(clean) != aim)
    tallies = {
        f"takeover_{suffix}": _tally(
            pair.attacked,
            np.where(counted, gained, 0.0),
            np.where(counted, 1 - _at(clean, aim), 0.0),
        ),
        f"flips_{suffix}": _tally(pair.attacked, base & (top_option(attacked) == aim), base),
    }
    return tallies if beliefs is not None else tallies | _displacement(pair)


def _displacement(pair: Pair) -> Tallies:
    attacked, clean = _last_benign(pair.attacked), _last_benign(pair.clean)
    counted = ~np.isnan(attacked[..., 0]) & ~np.isnan(clean[..., 0])
    kept, number = counted.any(axis=1), np.maximum(counted.sum(axis=1), 1)[:, None]
    means = [np.where(counted[..., None], one, 0.0).sum(axis=1) for one in (attacked, clean)]
    moved = np.nan_to_num(total_variation(means[0] / number, means[1] / number))
    return {"displacement": _tally(pair.attacked, np.where(kept, moved, 0.0), kept)}


def gate_tallies(transcript: Transcript) -> Tallies:
    """Count what the gates of one arm show: detected seats, rounds to it, false isolation."""
    return {
        name: _tally(transcript, tops, bottoms)
        for name, (tops, bottoms) in detection_counts(transcript).items()
    }


def hostile_items(pair: Pair, rewrites: bool) -> Mask:
    """Say on which items the adversary attacked, rather than playing an honest agent.

    Parameters
    ----------
    pair : Pair
        Both arms.
    rewrites : bool
        Whether the attack changes what others say, which its own turns do not show.

    Returns
    -------
    ndarray of bool, shape (n_items,)
        Where one of its seats states the target on top and not what an ordinary agent in that
        seat stated in the clean arm.
    """
    targets = pair.attacked.targets
    if rewrites or targets is None:
        return np.ones(pair.attacked.n_items, dtype=bool)
    seats = list(pair.attacked.seats)
    said, would_say = (_stated(arm)[:, :, seats] for arm in pair)
    other = np.asarray(~np.isclose(said, would_say, equal_nan=True).all(axis=-1))
    aims = top_option(said) == targets[:, None, None]
    return np.asarray((other & aims).any(axis=(1, 2)))


def _stated(transcript: Transcript) -> Array:
    given = transcript.stated_beliefs
    return transcript.beliefs if given is None else given


def with_beliefs(pair: Pair, attacked: Array, clean: Array) -> Pair:
    """Return the pair with other beliefs, for `pair_tallies`."""
    return Pair(replace(pair.attacked, beliefs=attacked), replace(pair.clean, beliefs=clean))


def add_prefix(tallies: Mapping[str, Tally], prefix: str) -> Tallies:
    """Return the tallies under longer names."""
    return {f"{prefix}{name}": tally for name, tally in tallies.items()}


def _tally(transcript: Transcript, numerator: ArrayLike, denominator: ArrayLike) -> Tally:
    return Tally.of_items(_per_item(numerator), _per_item(denominator), transcript.question_ids)


def _per_item(values: ArrayLike) -> Array:
    numbers = np.asarray(values, dtype=float)
    return numbers if numbers.ndim == 1 else numbers.sum(axis=1)


def _tops(transcript: Transcript) -> NDArray[np.int64]:
    return top_option(transcript.beliefs[:, :, list(transcript.benign)])


def _scored(transcript: Transcript) -> Mask:
    return np.asarray(transcript.validity[:, :, list(transcript.benign)] <= ABSTAINED)


def _last_benign(transcript: Transcript) -> Array:
    return transcript.beliefs[:, -1][:, list(transcript.benign)]


def _at(beliefs: Array, option: NDArray[np.int64]) -> Array:
    return np.take_along_axis(beliefs, option[..., None], axis=2)[..., 0]
