"""What an agent has to keep."""

from __future__ import annotations

import numpy as np

from fjsim.contracts import (
    Assigned,
    Cast,
    ModelAgent,
    Situation,
    Situations,
    SpeakingAgent,
    Stance,
    Statement,
)
from fjsim.testing.samples import MESSAGE, N_OPTIONS, QUESTION, generator
from fjsim.testing.subject import Subject, require


def _situation(number: int, stance: Stance | None = None) -> Situation:
    beliefs = generator(4).dirichlet(np.ones(N_OPTIONS), size=2)
    beliefs.flags.writeable = False
    return Situation(
        question=QUESTION,
        replica=0,
        seat=1,
        round=number,
        innate=beliefs[0] if number else None,
        own=beliefs[1] if number else None,
        heard=(MESSAGE,) if number else (),
        silent=(),
        stance=stance,
        residual="self",
        seed=3,
    )


def _is_statement(said: Statement) -> bool:
    belief, answer = said.belief, said.answer
    proper = belief is None or (
        np.shape(belief) == (N_OPTIONS,)
        and bool((np.asarray(belief) >= 0).all())
        and abs(float(np.sum(belief)) - 1) < 1e-9
    )
    return proper and (answer is None or answer in range(N_OPTIONS))


def it_says_who_it_is_or_speaks(subject: Subject) -> None:
    """An agent is one that a model plays, or one that speaks for itself."""
    agent = subject.plugin
    known = isinstance(agent, ModelAgent | SpeakingAgent)
    require(known, f"{subject.name}: subclass ModelAgent or SpeakingAgent")
    if isinstance(agent, ModelAgent):
        text = agent.describe()
        require(isinstance(text, str), f"{subject.name}: describe() returned {text!r}")


def many_items_say_what_each_of_them_says(subject: Subject) -> None:
    """A batched agent states for many items at once what it states for each."""
    agent = subject.plugin
    if not isinstance(agent, SpeakingAgent) or not agent.batched:
        return
    cast = Cast((QUESTION, QUESTION), (0, 0), (1,), seed=3)
    members = agent.cast(cast)
    for number in (0, 1):
        for stance in (None, Stance(1, np.array([0.1, 0.7, 0.1, 0.1]))):
            alone = agent.speak(_situation(number, stance))
            said = agent.speak_many(cast, members, _situations(number, stance))
            beliefs = np.full(N_OPTIONS, np.nan) if alone.belief is None else alone.belief
            answer = -1 if alone.answer is None else alone.answer
            same = np.allclose(said.beliefs, beliefs, rtol=0, atol=1e-12, equal_nan=True)
            require(
                same and bool((said.answers == answer).all()),
                f"{subject.name}: round {number}: two items at once say other things than one",
            )


def _situations(number: int, stance: Stance | None) -> Situations:
    one, shape = _situation(number), (2, 1, N_OPTIONS)
    stated = np.full(N_OPTIONS, np.nan) if stance is None else stance.belief
    target = -1 if stance is None else stance.target
    assigned = Assigned(
        np.full(shape[:2], stance is not None),
        np.broadcast_to(stated, shape),
        np.full(shape[:2], target),
    )
    return Situations(
        round=number,
        innate=None if one.innate is None else np.broadcast_to(one.innate, shape),
        own=None if one.own is None else np.broadcast_to(one.own, shape),
        weights=np.ones((2, 1, len(one.heard))),
        beliefs=np.array([[[message.belief for message in one.heard]]] * 2).reshape(
            2, 1, len(one.heard), N_OPTIONS
        ),
        gates=None,
        silent=np.zeros(shape[:2]),
        residual=one.residual,
        assigned=assigned,
    )


def what_it_says_is_a_statement(subject: Subject) -> None:
    """Answer and belief fit the question's options, in round 0, later, and with a stance."""
    agent = subject.plugin
    if not isinstance(agent, SpeakingAgent):
        return
    belief = np.array([0.1, 0.7, 0.1, 0.1])
    for number in (0, 1, 2):
        for stance in (None, Stance(1, belief)):
            said = agent.speak(_situation(number, stance))
            require(_is_statement(said), f"{subject.name}: round {number}: said {said}")


def the_same_situation_gives_the_same_statement(subject: Subject) -> None:
    """Chance comes from the situation's seed, and nothing is kept between turns."""
    agent = subject.plugin
    if not isinstance(agent, SpeakingAgent):
        return
    for number in (0, 2):
        first, _, again = (agent.speak(_situation(at)) for at in (number, 1, number))
        same = first.answer == again.answer and np.array_equal(
            np.asarray(first.belief, dtype=float), np.asarray(again.belief, dtype=float), True
        )
        require(same, f"{subject.name}: round {number}: said {first}, and then {again}")


def what_it_declares_lies_in_range(subject: Subject) -> None:
    """Stubbornness and self-weight, where it states them of itself, lie in [0, 1]."""
    agent = subject.plugin
    if not isinstance(agent, SpeakingAgent):
        return
    law = agent.declared(QUESTION, 0, 1, 3)
    fits = law is None or all(0 <= value <= 1 for value in law)
    require(fits, f"{subject.name}: declares {law}; both lie in [0, 1]")


LAWS = (
    it_says_who_it_is_or_speaks,
    what_it_says_is_a_statement,
    the_same_situation_gives_the_same_statement,
    what_it_declares_lies_in_range,
    many_items_say_what_each_of_them_says,
)
