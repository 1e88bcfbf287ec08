"""Many finished items of one arm as arrays: the turns of agents that need no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm, Heard, Validity
from fjsim.contracts.argument import in_words, sureness
from fjsim.contracts.crowd import Flags, Integers
from fjsim.records.bounds import Bounds
from fjsim.records.contents import ItemEnd
from fjsim.records.lines import DamagedLineError
from fjsim.records.packing import Numbers, packed, unpacked
from fjsim.records.probe import Probe
from fjsim.records.turn import Turn, TurnKey, shared_heard
from fjsim.records.values import ROUNDING, listed, share, short, within

OK, ABSTAINED, MISSING = 0, 2, 3
_VALIDITY = {OK: Validity.OK, ABSTAINED: Validity.ABSTAINED, MISSING: Validity.MISSING}
DECIMALS = 12
"""Decimals of a gate and of a weight, as a turn's own line has them."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Finished items of one arm: a question in a replica each, all of as many options.

    Parameters
    ----------
    arm : {'attacked', 'clean'}
    questions : tuple of str, length n_items
    warmup : bool
        Whether they left every metric, and have round 0 only.
    words : tuple of float, length n_agents
        How far each seat's reasons convey its confidence.
    arguments, problems : tuple of str, length n_agents
        Each seat's reason, where it is always the same, and why its missing turns are.
    shared : tuple of int
        Seats whose round 0 is that of the other arm.
    orders : tuple of tuple of int, length n_items
        As ``ItemEnd.order``.
    at : float
        Unix time at which they were finished.
    replicas, keys, targets : ndarray of int, shape (n_items,)
        -1 for no key and no target.
    beliefs : ndarray of shape (n_rounds + 1, n_items, n_agents, n_options)
        NaN where there is none.
    answers : ndarray of int, shape (n_rounds + 1, n_items, n_agents)
        -1 where there is none.
    confidence : ndarray like ``answers``
        NaN where none is stated.
    validity : ndarray of int like ``answers``
        0 ok, 2 abstained, 3 missing.
    heard_round : ndarray of int, shape (n_rounds + 1, n_items, n_agents, n_agents)
        ``[..., listener, speaker]``; -1 where nothing was heard.
    gates, weights : ndarray like ``heard_round``
        NaN where nothing was heard.
    option_gates : ndarray of shape (..., n_options), or None
        NaN where gates do not differ by option.
    tampered : ndarray of bool like ``heard_round``, or None
    routed, persuasion, perceived : ndarray of shape (n_items, n_agents, n_agents), or None
        As in ``ItemEnd``, ``weights`` and ``persuasion``, and as probes found.
    stubbornness, self_weight : ndarray of shape (n_items, n_agents), or None
        Declared ones.
    """

    arm: Arm
    questions: tuple[str, ...]
    warmup: bool
    words: tuple[float, ...]
    arguments: tuple[str, ...]
    problems: tuple[str, ...]
    shared: tuple[int, ...]
    orders: tuple[tuple[int, ...], ...]
    at: float
    replicas: Integers
    keys: Integers
    targets: Integers
    beliefs: Array
    answers: Numbers
    confidence: Array
    validity: Numbers
    heard_round: Numbers
    gates: Array
    weights: Array
    option_gates: Array | None = None
    tampered: Flags | None = None
    routed: Array | None = None
    persuasion: Array | None = None
    perceived: Array | None = None
    stubbornness: Array | None = None
    self_weight: Array | None = None

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.questions)

    @property
    def n_turns(self) -> int:
        """How many turns they have."""
        return int(self.validity.size)

    @property
    def n_agents(self) -> int:
        """How many seats there are."""
        return int(self.beliefs.shape[2])

    @property
    def n_options(self) -> int:
        """How many options each question has."""
        return int(self.beliefs.shape[3])

    @cached_property
    def places(self) -> Mapping[tuple[str, int], int]:
        """Where each question and replica stands."""
        replicas = self.replicas.tolist()
        return {one: at for at, one in enumerate(zip(self.questions, replicas, strict=True))}

    def keys_of_turns(self) -> Iterator[TurnKey]:
        """Yield the key of every turn, item by item."""
        n_rounds, _, n_agents = self.validity.shape
        for question, replica in self.places:
            for number in range(n_rounds):
                for seat in range(n_agents):
                    yield TurnKey(self.arm, question, replica, number, seat)

    def has(self, number: int, seat: int) -> bool:
        """Say whether its items have a turn of a round and seat."""
        return 0 <= number < len(self.validity) and 0 <= seat < self.n_agents

    def turn(self, key: TurnKey) -> Turn | None:
        """Return one turn; None if it is not among these."""
        item = self.places.get((key.question, key.replica))
        if key.arm != self.arm or item is None or not self.has(key.round, key.agent):
            return None
        place = key.round, item, key.agent
        belief, answer, sure = self.beliefs[place], int(self.answers[place]), self.confidence[place]
        there = not np.isnan(belief[0])
        shown = tuple(belief.tolist()) if there else None
        validity = int(self.validity[place])
        return Turn(
            *key,
            validity=_VALIDITY[validity],
            answer=answer if answer >= 0 else None,
            belief=shown,
            stated_belief=shown,
            confidence=None if np.isnan(sure) else float(sure),
            reason="" if validity == MISSING else self._reason(key.agent, float(sure)),
            problem=self.problems[key.agent] if validity == MISSING else "",
            heard=self._heard(place),
            shared=key.round == 0 and key.agent in self.shared,
            at=self.at,
        )

    def openings(self) -> Iterator[Turn]:
        """Yield the turns of round 0 that have a reason."""
        if not any(self.words) and not any(self.arguments):
            return
        for question, replica in self.places:
            for seat in range(self.n_agents):
                turn = self.turn(TurnKey(self.arm, question, replica, 0, seat))
                if turn is not None and turn.reason:
                    yield turn

    def _reason(self, seat: int, sure: float) -> str:
        words = self.words[seat]
        return in_words(float(sureness(words, sure))) if words > 0 else self.arguments[seat]

    def _heard(self, place: tuple[int, int, int]) -> tuple[Heard, ...]:
        rounds = self.heard_round[place].tolist()
        return tuple(
            self._message((*place, speaker), number)
            for speaker, number in enumerate(rounds)
            if number >= 0
        )

    def _message(self, edge: tuple[int, int, int, int], number: int) -> Heard:
        by_option = None
        if self.option_gates is not None and not np.isnan(self.option_gates[edge][0]):
            by_option = tuple(np.round(self.option_gates[edge], DECIMALS).tolist())
        return shared_heard(
            edge[-1],
            number,
            round(float(self.gates[edge]), DECIMALS),
            round(float(self.weights[edge]), DECIMALS),
            self.tampered is not None and bool(self.tampered[edge]),
            None,
            by_option,
        )

    def ends(self) -> Iterator[ItemEnd]:
        """Yield the end of every item."""

        def row(values: Array | None, at: int) -> Any:
            return None if values is None else values[at].tolist()

        keys, targets, replicas = (
            each.tolist() for each in (self.keys, self.targets, self.replicas)
        )
        for at, question in enumerate(self.questions):
            moved = self.persuasion is not None and bool((self.persuasion[at] != 1).any())
            yield ItemEnd(
                arm=self.arm,
                question=question,
                replica=replicas[at],
                key=keys[at] if keys[at] >= 0 else None,
                n_options=self.n_options,
                target=targets[at] if targets[at] >= 0 else None,
                warmup=self.warmup,
                weights=row(self.routed, at),
                stubbornness=row(self.stubbornness, at),
                self_weight=row(self.self_weight, at),
                order=list(self.orders[at]),
                persuasion=row(self.persuasion, at) if moved else None,
            )

    def probes(self) -> Iterator[Probe]:
        """Yield what every listener found, where listeners were asked."""
        if self.perceived is None:
            return
        for at, (question, replica) in enumerate(self.places):
            for seat, row in enumerate(self.perceived[at].tolist()):
                found = {speaker: sure for speaker, sure in enumerate(row) if sure == sure}
                yield Probe(self.arm, question, replica, seat, perceived=found)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for one line of the event log."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        for name, how in _PACKED.items():
            given = getattr(self, name)
            if given is not None:
                values[name] = packed(given, how.axes, how.kind)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], bounds: Bounds) -> Columns:
        """Return the block of one line of the event log.

        Parameters
        ----------
        values : mapping
            Untrusted; unknown keys are ignored.
        bounds : Bounds
            What its run allows.

        Raises
        ------
        DamagedLineError
            If it cannot be.
        """
        plain = _plain(values, bounds)
        n_options = bounds.options[plain["questions"][0]]
        n_rounds = 1 if plain["warmup"] else bounds.n_rounds + 1
        sizes = {"R": n_rounds, "I": len(plain["questions"]), "n": bounds.n_agents, "K": n_options}
        arrays: dict[str, Any] = {}
        for name, how in _PACKED.items():
            if name in values or not how.optional:
                shape = [sizes[axis] for axis in how.shape]
                small = unpacked(name, values.get(name), shape, how.axes, how.kind)
                _CHECKS[how.check](name, small, sizes)
                arrays[name] = np.broadcast_to(small, shape)
        if not ((arrays["replicas"] >= 0) & (arrays["replicas"] < bounds.n_replicas)).all():
            raise DamagedLineError("replicas are not of this run")
        _check_together(arrays)
        if (found := arrays.get("tampered")) is not None:
            arrays["tampered"] = found.astype(bool)
        return cls(**plain, **arrays)


@dataclass(frozen=True, slots=True)
class _Packed:
    """How an array stands in a line: axes (R rounds, I items, n seats, K options), type, check."""

    shape: str
    kind: str = "<f8"
    axes: tuple[int, ...] = ()
    check: str = "shares"
    optional: bool = False


_PACKED = {
    "replicas": _Packed("I", "<i8", check="any"),
    "keys": _Packed("I", "<i8", check="options"),
    "targets": _Packed("I", "<i8", check="options"),
    "beliefs": _Packed("RInK", check="beliefs"),
    "answers": _Packed("RIn", "<i1", check="options"),
    "confidence": _Packed("RIn"),
    "validity": _Packed("RIn", "<i1", (0, 1), check="validity"),
    "heard_round": _Packed("RInn", "<i4", (0, 1), check="rounds"),
    "gates": _Packed("RInn", axes=(0, 1)),
    "weights": _Packed("RInn", axes=(0, 1), check="factors"),
    "option_gates": _Packed("RInnK", optional=True),
    "tampered": _Packed("RInn", "<i1", (0, 1), check="flags", optional=True),
    "routed": _Packed("Inn", axes=(0,), optional=True),
    "persuasion": _Packed("Inn", axes=(0,), check="factors", optional=True),
    "perceived": _Packed("Inn", axes=(0,), optional=True),
    "stubbornness": _Packed("In", axes=(0,), optional=True),
    "self_weight": _Packed("In", axes=(0,), optional=True),
}
_PLAIN = tuple(one.name for one in fields(Columns) if one.name not in _PACKED)


def _plain(values: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
    """Return the fields that are no arrays, checked."""
    arm, warmup, n_agents = values["arm"], values["warmup"], bounds.n_agents
    if arm not in bounds.arms:
        raise DamagedLineError(f"arm {short(arm)} is not of this run")
    questions = listed("questions", values["questions"])
    sizes = {bounds.options.get(question) for question in questions}
    if not bounds.closed or len(sizes) != 1 or not questions or sizes & {None, 0}:
        raise DamagedLineError("a block whose questions are not of this run, or not alike")
    if type(warmup) is not bool:
        raise DamagedLineError("warmup is neither true nor false")
    found: dict[str, Any] = {"arm": arm, "questions": tuple(questions), "warmup": warmup}
    found |= _of_seats(values, n_agents)
    orders = [listed("order", order) for order in listed("orders", values["orders"])]
    usual = list(range(next(iter(sizes)) or 0))
    if len(orders) != len(questions) or not all(_is_order(order, usual) for order in orders):
        raise DamagedLineError("orders are no order of the options for each question")
    at = values["at"]
    if type(at) not in (int, float):
        raise DamagedLineError(f"at is {short(at)}, not a time")
    return found | {"orders": tuple(map(tuple, orders)), "at": float(at)}


def _is_order(order: list[Any], usual: list[int]) -> bool:
    return all(type(one) is int for one in order) and sorted(order) == usual


def _of_seats(values: Mapping[str, Any], n_agents: int) -> dict[str, Any]:
    """Return what a block says of its seats, checked."""
    words = listed("words", values["words"])
    if len(words) != n_agents:
        raise DamagedLineError("words is not a number for each seat")
    for one in words:
        share("words", one)
    found: dict[str, Any] = {"words": tuple(map(float, words))}
    for name in ("arguments", "problems"):
        given = listed(name, values[name])
        if len(given) != n_agents or not all(type(one) is str for one in given):
            raise DamagedLineError(f"{name} is not a text for each seat")
        found[name] = tuple(given)
    shared = listed("shared", values["shared"])
    for seat in shared:
        within("shared", seat, n_agents - 1)
    return found | {"shared": tuple(shared)}


def _refuse(name: str, wrong: bool) -> None:
    if wrong:
        raise DamagedLineError(f"{name} holds what cannot be")


def _check_shares(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    there = values[~np.isnan(values)]
    _refuse(name, bool(((there < -1e-9) | (there > 1 + 1e-9)).any()))


def _check_factors(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    there = values[~np.isnan(values)]
    _refuse(name, bool(((there < 0) | (there > 1e12)).any()))


def _check_beliefs(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    gone = np.isnan(values)
    there = ~gone.all(axis=-1)
    total = values.sum(axis=-1)[there]
    _refuse(name, bool((gone.any(axis=-1) & there).any()))
    _refuse(name, bool((np.abs(total - 1) > ROUNDING).any() or (values[there] < -ROUNDING).any()))


def _check_options(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    _refuse(name, bool(((values < -1) | (values >= sizes["K"])).any()))


def _check_validity(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    _refuse(name, not np.isin(values, list(_VALIDITY)).all())


def _check_rounds(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    latest = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1))
    _refuse(name, bool(((values < -1) | (values > latest)).any()))


def _check_flags(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    _refuse(name, not np.isin(values, (0, 1)).all())


def _check_any(name: str, values: Numbers, sizes: Mapping[str, int]) -> None:
    """Leave it to who knows more."""


_CHECKS = {
    "shares": _check_shares,
    "factors": _check_factors,
    "beliefs": _check_beliefs,
    "options": _check_options,
    "validity": _check_validity,
    "rounds": _check_rounds,
    "flags": _check_flags,
    "any": _check_any,
}


def _check_together(arrays: Mapping[str, Numbers]) -> None:
    """Refuse arrays that contradict each other."""
    there = ~np.isnan(arrays["beliefs"][..., 0])
    if (there != (arrays["validity"] == OK)).any():
        raise DamagedLineError("validity does not say where there is a belief")
    heard = arrays["heard_round"] >= 0
    for name in ("gates", "weights"):
        if (np.isnan(arrays[name]) & heard).any():
            raise DamagedLineError(f"{name} are missing where something was heard")
