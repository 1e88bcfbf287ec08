"""What an attack has to keep."""

from __future__ import annotations

import numpy as np

from fjsim.contracts import Attack, Message, Power, Sight, ThreatModel, View
from fjsim.questions import Question
from fjsim.testing.samples import MESSAGE, N_AGENTS, N_OPTIONS, QUESTION, complete, generator
from fjsim.testing.subject import Subject, require

MEMORIES = ("none", "round0", "history")


def _seats(attack: Attack) -> tuple[int, ...]:
    return attack.take_seats(complete(), generator())


def _view(attack: Attack, target: int, number: int = 1) -> View:
    """Return what it sees in a round, and no more than its threat model lists."""
    sees = attack.threat.sees
    stated = generator(6).dirichlet(np.ones(N_OPTIONS), size=(number, N_AGENTS))
    without_key = Question("q", "Which one?", QUESTION.options, None)
    return View(
        question=QUESTION if Sight.KEY in sees else without_key,
        order=30,
        warmup=0,
        replica=0,
        round=number,
        n_rounds=10,
        seats=_seats(attack),
        target=target,
        rng=generator(7),
        influence=complete() if Sight.GRAPH in sees else None,
        stated=stated if Sight.BELIEFS in sees else None,
        messages=(MESSAGE,) if Sight.MESSAGES in sees else (),
        gates=np.ones((N_AGENTS, N_AGENTS)) if Sight.TRUST in sees else None,
    )


def threat_model_and_memory_are_declared(subject: Subject) -> None:
    """It says what it sees, what it may do, and how much of the past it needs."""
    attack = subject.plugin
    declared = isinstance(attack.threat, ThreatModel) and attack.memory in MEMORIES
    require(
        declared,
        f"{subject.name}: threat is {attack.threat!r}, memory {attack.memory!r}; give a "
        f"ThreatModel and one of {', '.join(MEMORIES)}",
    )


def seats_exist_are_distinct_and_seeded(subject: Subject) -> None:
    """It holds seats that there are, each once, the same for the same generator."""
    seats = _seats(subject.plugin)
    require(
        len(set(seats)) == len(seats) and set(seats) <= set(range(N_AGENTS)),
        f"{subject.name}: takes seats {seats} in a team of {N_AGENTS}",
    )
    require(seats == _seats(subject.plugin), f"{subject.name}: takes other seats the second time")


def target_is_a_wrong_option_and_seeded(subject: Subject) -> None:
    """It is after a wrong option, the same for the same generator."""
    if not _seats(subject.plugin):
        return
    benign = generator(5).dirichlet(np.ones(N_OPTIONS), size=N_AGENTS - 1)
    first, again = (subject.plugin.pick_target(QUESTION, benign, generator()) for _ in range(2))
    wrong = set(range(N_OPTIONS)) - {QUESTION.key}
    require(first in wrong, f"{subject.name}: is after option {first!r}; wrong ones are {wrong}")
    require(first == again, f"{subject.name}: picks another target the second time")


def a_stance_is_a_belief_or_an_honest_turn(subject: Subject) -> None:
    """What a seat is to say is an option and a distribution over all of them, or None."""
    for number in (0, 1, 2, 5, 10):
        for seat in _seats(subject.plugin):
            stance = subject.plugin.stance(seat, _view(subject.plugin, 1, number))
            if stance is None:
                continue
            belief = stance.belief
            proper = (
                stance.target in range(N_OPTIONS)
                and belief.shape == (N_OPTIONS,)
                and (belief >= 0).all()
                and abs(belief.sum() - 1) < 1e-9
            )
            require(proper, f"{subject.name}: round {number}, seat {seat}: {stance}")


def messages_of_others_are_rewritten_only_by_who_may(subject: Subject) -> None:
    """A message of a seat that it does not hold comes back as it was, unless it declares so."""
    attack = subject.plugin
    heard: Message = attack.tamper(MESSAGE, 2, _view(attack, 1))
    allowed = Power.REWRITE in attack.threat.may or MESSAGE.speaker in _seats(attack)
    require(
        heard is MESSAGE or allowed,
        f"{subject.name}: rewrites a message of another seat; declare Power.REWRITE",
    )


LAWS = (
    threat_model_and_memory_are_declared,
    seats_exist_are_distinct_and_seeded,
    target_is_a_wrong_option_and_seeded,
    a_stance_is_a_belief_or_an_honest_turn,
    messages_of_others_are_rewritten_only_by_who_may,
)
