"""The adversary's plan in a finished run, recomputed by asking the attack again.

An attack keeps nothing on itself and draws from streams that are keyed by what they are for, so
that the same questions give the same plans. What it *did* stands in the log; what it *meant* to
do, it can be asked at any time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts import Message, Record, Sight
from fjsim.deliberation import Item
from fjsim.deliberation.adversary import Adversary, TurnContext, said_in
from fjsim.records import Transcript
from fjsim.runs.resolve import Setup
from fjsim.runs.runtime import team_of

IN_HAND = frozenset({Sight.GRAPH, Sight.KEY, Sight.MESSAGES, Sight.BELIEFS})
"""What a view can be rebuilt from on its way to a listener."""


def items_of(setup: Setup, transcript: Transcript) -> tuple[Item, ...]:
    """Return the item behind each entry of a transcript's first axis."""
    known = {(item.question.id, item.replica): item for item in setup.items}
    names = zip(transcript.question_ids, transcript.replicas.tolist(), strict=True)
    return tuple(known[name] for name in names)


def adversary_of(setup: Setup, item: Item, innate: Array) -> Adversary:
    """Return the adversary of one item as it stood once its plan was made.

    Parameters
    ----------
    setup : Setup
        Setup of a run with an attack.
    item : Item
    innate : ndarray of shape (n_agents, n_options)
        Recorded round-0 beliefs; those of its own seats are not looked at.
    """
    adversary = Adversary(team_of(setup), item)
    benign = innate[:, : item.question.n_options]
    adversary.make_plan(
        {
            seat: belief
            for seat, belief in enumerate(benign)
            if seat not in setup.seats and not np.isnan(belief).any()
        }
    )
    return adversary


def declared_hostile(setup: Setup, transcript: Transcript) -> NDArray[np.bool_]:
    """Say on which items the attack itself says that it attacks, shape (n_items,).

    Parameters
    ----------
    setup : Setup
    transcript : Transcript
        The attacked arm.

    Notes
    -----
    An attack is idle where ``attacks_on`` says so, and where its plan has no seat active.
    """
    attack = setup.plugins.attack
    assert attack is not None, "asked for runs with an adversary only"
    hostile = [
        attack.attacks_on(item.order, item.warmup)
        and adversary_of(setup, item, transcript.innate[at]).active != ()
        for at, item in enumerate(items_of(setup, transcript))
    ]
    return np.array(hostile, dtype=bool)


@lru_cache(maxsize=2)
def forged_beliefs(setup: Setup, transcript: Transcript) -> Array | None:
    """Return what an attack had others heard to say; None where that cannot be told.

    Parameters
    ----------
    setup : Setup
        Setup of a run with an attack that rewrites.
    transcript : Transcript
        The attacked arm.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_agents, n_options) or None
        ``[item, listener, speaker]``, NaN where the speaker was heard as it spoke.

    Notes
    -----
    The attack is asked again, for each edge in the first round and in the last. It cannot be asked
    where it reads what a transcript does not hold, and is no constant source where the two differ.
    """
    attack = setup.plugins.attack
    if attack is None or not attack.threat.sees <= IN_HAND:
        return None
    n_items, n_rounds, n_agents, n_options = transcript.beliefs.shape
    forged = np.full((2, n_items, n_agents, n_agents, n_options), np.nan)
    if transcript.peers_read == "nothing":
        return np.asarray(forged[0])
    for at, item in enumerate(items_of(setup, transcript)):
        adversary = adversary_of(setup, item, transcript.innate[at])
        record = _record(setup, transcript, item, at)
        for listener, speaker in np.argwhere(setup.influence > 0).tolist():
            for which, number in enumerate((0, max(n_rounds - 2, 0))):
                said = said_in(record, number, speaker)
                heard = adversary.tampered(said, listener, TurnContext(number + 1, {}, record))
                if heard is not said and heard.belief is not None:
                    forged[which, at, listener, speaker, : len(heard.belief)] = _read(
                        heard, transcript.peers_read
                    )
    return forged[0] if np.allclose(forged[0], forged[1], equal_nan=True) else None


def _record(setup: Setup, transcript: Transcript, item: Item, at: int) -> Record:
    """Return all that was said on one item."""
    n_options = item.question.n_options
    accepted = transcript.beliefs[at, ..., :n_options]
    stated = transcript.stated_beliefs
    sure = transcript.confidence
    return Record(
        item.question.id,
        setup.influence,
        accepted if stated is None else stated[at, ..., :n_options],
        accepted,
        transcript.answers[at],
        np.full(accepted.shape[:2], np.nan) if sure is None else sure[at],
    )


def _read(message: Message, peers_read: str) -> Array:
    """Return the belief that a listener reads off a message."""
    assert message.belief is not None, "checked by the caller"
    if peers_read == "belief" or message.answer is None:
        return message.belief
    sure = message.confidence if peers_read == "confidence" else None
    reason = message.reason if peers_read == "words" else ""
    plain = replace(message, belief=None, confidence=sure, reason=reason)
    read = plain.expressed(len(message.belief))
    assert read is not None, "it has an answer"
    return read
