"""What attacks have in common that hold seats and are after one option per question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from fjsim.beliefs import Array, certain
from fjsim.contracts import Attack, Message, Power, Sight, Stance, ThreatModel, View
from fjsim.contracts.attacks import Opening, Plan, Trial
from fjsim.errors import ConfigError
from fjsim.questions import Question
from fjsim_attacks.law import Assumed
from fjsim_attacks.search_space import propose
from fjsim_attacks.seating import SeatChoice, choose_seats
from fjsim_attacks.targets import AFTER_ROUND0, TargetChoice, choose_target, most_flipped

Persuasiveness = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Seated(Attack):
    """An adversary that holds seats and defends one option on each question.

    Parameters
    ----------
    seat : {'hub', 'leaf', 'random', 'optimal'}, int or list of int, default 'hub'
        Which seats it holds.
    n_seats : int, default 1
        How many seats a word in ``seat`` stands for; a list speaks for itself.
    target : {'random-wrong', 'second-best', 'best', 'most-flips'}, int, letter or text
        Which option it is after.
    certainty : float, default 0.97
        Probability that it states for its target, in (0, 1].
    stubbornness : float, default 1.0
        Weight on its own position; the rest follows what its seat hears, in [0, 1].
    persuasiveness : {'low', 'medium', 'high'}, default 'high'
        How a model-driven seat argues.
    assumed : Assumed
        What it takes the benign agents for where it reasons with the law.

    Notes
    -----
    What an adversary of stubbornness :math:`\\gamma_a` states is
    :math:`\\gamma_a s_a + (1-\\gamma_a) \\sum_j w_{aj} b_j` with :math:`s_a` its position.
    """

    seat: SeatChoice = "hub"
    n_seats: int = 1
    target: TargetChoice = "random-wrong"
    certainty: float = 0.97
    stubbornness: float = 1.0
    persuasiveness: Persuasiveness = "high"
    assumed: Assumed = field(default_factory=Assumed)

    def __post_init__(self) -> None:
        """Refuse what is outside its range."""
        if not 0 < self.certainty <= 1:
            raise ConfigError(f"attack.certainty is {self.certainty}; it must lie in (0, 1]")
        if not 0 <= self.stubbornness <= 1:
            raise ConfigError(f"attack.stubbornness is {self.stubbornness}; it must lie in [0, 1]")

    @property
    def threat(self) -> ThreatModel:
        """What the idea needs, and what target and partial stubbornness need besides."""
        sees, may = set(self._sees), set(self._may)
        if self.stubbornness < 1:
            sees.add(Sight.MESSAGES)
        if self.waits_for_round0:
            sees.add(Sight.BELIEFS)
            may.add(Power.OUT_OF_TURN)
        if self.target == "most-flips":
            sees.add(Sight.GRAPH)
        return ThreatModel(frozenset(sees), frozenset(may))

    @property
    def _sees(self) -> frozenset[Sight]:
        """What the idea itself has to see."""
        return frozenset()

    @property
    def _may(self) -> frozenset[Power]:
        """What the idea itself has to be allowed."""
        return frozenset()

    @property
    def waits_for_round0(self) -> bool:
        """Whether the target depends on the benign agents' first beliefs."""
        return self.target in AFTER_ROUND0

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the seats that ``seat`` means on this graph."""
        return choose_seats(self.seat, self.n_seats, influence, rng, self.assumed)

    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        """Return the option that ``target`` means on this question."""
        return choose_target(self.target, question, benign, rng)

    def plan(self, opening: Opening, rng: np.random.Generator) -> Plan:
        """Go for the target; where the one given is right, there is nothing to attack."""
        if self.target == "most-flips" and opening.innate is not None:
            return Plan(most_flipped(opening, opening.seats, self.certainty, self.assumed)[0])
        target = self.pick_target(opening.question, opening.benign, rng)
        return Plan(target, active=() if target == opening.question.answer else None)

    def stance(self, seat: int, view: View) -> Stance | None:
        """State the position, softened by what was heard where stubbornness is below 1."""
        if not view.uses(seat):
            return None
        position = self.position(seat, view)
        if position is None or self.stubbornness == 1:
            return position
        return softened(position, self.stubbornness, view)

    def position(self, seat: int, view: View) -> Stance | None:
        """Return what a fully stubborn seat says this round; None for an honest turn."""
        return self.hostile(view)

    def hostile(self, view: View, brief: str = "", payload: str = "") -> Stance:
        """Return the plain stance for the target.

        Parameters
        ----------
        view : View
        brief, payload : str
            As of `Stance`.
        """
        belief = certain(view.target, view.question.n_options, self.certainty)
        return Stance(view.target, belief, self.persuasiveness, brief, payload)

    @classmethod
    def respond(
        cls, tried: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> tuple[Mapping[str, object], ...]:
        """Return parameters worth trying next, out of what the attack declares as searched."""
        return propose(cls.searched, tried, count, rng)


def softened(stance: Stance, stubbornness: float, view: View) -> Stance:
    """Return a stance that gives way to what the seat heard.

    Parameters
    ----------
    stance : Stance
        What a fully stubborn seat would say.
    stubbornness : float
        Weight on that.
    view : View
        With the messages that the seat heard.
    """
    heard = heard_belief(view)
    if heard is None:
        return stance
    belief = stubbornness * stance.belief + (1 - stubbornness) * heard
    return Stance(
        int(np.argmax(belief)), belief, stance.persuasiveness, stance.brief, stance.payload
    )


def heard_belief(view: View) -> Array | None:
    """Return the mean of the beliefs that the seat read, weighted as it hears them.

    Parameters
    ----------
    view : View
        A message without belief counts by its confidence on its answer, or not at all.
    """
    read = [(message.weight, _read(message, view.question.n_options)) for message in view.messages]
    known = [(weight, belief) for weight, belief in read if belief is not None and weight > 0]
    if not known:
        return None
    weights = np.array([weight for weight, _ in known])
    return np.asarray(weights @ np.array([belief for _, belief in known]) / weights.sum())


def _read(message: Message, n_options: int) -> Array | None:
    if message.belief is not None or message.answer is None:
        return message.belief
    certainty = 1.0 if message.confidence is None else message.confidence
    return certain(message.answer, n_options, certainty)
