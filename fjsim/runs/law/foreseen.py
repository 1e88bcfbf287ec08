"""What the law says of a scenario before it is run, with the parameters that its agents declare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.backends.wrappers.budget import Spend
from fjsim.beliefs import Array
from fjsim.dynamics import takeover
from fjsim.readonly import ReadOnlyArrays
from fjsim.runs.resolve import Setup
from fjsim.runs.runtime import make_runtime
from fjsim.runs.spending import is_simulated


@dataclass(frozen=True, eq=False)
class DeclaredGroup(ReadOnlyArrays):
    """The parameters of every seat on every question of a scenario.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of shape (n_questions, n_agents)
        As the agents declare them of themselves, in [0, 1].
    adversary_stubbornness : float
        That of the attack's seats.
    persuasiveness : float
        What multiplies the weight of the attack's seats.
    """

    stubbornness: Array
    self_weight: Array
    adversary_stubbornness: float = 1.0
    persuasiveness: float = 1.0

    @property
    def mean(self) -> tuple[Array, Array]:
        """Mean stubbornness and mean self-weight of each seat."""
        return self.stubbornness.mean(axis=0), self.self_weight.mean(axis=0)


def declared_group(setup: Setup) -> DeclaredGroup | str:
    """Return the parameters that the agents of a scenario declare, or why there are none.

    Parameters
    ----------
    setup : Setup
        Nobody is asked and nothing is written.
    """
    if not is_simulated(setup):
        return "a language model's parameters are not known before it is run; fit a run of it"
    runtime = make_runtime(setup, Spend(), cache=False)
    laws = [runtime.declared(item) for item in setup.items if not item.is_warmup]
    known = [law for law in laws if law is not None]
    if not known:
        return "its agents do not follow one law"
    attack = setup.plugins.attack
    return DeclaredGroup(
        stubbornness=np.array([law.stubbornness for law in known]),
        self_weight=np.array([law.self_weight for law in known]),
        adversary_stubbornness=float(getattr(attack, "stubbornness", 1.0)),
        persuasiveness=float(getattr(attack, "persuasion", 1.0)),
    )


def mean_takeover(setup: Setup, group: DeclaredGroup) -> float:
    """Return the takeover after the scenario's rounds, mean over benign seats and questions.

    Parameters
    ----------
    setup : Setup
        Its attack holds a seat; its defense is left out.
    group : DeclaredGroup
        From `declared_group`.
    """
    pairs = zip(group.stubbornness, group.self_weight, strict=True)
    found = [
        takeover(
            setup.influence,
            seats=setup.seats,
            stubbornness=stubbornness,
            self_weight=self_weight,
            n_rounds=setup.scenario.rounds,
            adversary_stubbornness=group.adversary_stubbornness,
            persuasiveness=group.persuasiveness,
        ).mean_after_rounds
        for stubbornness, self_weight in pairs
    ]
    return float(np.mean([one for one in found if one is not None]))
