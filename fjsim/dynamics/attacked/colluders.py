"""What a vote can promise against colluders that see it: chances of a lead, and the bounds.

F of n seats are the adversary's. The others answer alone in round 0: each is right with its
competence, and a share of the wrong answers falls on one wrong option that the question shares.
Let beta be by how many of their votes the right option leads the best wrong one, seen by an agent
that is right itself.

Under the plain ballot such an agent may be talked out of its answer if ``beta < F``. Under the
ballot with casting votes, of weight, margin and closeness F, it may be if ``beta < 0``, or if some
wrong option gets d more of the casting votes than the right one and ``beta < d F``. The colluders
have committed their votes before the casting votes exist, so that the chances multiply.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import comb, factorial, prod

from fjsim.errors import ParameterError

Counts = tuple[int, ...]

MOST_WAYS = 300_000
"""Beyond it there are too many ways to vote to go through them all."""
MOST_VOTES = 4
"""Casting votes of which bounds are worked out."""


@dataclass(frozen=True, slots=True)
class AlikeTeam:
    """A team in which nobody differs from anybody but by chance.

    Parameters
    ----------
    n_agents : int
        All seats.
    n_colluders : int
        F, the seats whose statements the adversary controls.
    competence : float, default 0.8
        How often an agent is right alone, in [0, 1].
    n_options : int, default 5
        At least 2.
    shared_distractor : float, default 0.5
        Share of the wrong answers that fall on one wrong option common to the question, in [0, 1].

    Raises
    ------
    ParameterError
        If a number is outside its range, no seat is left to the honest, or there are more ways to
        vote than can be gone through.
    """

    n_agents: int
    n_colluders: int
    competence: float = 0.8
    n_options: int = 5
    shared_distractor: float = 0.5

    def __post_init__(self) -> None:
        """Refuse numbers outside their ranges."""
        if self.n_colluders < 0 or self.n_honest < 1:
            raise ParameterError(
                f"{self.n_colluders} of {self.n_agents} seats are hostile; leave at least one "
                "benign agent"
            )
        if self.n_options < 2:
            raise ParameterError(f"options is {self.n_options}; there must be at least 2")
        n_ways = comb(self.n_agents + self.n_options - 1, self.n_options - 1)
        if n_ways > MOST_WAYS:
            raise ParameterError(
                f"{self.n_agents} agents can vote on {self.n_options} options in {n_ways:,} ways, "
                f"and at most {MOST_WAYS:,} can be gone through; take fewer agents or options"
            )
        for name in ("competence", "shared_distractor"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ParameterError(f"{name} is {value}; it must lie in [0, 1]")

    @property
    def n_honest(self) -> int:
        """How many seats the adversary does not control."""
        return self.n_agents - self.n_colluders

    def answer_chances(self, key: int, distractor: int) -> tuple[float, ...]:
        """Return how likely one agent gives each answer, the right and the shared wrong one given.

        Parameters
        ----------
        key, distractor : int
            Different options.
        """
        stray = (1 - self.competence) * (1 - self.shared_distractor) / (self.n_options - 1)
        chances = [stray] * self.n_options
        chances[distractor] += (1 - self.competence) * self.shared_distractor
        chances[key] = self.competence
        return tuple(chances)


@dataclass(frozen=True, slots=True)
class LeadChances:
    """How far the right option leads among the honest votes, seen by an agent that is right.

    Parameters
    ----------
    behind : float
        P(beta < 0), in [0, 1]: a wrong option has more votes by itself.
    bands : tuple of float
        P(0 <= beta < F), P(F <= beta < 2F), and so on.
    """

    behind: float
    bands: tuple[float, ...]

    @property
    def close(self) -> float:
        """P(0 <= beta < F): the votes that the colluders can turn."""
        return self.bands[0]

    @property
    def unprotected(self) -> float:
        """P(beta < F), what attack success cannot exceed under the ballot alone."""
        return self.behind + self.close


def lead_chances(crowd: AlikeTeam) -> LeadChances:
    """Return how far the right option leads, exactly.

    Parameters
    ----------
    crowd : AlikeTeam

    Returns
    -------
    LeadChances
        With as many bands as a question may have casting votes.

    Examples
    --------
    >>> round(lead_chances(AlikeTeam(6, 2)).unprotected, 3)
    0.104
    """
    chances, behind, bands = crowd.answer_chances(0, 1), 0.0, [0.0] * MOST_VOTES
    for others in ways_to_vote(crowd.n_honest - 1, crowd.n_options):
        lead = others[0] + 1 - max(others[1:])
        if lead < 0:
            behind += chance_of(others, chances)
        elif lead < MOST_VOTES * crowd.n_colluders:
            bands[lead // crowd.n_colluders] += chance_of(others, chances)
    return LeadChances(behind, tuple(bands))


def casting_failures(
    crowd: AlikeTeam, n_votes: int, competence: float | None = None
) -> tuple[float, ...]:
    """Return how often independent casting votes name a wrong option, and by how many votes.

    Parameters
    ----------
    crowd : AlikeTeam
        Its wrong answers say which wrong options casting votes name, too.
    n_votes : int
        1 to 4.
    competence : float, optional
        How often a casting vote is right; by default as often as an agent.

    Returns
    -------
    tuple of float, length n_votes
        P(some wrong option gets at least 1, 2, ... more of the votes than the right one).

    Raises
    ------
    ParameterError
        If there are fewer or more votes.
    """
    if not 1 <= n_votes <= MOST_VOTES:
        raise ParameterError(f"votes is {n_votes}; it must lie in [1, {MOST_VOTES}]")
    right = crowd.competence if competence is None else competence
    chances = replace(crowd, competence=right).answer_chances(0, 1)
    failures = [0.0] * n_votes
    for votes in product(range(crowd.n_options), repeat=n_votes):
        ahead = max(votes.count(k) for k in range(1, crowd.n_options)) - votes.count(0)
        for at in range(ahead):
            failures[at] += prod(chances[vote] for vote in votes)
    return tuple(failures)


def casting_bound(lead: LeadChances, failures: tuple[float, ...]) -> float:
    """Return what attack success over all questions cannot exceed with casting votes.

    Parameters
    ----------
    lead : LeadChances
    failures : tuple of float
        From `casting_failures`, or measured.

    Returns
    -------
    float

    Examples
    --------
    >>> crowd = AlikeTeam(6, 2)
    >>> [round(casting_bound(lead_chances(crowd), casting_failures(crowd, n)), 3) for n in (1, 2)]
    [0.026, 0.017]
    """
    turned = (band * fails for band, fails in zip(lead.bands, failures, strict=False))
    return lead.behind + sum(turned)


def ways_to_vote(n_votes: int, n_options: int) -> Iterator[Counts]:
    """Yield every way in which so many votes can fall on so many options."""
    if n_options == 1:
        yield (n_votes,)
        return
    for first in range(n_votes + 1):
        for rest in ways_to_vote(n_votes - first, n_options - 1):
            yield (first, *rest)


def chance_of(counts: Counts, chances: tuple[float, ...]) -> float:
    """Return the multinomial probability that votes fall as counted."""
    ways = factorial(sum(counts)) // prod(factorial(count) for count in counts)
    return ways * prod(chance**count for chance, count in zip(chances, counts, strict=True))
