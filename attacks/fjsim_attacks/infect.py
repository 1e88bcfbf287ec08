"""Instructions that spread: who is convinced repeats them and recruits further."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, certain, top_option
from fjsim.contracts import Power, Sight, Stance, View
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_attacks.inject import Inject
from fjsim_attacks.shared.search_space import INFECT

FIRST_RECRUITS = 2
"""Round in which the first recruits speak: they heard it in round 1."""

SAME_BELIEF = 1e-9


@register("attack", "infect")
@dataclass(frozen=True)
class Infect(Inject):
    """Inject a payload that asks to be repeated, so that the convinced recruit further.

    Parameters
    ----------
    payload : str, default 'repeat'
        As in `Inject`; ``repeat`` and ``relay`` ask to be passed on.
    susceptibility : float, default 1.0
        For agents without a model: chance per round that one who has come to favour the target
        and hears a carrier becomes a carrier itself, in [0, 1].
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Language models and the simulated one are recruited by what they read, or are not: they
    repeat the payload in their own reasons, and nothing is imposed on them. Numeric and scripted
    agents do not read; one of them that favours the target after a round of hearing, with a
    carrier among those it hears, states from then on what the adversary states. Carriers are
    recognised by just that, so nothing has to be remembered. Gates act as ever: who is not
    convinced through them is not recruited. For them it sees the graph and the stated beliefs.

    References
    ----------
    .. [1] D. Lee and M. Tiwari, "Prompt Infection: LLM-to-LLM Prompt Injection within
       Multi-Agent Systems", 2024, arXiv:2410.07283.
    .. [2] S. Cohen, R. Bitton and B. Nassi, "Here Comes The AI Worm: Unleashing Zero-click Worms
       that Target GenAI-Powered Applications", 2024, arXiv:2403.02817.
    """

    ranges: ClassVar[Ranges] = {"susceptibility": "[0, 1]"}

    searched = INFECT

    payload: str = "repeat"
    susceptibility: float = 1.0

    @property
    def _sees(self) -> frozenset[Sight]:
        return frozenset({Sight.GRAPH, Sight.BELIEFS})

    @property
    def _may(self) -> frozenset[Power]:
        return frozenset({Power.RECRUIT})

    def recruit(self, seat: int, view: View) -> Stance | None:
        """State the payload's belief once convinced by a carrier, and ever after."""
        if view.stated is None or view.influence is None or view.round < FIRST_RECRUITS:
            return None
        if view.active == ():
            return None
        carriers = self._carriers(view, view.stated[-1])
        if not carriers[seat]:
            hears = bool((view.influence[seat] * carriers).any())
            convinced = int(top_option(view.stated[-1, seat])) == view.target
            if not (hears and convinced and view.rng.random() < self.susceptibility):
                return None
        return self.hostile(view, payload=self._text(view))

    def _carriers(self, view: View, last: Array) -> NDArray[np.bool_]:
        """Return who stated exactly what the adversary states; its own seats always count."""
        sworn = certain(view.target, view.question.n_options, self.certainty)
        carriers = np.asarray((np.abs(last - sworn) < SAME_BELIEF).all(axis=1))
        carriers[[seat for seat in view.seats if view.uses(seat)]] = True
        return carriers
