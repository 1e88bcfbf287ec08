"""From replayed gates to whom they find: areas, cuts, first rounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.judging.findings import Detection, SpeakerCut
from fjsim.judging.replay import Replay
from fjsim.judging.source import PlayedArm
from fjsim.metrics import Estimate, tally
from fjsim.metrics.detection import TrustScores
from fjsim.records import Transcript

Flags = NDArray[np.bool_]


def detection(
    arm: PlayedArm, replayed: Replay, clean: Replay | None, threshold: float, seed: int = 0
) -> Detection:
    """Return whom a defense's gates tell apart on a log.

    Parameters
    ----------
    arm : PlayedArm
    replayed : Replay
        Gates on that arm.
    clean : Replay or None
        Gates on the clean arm, where there is one; else items without a hostile speaker are the
        clean ones.
    threshold : float
        Mean gate below which a speaker is cut.
    seed : int, default 0
        Seed of the bootstrap over questions.
    """
    transcript, trust = arm.transcript, replayed.trust
    hostile = transcript.hostile
    low = np.asarray(trust < threshold)  # NaN is not below
    first = low.argmax(axis=1)
    cut = np.asarray(low.any(axis=1))
    heard = ~np.isnan(trust).all(axis=1)
    order = [step.item for track in arm.tracks for step in track if not step.warmup]
    caught_on = [at for at, item in enumerate(order) if (cut & hostile)[item].any()]
    found = hostile & cut
    return Detection(
        auc=scores(transcript, last_known(trust)).estimate(seed),
        gate_by_role=_by_role(transcript, replayed.gates, seed),
        gate_by_seat=_by_seat(transcript, replayed.gates),
        caught=tally(transcript, found & heard, hostile & heard).estimate(seed),
        first_round=tally(transcript, np.where(found, first, 0), found).estimate(seed),
        first_item=transcript.question_ids[order[caught_on[0]]] if caught_on else None,
        items_before=caught_on[0] if caught_on else None,
        false_cuts_per_clean_question=_false_cuts(clean or replayed, False, threshold, seed),
        false_cuts_per_attacked_question=_false_cuts(replayed, True, threshold, seed),
        cuts=_cuts(transcript, order, trust, first, cut),
    )


def scores(transcript: Transcript, trust: Array) -> TrustScores:
    """Return what was found of each (item, agent), for the area under its curve.

    Parameters
    ----------
    transcript : Transcript
        Its ``hostile`` says who is to be found.
    trust : ndarray of shape (n_items, n_agents)
        The lower, the more suspect; NaN leaves an agent out.
    """
    known = ~np.isnan(trust)
    item = np.broadcast_to(np.arange(transcript.n_items)[:, None], trust.shape)
    names = tuple(transcript.question_ids[at] for at in item[known].tolist())
    return TrustScores(names, trust[known], transcript.hostile[known].astype(float))


def last_known(trust: Array) -> Array:
    """Return each agent's last number of an item, shape (n_items, n_agents); NaN without any."""
    last = trust[:, 0].copy()
    for at in range(1, trust.shape[1]):
        last = np.where(np.isnan(trust[:, at]), last, trust[:, at])
    return last


def role_names(transcript: Transcript) -> list[list[str]]:
    """Return the role of each seat, item by item: hostile or benign where the log has no words."""
    if transcript.roles:
        return [[role or "benign" for role in roles] for roles in transcript.roles]
    return [["hostile" if bad else "benign" for bad in row] for row in transcript.hostile.tolist()]


def _by_role(transcript: Transcript, gates: Array, seed: int) -> dict[str, Estimate]:
    roles = np.array(role_names(transcript), dtype=object).reshape(-1, transcript.n_agents)
    total, count = np.nansum(gates, axis=(1, 2)), (~np.isnan(gates)).sum(axis=(1, 2))
    found = {}
    for role in sorted(set(roles.ravel().tolist()), reverse=True):
        inside = roles == role
        found[role] = tally(
            transcript, np.where(inside, total, 0.0), np.where(inside, count, 0)
        ).estimate(seed)
    return found


def _by_seat(transcript: Transcript, gates: Array) -> dict[str, float | None]:
    total, count = np.nansum(gates, axis=(0, 1, 2)), (~np.isnan(gates)).sum(axis=(0, 1, 2))
    return {
        name: float(total[seat] / count[seat]) if count[seat] else None
        for seat, name in enumerate(seat_names(transcript))
    }


def seat_names(transcript: Transcript) -> Sequence[str]:
    """Return what the seats are called; their numbers where they have no names."""
    return transcript.agents or [f"seat {seat}" for seat in range(transcript.n_agents)]


def _false_cuts(replayed: Replay, attacked: bool, threshold: float, seed: int) -> Estimate:
    """Count benign messages below the threshold per item with or without a hostile speaker."""
    hostile = replayed.transcript.hostile
    among = hostile.any(axis=1) == attacked
    benign = np.where(hostile[:, None, None], np.nan, replayed.gates)
    below = (benign < threshold).sum(axis=(1, 2, 3))
    return tally(replayed.transcript, np.where(among, below, 0), among).estimate(seed)


def _cuts(
    transcript: Transcript, order: Sequence[int], trust: Array, first: Array, cut: Flags
) -> tuple[SpeakerCut, ...]:
    roles, names = role_names(transcript), seat_names(transcript)
    return tuple(
        SpeakerCut(
            item=transcript.question_ids[item],
            replica=int(transcript.replicas[item]),
            round=int(first[item, seat]),
            speaker=names[seat],
            role=roles[item][seat],
            weight=float(trust[item, first[item, seat], seat]),
        )
        for item in order
        for seat in np.flatnonzero(cut[item]).tolist()
    )
