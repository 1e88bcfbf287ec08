"""What attacks have in common that hold seats and speak from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from fjsim.beliefs import Array, certain
from fjsim.contracts import Sight, Stance, ThreatModel, View
from fjsim.contracts.ranges import Ranges, require
from fjsim_attacks.shared.aimed import Aimed
from fjsim_attacks.shared.seating import SeatChoice, choose_seats

Arguing = Literal["low", "medium", "high"]
Persuasiveness = Arguing | float
MOST_PERSUASIVE = 1e6
"""From there on others are practically not heard at all."""


@dataclass(frozen=True)
class Seated(Aimed):
    r"""An adversary that holds seats and defends one option on each question.

    Parameters
    ----------
    seat : {'hub', 'leaf', 'random', 'optimal'}, int or list of int, default 'hub'
        Which seats it holds.
    n_seats : int, default 1
        How many seats a word in ``seat`` stands for; a list speaks for itself.
    stubbornness : float, default 1.0
        Weight on its own position; the rest follows what its seat hears, in [0, 1].
    persuasiveness : {'low', 'medium', 'high'} or float, default 'high'
        A word says how a model-driven seat argues. A number > 0 multiplies the seats' weight with
        numeric agents and the embedded model, whose rows are renormalised; a word leaves it at 1.
    target, certainty, assumed
        See `Aimed`.

    Notes
    -----
    What an adversary of stubbornness :math:`\gamma_a` states is
    :math:`\gamma_a s_a + (1-\gamma_a) \sum_j w_{aj} b_j` with :math:`s_a` its position. A listener
    hears it with the weight :math:`p\,w_{ia} / (p\,w_{ia} + \sum_{j \ne a} w_{ij})`, where
    :math:`p` is its ``persuasiveness``.
    """

    ranges: ClassVar[Ranges] = {"stubbornness": "[0, 1]"}

    seat: SeatChoice = "hub"
    n_seats: int = 1
    stubbornness: float = 1.0
    persuasiveness: Persuasiveness = "high"

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges."""
        super().__post_init__()
        if not isinstance(self.persuasiveness, str):
            allowed = f"(0, {MOST_PERSUASIVE:g}]"
            require("attack.persuasiveness", self.persuasiveness, allowed)

    @property
    def persuasion(self) -> float:
        """What multiplies the seats' weight with listeners that follow a known law."""
        return 1.0 if isinstance(self.persuasiveness, str) else self.persuasiveness

    @property
    def arguing(self) -> Arguing:
        """How a model-driven seat argues."""
        return self.persuasiveness if isinstance(self.persuasiveness, str) else "high"

    @property
    def threat(self) -> ThreatModel:
        """What idea and target need, and ears where it is partly stubborn only."""
        threat = super().threat
        if self.stubbornness == 1:
            return threat
        return replace(threat, sees=threat.sees | {Sight.MESSAGES})

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the seats that ``seat`` means on this graph."""
        return choose_seats(self.seat, self.n_seats, influence, rng, self.assumed)

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
            As in `Stance`.
        """
        belief = certain(view.target, view.question.n_options, self.certainty)
        return Stance(view.target, belief, self.arguing, brief, payload)


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
    read = [
        (message.weight, message.expressed(view.question.n_options)) for message in view.messages
    ]
    known = [(weight, belief) for weight, belief in read if belief is not None and weight > 0]
    if not known:
        return None
    weights = np.array([weight for weight, _ in known])
    return np.asarray(weights @ np.array([belief for _, belief in known]) / weights.sum())
