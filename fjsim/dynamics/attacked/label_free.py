"""What no rule without labels can beat: two linear programs over all rules that read votes.

A rule is a table: how likely an agent with a vote of its own keeps it, or moves to which other
option, given all votes of round 0. It may use any graph, any round and any memory, since a colluder
that stays inside the law of honest votes teaches it nothing.

*Stealth.* The colluders see the honest votes, draw theirs from the law that honest seats would
have given those, and couple them with the right answer as harmfully as that law allows. Every
record then has exactly the law of an honest team. ``stealth_floor`` is the least attack success
over all questions that a rule of some accuracy can have.

*First strike.* Colluders that strike at a rate near 0 meet the rule in its clean state.
``strike_floor`` is the least chance that an agent that is right is talked out of its answer on the
worst question where the honest votes do not favour a wrong option by themselves.

Seats are alike, so that a rule sees counts, and options are alike, so that it sees them sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import factorial, prod
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from fjsim.beliefs import Array
from fjsim.dynamics.attacked.colluders import AlikeTeam, Counts, chance_of, ways_to_vote
from fjsim.errors import NotConvergentError

SLACK = 1e-9
"""How far an accuracy may fall short of what is asked: the best one is asked exactly."""


class VotesSeen(NamedTuple):
    """What an agent sees of the votes: how many agree with it, and the others sorted."""

    own: int
    others: Counts


class Move(NamedTuple):
    """An agent leaves its option for one of those that have so many votes."""

    seen: VotesSeen
    votes: int


def sight_of(votes: Counts, option: int) -> VotesSeen:
    """Return what an agent sees that voted for an option."""
    return VotesSeen(votes[option], tuple(sorted(votes[:option] + votes[option + 1 :])))


@dataclass(frozen=True)
class Floors:
    """The floors of one crowd.

    Parameters
    ----------
    crowd : AlikeTeam
        Within `colluders.MOST_WAYS` ways to vote.
    """

    crowd: AlikeTeam

    @cached_property
    def ideal_accuracy(self) -> float:
        """The best accuracy that any rule has where nobody attacks, in [0, 1]."""
        best: dict[VotesSeen, float] = {}
        for move, gain in self._gains.items():
            best[move.seen] = max(best.get(move.seen, 0.0), gain)
        return self.crowd.competence + sum(best.values())

    def stealth_floor(self, accuracy: float) -> float | None:
        """Return the least attack success over all questions, in [0, 1].

        Parameters
        ----------
        accuracy : float
            What the rule has to have where nobody attacks, in [0, 1].

        Returns
        -------
        float or None
            None where no rule is so accurate.
        """
        program, costs = self._program(accuracy), dict[object, float]()
        for honest, weight in _classes(self.crowd):
            joint = _joint(self.crowd, honest, weight)
            for key, chance in enumerate(joint.keys):
                costs[honest, "key", key] = chance
            for added, chance in joint.added.items():
                costs[honest, "added", added] = chance
            for key, right in enumerate(honest):
                for added in joint.added:
                    row: dict[object, float] = {
                        move: float(right) for move in self._leaving(honest, added, key)
                    }
                    row[honest, "key", key] = row[honest, "added", added] = -1.0
                    program.at_most(row, 0.0)
        found = program.least(costs)
        n_right = self.crowd.n_honest * self.crowd.competence
        return None if found is None else max(0.0, found / n_right)

    def strike_floor(self, accuracy: float) -> float | None:
        """Return the least chance to be talked out of a right answer on the worst question.

        Parameters
        ----------
        accuracy : float
            As in `stealth_floor`, whose result this shares.
        """
        program = self._program(accuracy)
        for leaving in self._strikeable():
            row: dict[object, float] = dict.fromkeys(leaving, 1.0)
            program.at_most({**row, "worst": -1.0}, 0.0)
        costs: dict[object, float] = {"worst": 1.0}
        found = program.least(costs)
        return None if found is None else max(0.0, found)

    def loss_for_strikes(self, struck: float) -> float:
        """Return the accuracy that has to be lost so that no strike succeeds more often.

        Parameters
        ----------
        struck : float
            In [0, 1].

        Returns
        -------
        float
            Below `ideal_accuracy`, >= 0.
        """
        program = _Program(self._gains)
        for leaving in self._strikeable():
            program.at_most(dict.fromkeys(leaving, 1.0), struck)
        found = program.least({move: -gain for move, gain in self._gains.items()})
        assert found is not None, "to move nobody is allowed"
        return max(0.0, self.ideal_accuracy - (self.crowd.competence - found))

    @cached_property
    def _gains(self) -> Mapping[Move, float]:
        """What each move adds to accuracy; the right option is 0, since all are alike."""
        crowd, gains = self.crowd, dict[Move, float]()
        for votes in ways_to_vote(crowd.n_agents, crowd.n_options):
            chance = _chance_given_key(crowd, votes)
            for option, count in enumerate(votes):
                if count:
                    seen, share = sight_of(votes, option), chance * count / crowd.n_agents
                    for n_votes in set(seen.others):
                        move = Move(seen, n_votes)
                        hits = option != 0 and n_votes == votes[0]
                        gain = share / seen.others.count(n_votes) if hits else 0.0
                        gains[move] = gains.get(move, 0.0) + gain - share * (option == 0)
        return gains

    def _leaving(self, honest: Counts, added: Counts, key: int) -> list[Move]:
        """Return every way in which an agent that is right gives up its answer."""
        votes = tuple(first + second for first, second in zip(honest, added, strict=True))
        seen = sight_of(votes, key)
        return [Move(seen, n_votes) for n_votes in set(seen.others)] if honest[key] else []

    def _strikeable(self) -> Iterable[list[Move]]:
        for honest, _ in _classes(self.crowd):
            for key, right in enumerate(honest):
                if right and right >= max(honest):
                    for added in ways_to_vote(self.crowd.n_colluders, self.crowd.n_options):
                        yield self._leaving(honest, added, key)

    def _program(self, accuracy: float) -> _Program:
        program = _Program(self._gains)
        lost = {move: -gain for move, gain in self._gains.items()}
        program.at_most(lost, self.crowd.competence - accuracy + SLACK)
        return program


class _Joint(NamedTuple):
    """One class of honest votes: P(votes, key), and P(votes, what honest seats would add)."""

    keys: tuple[float, ...]
    added: dict[Counts, float]


def _joint(crowd: AlikeTeam, honest: Counts, weight: int) -> _Joint:
    options, n_pairs = range(crowd.n_options), crowd.n_options * (crowd.n_options - 1)
    keys, added = [0.0] * crowd.n_options, dict[Counts, float]()
    more = list(ways_to_vote(crowd.n_colluders, crowd.n_options))
    for key in options:
        for distractor in options:
            if distractor != key:
                chances = crowd.answer_chances(key, distractor)
                chance = weight * chance_of(honest, chances) / n_pairs
                keys[key] += chance
                for votes in more:
                    added[votes] = added.get(votes, 0.0) + chance * chance_of(votes, chances)
    return _Joint(tuple(keys), added)


def _classes(crowd: AlikeTeam) -> Iterable[tuple[Counts, int]]:
    """Yield honest votes but for the names of options, and how many each stands for."""
    for votes in ways_to_vote(crowd.n_honest, crowd.n_options):
        if all(first >= second for first, second in pairwise(votes)):
            alike = prod(factorial(votes.count(count)) for count in set(votes))
            yield votes, factorial(crowd.n_options) // alike


def _chance_given_key(crowd: AlikeTeam, votes: Counts) -> float:
    """Return how likely these votes are where option 0 is right, whatever the distractor."""
    wrong = range(1, crowd.n_options)
    chances = (chance_of(votes, crowd.answer_chances(0, distractor)) for distractor in wrong)
    return sum(chances) / len(wrong)


class _Program:
    """A linear program over moves, which are shares, and over further free variables."""

    def __init__(self, moves: Iterable[Move]) -> None:
        self._places: dict[object, int] = {}
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._values: list[float] = []
        self._limits: list[float] = []
        whole: dict[VotesSeen, list[Move]] = {}
        for move in moves:
            self._place(move)
            whole.setdefault(move.seen, []).append(move)
        self._n_moves = len(self._places)
        for leaving in whole.values():
            self.at_most(dict.fromkeys(leaving, 1.0), 1.0)

    def at_most(self, row: Mapping[object, float] | Mapping[Move, float], limit: float) -> None:
        """Demand that a weighted sum is at most a limit."""
        self._rows += [len(self._limits)] * len(row)
        self._columns += [self._place(name) for name in row]
        self._values += row.values()
        self._limits.append(limit)

    def least(self, costs: Mapping[object, float] | Mapping[Move, float]) -> float | None:
        """Return the least cost that is possible; None where nothing is."""
        weights = np.zeros(len(self._places))
        for name, cost in costs.items():
            weights[self._place(name)] = cost
        shape = (len(self._limits), len(self._places))
        matrix: Any = coo_array((self._values, (self._rows, self._columns)), shape=shape).tocsr()
        free = len(self._places) - self._n_moves
        bounds: Any = [(0.0, 1.0)] * self._n_moves + [(None, None)] * free
        found: Any = linprog(weights, A_ub=matrix, b_ub=self._limits, bounds=bounds, method="highs")
        if found.status == 2:
            return None
        if found.status != 0:
            raise NotConvergentError(f"the linear program was not solved: {found.message}")
        return float(found.fun)

    def _place(self, name: object) -> int:
        return self._places.setdefault(name, len(self._places))


def majority_harm(right: Array, wins: Array, keys: Array) -> float:
    """Return what stealth costs a rule that moves everybody to the majority, in closed form.

    Parameters
    ----------
    right : ndarray of shape (n_options,)
        How many honest seats voted for each option.
    wins : ndarray of shape (n_options,)
        P(option has the majority), votes that honest seats would add included; sums to 1.
    keys : ndarray of shape (n_options,)
        P(option is right), given the honest votes; sums to 1.

    Returns
    -------
    float
        The largest expected number of agents that were right and are wrong, over all couplings of
        the two: ``sum_k p_k c_k - max_k (p_k + q_k - 1)_+ c_k``.
    """
    unavoidable = np.maximum(keys + wins - 1, 0.0)
    return float((keys * right).sum() - (unavoidable * right).max())
