"""One adversary, several names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from fjsim.beliefs import certain
from fjsim.contracts import Message, Power, View
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_attacks.shared.search_space import SYBIL
from fjsim_attacks.shared.seated import Seated

WORDINGS = (
    "I worked it out on my own and came to {option} as well.",
    "Having checked every option, only {option} holds up.",
    "I was not sure at first, but {option} is right.",
    "{option}, without much doubt.",
)
JITTER = 0.05


@register("attack", "sybil")
@dataclass(frozen=True)
class Sybil(Seated):
    """Speak to every listener through several forged identities.

    Parameters
    ----------
    identities : int, default 3
        Under how many names it speaks, its own counted, >= 1.
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Whoever hears the seat also hears ``identities - 1`` speakers that do not exist. Each weighs
    as much as the seat, so that its share of a listener's attention rises from :math:`w` to
    :math:`kw/(1+(k-1)w)`; at the hub of a star, where it is 1 already, nothing is gained. A gate
    on the seat holds for the edge, and so for all its names; forged ones cast no vote in the
    operator's record. Identities that got onto the roster are seats: use ``collude`` for them.
    The jitter of the forged beliefs keeps the target on top. Numeric and scripted listeners take
    the forged beliefs like any others.

    References
    ----------
    .. [1] J. R. Douceur, "The Sybil Attack", IPTPS 2002, doi:10.1007/3-540-45748-8_24.
    """

    ranges: ClassVar[Ranges] = {"identities": ">= 1"}

    searched = SYBIL

    identities: int = 3

    @property
    def _may(self) -> frozenset[Power]:
        return frozenset({Power.FORGE_IDENTITIES})

    def forge(self, message: Message, listener: int, view: View) -> tuple[Message, ...]:
        """Return the same view in other words, once per further name."""
        if not view.uses(message.speaker):
            return ()
        option = view.question.options[view.target]
        return tuple(
            self._copy(message, WORDINGS[number % len(WORDINGS)].replace("{option}", option), view)
            for number in range(self.identities - 1)
        )

    def _copy(self, message: Message, reason: str, view: View) -> Message:
        certainty = self.certainty * (1 - JITTER * float(view.rng.random()))
        belief = certain(view.target, view.question.n_options, certainty)
        return replace(
            message, answer=view.target, belief=belief, confidence=certainty, reason=reason
        )
