"""One law over every registered attack."""

import numpy as np
import pytest

from fjsim import registry
from fjsim.beliefs import certain
from fjsim.contracts import Message, Sight, ThreatModel, View
from fjsim.questions import Question

N_AGENTS = 6
COMPLETE = (np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)) / (N_AGENTS - 1)
QUESTION = Question("q", "Which one?", ("a", "b", "c", "d"), answer=2)
BENIGN = np.random.default_rng(5).dirichlet(np.ones(4), size=N_AGENTS - 1)
MESSAGE = Message(
    speaker=3, round=1, answer=1, belief=certain(1, 4, 0.7), confidence=0.7, reason="Because."
)

ATTACKS = [pytest.param(entry, id=entry.name) for entry in registry.entries("attack")]
IDLE = [case for case in ATTACKS if case.id == "none"]


@pytest.fixture
def attack(request, block_of):
    return registry.build("attack", block_of(request.param))


over_attacks = pytest.mark.parametrize("attack", ATTACKS, indirect=True)
over_idle_attacks = pytest.mark.parametrize("attack", IDLE, indirect=True)


def view_of(attack, seats, target, round_=1):
    sees = attack.threat.sees
    stated = np.random.default_rng(6).dirichlet(np.ones(4), size=(round_, N_AGENTS))
    return View(
        question=QUESTION
        if Sight.KEY in sees
        else Question("q", "Which one?", QUESTION.options, None),
        order=30,
        warmup=0,
        replica=0,
        round=round_,
        n_rounds=10,
        seats=seats,
        target=target,
        rng=np.random.default_rng(7),
        influence=COMPLETE if Sight.GRAPH in sees else None,
        stated=stated if Sight.BELIEFS in sees else None,
        messages=(MESSAGE,) if Sight.MESSAGES in sees else (),
        gates=np.ones((N_AGENTS, N_AGENTS)) if Sight.TRUST in sees else None,
    )


@over_attacks
def test_threat_model_and_memory_are_declared(attack) -> None:
    assert isinstance(attack.threat, ThreatModel)
    assert attack.memory in ("none", "round0", "history")


@over_attacks
def test_seats_exist_are_distinct_and_seeded(attack) -> None:
    seats = attack.take_seats(COMPLETE, np.random.default_rng(0))
    assert seats == attack.take_seats(COMPLETE, np.random.default_rng(0))
    assert len(set(seats)) == len(seats)
    assert set(seats) <= set(range(N_AGENTS))


@over_attacks
def test_target_is_a_wrong_option_and_seeded(attack) -> None:
    if not attack.take_seats(COMPLETE, np.random.default_rng(0)):
        return
    target = attack.pick_target(QUESTION, BENIGN, np.random.default_rng(0))
    assert target == attack.pick_target(QUESTION, BENIGN, np.random.default_rng(0))
    assert target in {0, 1, 3}


@over_attacks
@pytest.mark.parametrize("round_", [0, 1, 2, 5, 10])
def test_stance_is_a_belief_or_an_honest_turn(attack, round_) -> None:
    for seat in (seats := attack.take_seats(COMPLETE, np.random.default_rng(0))):
        stance = attack.stance(seat, view_of(attack, seats, target=1, round_=round_))
        if stance is not None:
            assert stance.target in range(4)
            assert stance.belief.shape == (4,)
            assert (stance.belief >= 0).all()
            assert stance.belief.sum() == pytest.approx(1)


@over_attacks
def test_messages_are_rewritten_only_by_who_may(attack) -> None:
    seats = attack.take_seats(COMPLETE, np.random.default_rng(0))
    heard = attack.tamper(MESSAGE, 2, view_of(attack, seats, target=1))
    assert heard is MESSAGE or "rewrite others" in attack.threat.may or MESSAGE.speaker in seats


@over_idle_attacks
def test_attack_with_nothing_to_do_is_the_identity(attack) -> None:
    view = view_of(attack, (), target=1)
    assert attack.take_seats(COMPLETE, np.random.default_rng(0)) == ()
    assert all(attack.stance(seat, view) is None for seat in range(N_AGENTS))
    assert attack.tamper(MESSAGE, 2, view) is MESSAGE
    assert attack.threat == ThreatModel()
