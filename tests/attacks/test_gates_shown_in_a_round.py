"""Within one synchronous round the adversary is shown one set of gates, whoever is asked first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.beliefs import Array, certain
from fjsim.contracts import OPERATOR, Attack, Message, Power, Sight, Stance, ThreatModel, View

COMPLETE = (np.ones((6, 6)) - np.eye(6)) / 5
SEATS = (1, 4)


@dataclass(frozen=True)
class Watchful(Attack):
    """Rewrites what benign seats say to each other, and keeps the gates that it is shown."""

    shown: dict[int, list[Array]] = field(default_factory=lambda: defaultdict(list))

    @property
    def threat(self) -> ThreatModel:
        return ThreatModel(frozenset({Sight.TRUST}), frozenset({Power.REWRITE}))

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        return SEATS

    def pick_target(self, question: Any, benign: Array | None, rng: np.random.Generator) -> int:
        return 1

    def stance(self, seat: int, view: View) -> Stance | None:
        if view.gates is not None:
            self.shown[view.round].append(view.gates.copy())
        return Stance(1, certain(1, view.question.n_options, 0.97))

    def tamper(self, message: Message, listener: int, view: View) -> Message:
        if listener == OPERATOR or message.speaker in SEATS:
            return message
        return replace(message, answer=1, belief=certain(1, 4, 0.9), tampered=True)


@pytest.mark.parametrize("defense", ["ballot", "w-msr"])
def test_all_seats_of_the_adversary_see_the_same_gates_in_one_round(act: Any, defense: str) -> None:
    attack = Watchful()
    act(attack, influence=COMPLETE, defense=registry.build("defense", defense))
    assert sorted(attack.shown) == [1, 2, 3]
    for first, second in attack.shown.values():
        np.testing.assert_array_equal(first, second)


def test_rewritten_words_still_get_the_gate_that_they_deserve(act: Any) -> None:
    played = act(Watchful(), influence=COMPLETE, defense=registry.build("defense", "ballot"))
    forged = [message for message in played.heard(0, 1) if message.tampered]
    assert [message.gate for message in forged] == [0.0] * len(forged) != []


def test_an_attack_cannot_write_into_the_gates_that_it_is_shown(act: Any) -> None:
    attack = Watchful()
    act(attack, influence=COMPLETE, defense=registry.build("defense", "ballot"))

    class Greedy(Watchful):
        def stance(self, seat: int, view: View) -> Stance | None:
            if view.gates is not None:
                view.gates[:] = 1.0
            return super().stance(seat, view)

    with pytest.raises(ValueError, match="read-only"):
        act(Greedy(), influence=COMPLETE, defense=registry.build("defense", "ballot"))
