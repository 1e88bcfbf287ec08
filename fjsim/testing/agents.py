"""What an agent has to keep."""

from __future__ import annotations

import numpy as np

from fjsim.contracts import ModelAgent, Situation, SpeakingAgent, Stance, Statement
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
)
