"""A recorded deliberation as arrays: what fits and metrics read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts import Validity
from fjsim.html_table import html_table
from fjsim.readonly import ReadOnlyArrays
from fjsim.records.played import PlayedLaw
from fjsim.records.units import OpinionUnit

Integers = NDArray[np.int64]

VALIDITY_CODES = {
    Validity.OK: 0,
    Validity.REPAIRED: 1,
    Validity.ABSTAINED: 2,
    Validity.MISSING: 3,
}
ABSENT = 4
"""Validity code of a turn that was never scheduled (a foreign log's gap)."""

SHOWN_ITEMS = 10
"""Items that a notebook lists."""
NOT_HEARD = -1
"""In ``heard_round``: nothing of this speaker reached this listener before this turn."""

LONGEST_OPENING = 20_000
"""Characters of a round-0 statement that a transcript keeps."""

BENIGN_ROLES = frozenset({"", "benign"})
"""Roles of agents that nobody controls; a log marks the adversary's by any other word."""


@dataclass(frozen=True, eq=False, repr=False)
class Transcript(ReadOnlyArrays):
    """One arm of a recorded deliberation.

    Its arrays are read-only, and two transcripts are equal only if they are the same object.

    An *item* is one question in one replica. Options are padded to the largest number of
    options with NaN; a missing belief is NaN throughout.

    Parameters
    ----------
    question_ids : tuple of str, length n_items
        Question of each item; replicas of one question share it.
    replicas : ndarray of int, shape (n_items,)
    keys : ndarray of int, shape (n_items,)
        Right option; -1 where there is no key.
    beliefs : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options)
        Accepted beliefs.
    answers : ndarray of int, shape (n_items, n_rounds + 1, n_agents)
        Stated answers; -1 where there is none.
    validity : ndarray of int, shape (n_items, n_rounds + 1, n_agents)
        0 ok, 1 repaired, 2 abstained, 3 missing, 4 never scheduled.
    heard_round : ndarray of int, shape (n_items, n_rounds + 1, n_agents, n_agents)
        ``[item, round, listener, speaker]``: round of the speaker's statement that the listener
        had been given before it spoke; -1 for none. In a synchronous deliberation that is
        ``round - 1`` on every edge.
    gates : ndarray of shape (n_items, n_rounds + 1, n_agents, n_agents)
        The defense's gate of each message, kept-back ones included; the mean where gates differ by
        option, 1 without a defense, NaN where no message was sent.
    influence : ndarray of shape (n_agents, n_agents) or (n_items, n_agents, n_agents), or None
        W by which the agents themselves mix, per item where that is a router's; None where only
        the log knows who heard whom.
    stated_beliefs : ndarray like ``beliefs``, or None
        What was stated, where it differs from what was accepted.
    confidence : ndarray of shape (n_items, n_rounds + 1, n_agents), or None
        Stated confidence.
    stubbornness, self_weight : ndarray of shape (n_items, n_agents), or None
        True parameters, where backend or agents declare them.
    seats : tuple of int
        The adversary's seats; in the clean arm, the seats it would have. `adversary_seats` is
        the name to read them by.
    targets : ndarray of int, shape (n_items,), or None
        What the adversary is after; -1 where there is none.
    agents : tuple of str, length n_agents
        Names of the seats.
    arm : str
        ``"attacked"``, ``"clean"``, or the arm's name in a foreign log.
    control : ndarray of bool, shape (n_items,), or None
        Items of a control arm, in which nobody heard anybody.
    opinions : bool
        Whether beliefs are scalar opinions written as ``(1 - p, p)``.
    residual : {'innate', 'self', 'renormalise'}
        Where the weight goes that ``gates`` remove: the defense's residual for numeric agents
        and the ``blend`` channel, ``'renormalise'`` for ``label``, ``withhold`` and ``sample``.
    peers_read : {'belief', 'confidence', 'words', 'answer', 'nothing'}
        What peers saw of a turn: the belief, the answer with its stated confidence, the answer
        with what its reason conveys of that, only the answer, or nothing that a belief can be
        read off.
    exchangeable : bool
        Whether different people sit in a seat from item to item (crowds).
    abstention : int or None
        Option that stands for an abstention in a categorical log.
    perceived : ndarray of shape (n_items, n_agents, n_agents), or None
        ``[item, listener, speaker]``: how sure the speaker seemed after round 0, where listeners
        were asked; NaN where not.
    casting : ndarray of int, shape (n_items, n_votes), or None
        What voters from outside the team answered; -1 where nobody was asked, or gave no answer.
    told_again : ndarray of int, shape (n_items,), or None
        Turns that a defense told again when it took beliefs back; None where there were none.
    simulated : bool
        Whether no language model took part; False where it is not known.
    acting : ndarray like ``gates``, or None
        What acted in place of the gate: 1 where a channel delivered a message in full, 0 where it
        kept it back, NaN where the gate acted. None where gates acted throughout.
    option_gates : ndarray of shape (n_items, n_rounds + 1, n_agents, n_agents, n_options), or None
        The defense's gates where they differ by option, NaN elsewhere.
    kept : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options), or None
        Share of each stated belief that a blending defense accepted; None where all was.
    routed : ndarray of shape (n_items, n_agents, n_agents), or None
        W(q) of each item, where a router gave it, whether agents mix by it or it acts on them.
    played : PlayedLaw or None
        How weights and gates acted; None for a log that does not say.
    options : tuple of tuple of str, length n_items or 0
        Names of each item's options, where a foreign log gives them.
    people : tuple of tuple of str, length n_items or 0
        Who sits in each seat, item by item, where that differs; empty text for nobody.
    unit : OpinionUnit or None
        Unit of the opinions of a foreign log.
    roles : tuple of tuple of str, length n_items or 0
        Role of each seat, item by item, as a foreign log names it; empty text for none.
    exposure : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options), or None
        The mean of what a listener had heard before it spoke, where a log records that instead of
        the statements; NaN where not. Such a turn has nobody in ``heard_round``.
    subjects : tuple of str, length n_items or 0
        What each item's question is about, where the question set says so; empty text where not.
    given_influence : ndarray of shape (n_items, n_rounds + 1, n_agents, n_agents), or None
        Shares of a listener's attention, turn by turn, where a log records them: rows sum to 1,
        silent speakers included, or to 0 where nobody was heard.
    openings : tuple of tuple of str, length n_items or 0
        What each seat said in round 0, in its own words, cut to `LONGEST_OPENING` characters;
        empty text where it said nothing, or where the log does not hold it.
    words : ndarray of shape (n_agents,), or None
        How far each seat's reasons convey its confidence, in [0, 1]; there where peers read
        ``'words'``.
    """

    question_ids: tuple[str, ...]
    replicas: Integers
    keys: Integers
    beliefs: Array
    answers: Integers
    validity: Integers
    heard_round: Integers
    gates: Array
    influence: Array | None = None
    stated_beliefs: Array | None = None
    confidence: Array | None = None
    stubbornness: Array | None = None
    self_weight: Array | None = None
    seats: tuple[int, ...] = ()
    targets: Integers | None = None
    agents: tuple[str, ...] = ()
    arm: str = "clean"
    control: NDArray[np.bool_] | None = None
    opinions: bool = False
    residual: Literal["innate", "self", "renormalise"] = "innate"
    peers_read: Literal["belief", "confidence", "words", "answer", "nothing"] = "belief"
    exchangeable: bool = False
    abstention: int | None = None
    perceived: Array | None = None
    casting: Integers | None = None
    told_again: Integers | None = None
    simulated: bool = False
    acting: Array | None = None
    option_gates: Array | None = None
    kept: Array | None = None
    routed: Array | None = None
    played: PlayedLaw | None = None
    options: tuple[tuple[str, ...], ...] = ()
    people: tuple[tuple[str, ...], ...] = ()
    unit: OpinionUnit | None = None
    roles: tuple[tuple[str, ...], ...] = ()
    exposure: Array | None = None
    given_influence: Array | None = None
    openings: tuple[tuple[str, ...], ...] = ()
    words: Array | None = None
    subjects: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Transcript({self.arm}: {self.n_items} items, {self.n_rounds} rounds, "
            f"{self.n_agents} agents, {self.n_options} options)"
        )

    def _repr_html_(self) -> str:
        rows = [
            (name, where, int(key) if key >= 0 else None)
            for name, where, key in zip(
                self.question_ids, self.replicas.tolist(), self.keys.tolist(), strict=True
            )
        ]
        more = [f"and {len(rows) - SHOWN_ITEMS} more"] if len(rows) > SHOWN_ITEMS else []
        return html_table(("question", "replica", "key"), rows[:SHOWN_ITEMS], repr(self), more)

    @property
    def n_items(self) -> int:
        """How many items (question × replica) there are."""
        return int(self.beliefs.shape[0])

    @property
    def n_rounds(self) -> int:
        """Rounds after round 0."""
        return int(self.beliefs.shape[1]) - 1

    @property
    def n_agents(self) -> int:
        """How many seats there are."""
        return int(self.beliefs.shape[2])

    @property
    def n_options(self) -> int:
        """The largest number of options of any question."""
        return int(self.beliefs.shape[3])

    @property
    def innate(self) -> Array:
        """Round-0 beliefs, shape (n_items, n_agents, n_options)."""
        return self.beliefs[:, 0]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Where a turn holds a belief, shape (n_items, n_rounds + 1, n_agents)."""
        return np.asarray(~np.isnan(self.beliefs).all(axis=-1))

    @property
    def adversary_seats(self) -> tuple[int, ...]:
        """The adversary's seats; in the clean arm, the seats it would have."""
        return self.seats

    @property
    def benign(self) -> tuple[int, ...]:
        """The seats that are not the adversary's."""
        return tuple(seat for seat in range(self.n_agents) if seat not in self.adversary_seats)

    @property
    def error_scale(self) -> float:
        """By what squared errors of beliefs are multiplied to carry the unit of the opinions."""
        return 1.0 if self.unit is None else self.unit.error_scale

    @property
    def hostile(self) -> NDArray[np.bool_]:
        """Where a seat is the adversary's, item by item, shape (n_items, n_agents).

        By ``roles`` where a log has them: every role but `BENIGN_ROLES`. Otherwise by ``seats``,
        in the attacked arm.
        """
        if self.roles:
            names = np.array(self.roles, dtype=object).reshape(self.n_items, self.n_agents)
            known, at = np.unique(names.astype(str), return_inverse=True)
            bad = np.array([name.lower() not in BENIGN_ROLES for name in known], dtype=bool)
            return np.asarray(bad[at].reshape(names.shape))
        held = np.zeros((self.n_items, self.n_agents), dtype=bool)
        if self.arm == "attacked":
            held[:, list(self.seats)] = True
        return held

    def select(self, items: NDArray[np.intp] | NDArray[np.bool_]) -> Transcript:
        """Return the transcript of some items, in the order given.

        Parameters
        ----------
        items : ndarray
            Indices or a mask over the first axis.
        """
        chosen = np.arange(self.n_items)[items]

        def pick(values: Array | None) -> Array | None:
            return None if values is None else values[chosen]

        per_item = self.influence is not None and self.influence.ndim == 3
        return replace(
            self,
            question_ids=tuple(self.question_ids[item] for item in chosen),
            replicas=self.replicas[chosen],
            keys=self.keys[chosen],
            beliefs=self.beliefs[chosen],
            answers=self.answers[chosen],
            validity=self.validity[chosen],
            heard_round=self.heard_round[chosen],
            gates=self.gates[chosen],
            influence=pick(self.influence) if per_item else self.influence,
            stated_beliefs=pick(self.stated_beliefs),
            confidence=pick(self.confidence),
            stubbornness=pick(self.stubbornness),
            self_weight=pick(self.self_weight),
            perceived=pick(self.perceived),
            casting=None if self.casting is None else self.casting[chosen],
            told_again=None if self.told_again is None else self.told_again[chosen],
            acting=pick(self.acting),
            option_gates=pick(self.option_gates),
            kept=pick(self.kept),
            routed=pick(self.routed),
            targets=None if self.targets is None else self.targets[chosen],
            control=None if self.control is None else self.control[chosen],
            options=tuple(self.options[item] for item in chosen) if self.options else (),
            people=tuple(self.people[item] for item in chosen) if self.people else (),
            roles=tuple(self.roles[item] for item in chosen) if self.roles else (),
            openings=tuple(self.openings[item] for item in chosen) if self.openings else (),
            subjects=tuple(self.subjects[item] for item in chosen) if self.subjects else (),
            unit=None if self.unit is None else self.unit.select(chosen),
            exposure=pick(self.exposure),
            given_influence=pick(self.given_influence),
        )

    def first_rounds(self, n_rounds: int) -> Transcript:
        """Return the transcript up to and including round ``n_rounds``."""
        last = n_rounds + 1

        def start(values: Array | None) -> Array | None:
            return None if values is None else values[:, :last]

        return replace(
            self,
            beliefs=self.beliefs[:, :last],
            answers=self.answers[:, :last],
            validity=self.validity[:, :last],
            heard_round=self.heard_round[:, :last],
            gates=self.gates[:, :last],
            stated_beliefs=start(self.stated_beliefs),
            confidence=start(self.confidence),
            acting=start(self.acting),
            option_gates=start(self.option_gates),
            kept=start(self.kept),
            exposure=start(self.exposure),
            given_influence=start(self.given_influence),
        )
