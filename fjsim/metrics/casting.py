"""How good casting votes are where votes are close, and what that promises the team at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from fjsim.beliefs import Array, top_option
from fjsim.dynamics.attacked.colluders import MOST_VOTES
from fjsim.errors import ParameterError
from fjsim.metrics.intervals import LEVEL, NOTHING, Estimate, per_question, ratio_of_sums, resamples
from fjsim.records import Transcript
from fjsim.seeds import stream

MOST_SUBSETS = 300
"""Ways to choose the colluders that are gone through; of more, so many are drawn."""


@dataclass(frozen=True, slots=True)
class MeasuredCasting:
    """What casting votes were worth on a run whose keys are known.

    Parameters
    ----------
    right : Estimate
        P(casting vote right | close vote), over votes; a vote without an answer is not right.
    failures : tuple of Estimate
        P(some wrong option gets at least 1, 2, ... more casting votes than the right one | close).
    unprotected : Estimate
        P(beta < F | right): what the ballot alone leaves open in this team.
    bounds : mapping of int to Estimate
        By number of casting votes, what attack success over all questions cannot exceed.
    n_colluders : int
        F.
    n_close : int
        Questions with a close vote and casting votes, replicas counted.
    n_items : int
        Questions with a key, replicas counted.
    """

    right: Estimate
    failures: tuple[Estimate, ...]
    unprotected: Estimate
    bounds: Mapping[int, Estimate]
    n_colluders: int
    n_close: int
    n_items: int


def measure_casting(
    honest: Transcript, others: Sequence[Transcript] = (), n_colluders: int = 2, seed: int = 0
) -> MeasuredCasting:
    """Measure casting votes, and bound attack success for the team that cast the others.

    Parameters
    ----------
    honest : Transcript
        An arm without an attack; of an attacked arm, the adversary's seats are left out.
    others : sequence of Transcript
        Other arms of the same run, whose casting votes count, too.
    n_colluders : int
        F, the seats that may be the adversary's.
    seed : int
        Seed of the bootstrap over questions.

    Returns
    -------
    MeasuredCasting

    Raises
    ------
    ParameterError
        If no casting votes or no keys are there, or F leaves no honest seat.
    """
    known = honest.select(honest.keys >= 0)
    votes = _votes_of(known, (honest, *others))
    if not known.n_items or votes is None:
        what = "no question with a key" if not known.n_items else "no casting vote"
        raise ParameterError(
            f"the run holds {what}; play some with defense casting-vote and keys, and measure that"
        )
    leads = _Leads.of(known, n_colluders)
    close = leads.is_close & (votes >= 0).any(axis=1)
    right = votes == known.keys[:, None]
    questions, failed = known.question_ids, _failed(votes, known.keys)
    asked = close.astype(float)
    failures = tuple(
        _rate(int((failed[:, at] * asked).sum()), int(asked.sum())) for at in range(failed.shape[1])
    )
    singly = (_failed(votes[:, [at]], known.keys) for at in range(votes.shape[1]))
    alone = np.mean([one[:, 0] for one in singly], axis=0)[:, None]
    ways = {1: alone, votes.shape[1]: failed}
    return MeasuredCasting(
        right=ratio_of_sums(
            right.sum(axis=1) * asked, votes.shape[1] * asked, questions, seed=seed
        ),
        failures=failures,
        unprotected=ratio_of_sums(
            leads.behind + leads.bands[:, 0], leads.right, questions, seed=seed
        ),
        bounds={n: _bound(leads, fails, asked, questions, seed) for n, fails in ways.items()},
        n_colluders=n_colluders,
        n_close=int(close.sum()),
        n_items=known.n_items,
    )


@dataclass(frozen=True)
class _Leads:
    """Per item, summed over right agents and over ways to choose the colluders.

    Parameters
    ----------
    right, behind : ndarray of shape (n_items,)
        Agents that were right, and those whose option was behind by itself.
    bands : ndarray of shape (n_items, MOST_VOTES)
        Those for whom ``(j - 1) F <= beta < j F``.
    is_close : ndarray of bool, shape (n_items,)
        Whether the honest votes' first option is at most F ahead of the second.
    """

    right: Array
    behind: Array
    bands: Array
    is_close: NDArray[np.bool_]

    @classmethod
    def of(cls, known: Transcript, n_colluders: int) -> _Leads:
        stated = known.beliefs if known.stated_beliefs is None else known.stated_beliefs
        hostile = set(known.seats) if known.arm == "attacked" else set[int]()
        seats = [seat for seat in range(known.n_agents) if seat not in hostile]
        left_out = 0 if hostile else n_colluders
        if not 1 <= n_colluders < known.n_agents or len(seats) <= left_out:
            raise ParameterError(
                f"{n_colluders} of {known.n_agents} seats are hostile; leave at least one benign"
            )
        cast = top_option(stated[:, 0])[..., None] == np.arange(known.n_options)
        totals = np.sort(cast[:, seats].sum(axis=1), axis=-1)
        found = [np.zeros((known.n_items, 2 + MOST_VOTES))]
        for chosen in _subsets(seats, len(seats) - left_out):
            found.append(_sorted_out(cast[:, chosen], known.keys, n_colluders))
        right, behind, *bands = np.sum(found, axis=0).T
        close = totals[:, -1] - totals[:, -2] <= n_colluders
        return cls(right, behind, np.array(bands).T, close)


def _sorted_out(cast: NDArray[np.bool_], keys: NDArray[np.int64], n_colluders: int) -> Array:
    """Return right agents, those behind, and those in each band, one row per item."""
    tally = cast.sum(axis=1)
    at_key = np.arange(cast.shape[-1]) == keys[:, None]
    right = np.where(at_key, tally, 0).sum(axis=-1)
    lead = right - np.where(at_key, -1, tally).max(axis=-1)
    bands = [
        right * ((lead >= at * n_colluders) & (lead < (at + 1) * n_colluders))
        for at in range(MOST_VOTES)
    ]
    return np.stack([right, right * (lead < 0), *bands], axis=-1).astype(float)


def _subsets(seats: list[int], size: int) -> Iterator[list[int]]:
    """Yield the seats of each honest team; of very many, some that are drawn."""
    if comb(len(seats), size) <= MOST_SUBSETS:
        yield from map(list, combinations(seats, size))
        return
    rng = stream(0, "colluders")
    draws = (rng.choice(seats, size, replace=False).tolist() for _ in range(MOST_SUBSETS))
    yield from islice(draws, MOST_SUBSETS)


def _votes_of(known: Transcript, arms: Sequence[Transcript]) -> NDArray[np.int64] | None:
    """Return each item's casting votes from whichever arm holds some."""
    found: dict[tuple[str, int], NDArray[np.int64]] = {}
    for arm in arms:
        if arm.casting is not None:
            names = zip(arm.question_ids, arm.replicas.tolist(), arm.casting, strict=True)
            for name, replica, votes in names:
                if (votes >= 0).any():
                    found[name, replica] = votes
    if not found:
        return None
    none = np.full(max(map(len, found.values())), -1, dtype=np.int64)
    items = zip(known.question_ids, known.replicas.tolist(), strict=True)
    return np.array([found.get(item, none) for item in items])


def _failed(votes: NDArray[np.int64], keys: NDArray[np.int64]) -> Array:
    """Return whether a wrong option gets 1, 2, ... more of an item's votes than the right one."""
    n_options = int(max(votes.max(), keys.max())) + 1
    tally = (votes[..., None] == np.arange(n_options)).sum(axis=1)
    at_key = np.arange(n_options) == keys[:, None]
    ahead = np.where(at_key, -1, tally).max(axis=-1) - np.where(at_key, tally, 0).sum(axis=-1)
    return np.asarray(ahead[:, None] > np.arange(votes.shape[1]), dtype=float)


def _rate(n_failed: int, n: int) -> Estimate:
    """Return a rate of yes or no with its Wilson interval."""
    if n == 0:
        return NOTHING
    interval = binomtest(n_failed, n).proportion_ci(LEVEL, method="wilson")
    return Estimate(n_failed / n, float(interval.low), float(interval.high), n)


def _bound(
    leads: _Leads, fails: Array, asked: Array, questions: Sequence[str], seed: int
) -> Estimate:
    """Return the bound for one number of votes.

    Leads are resampled over questions. Failures are few, often none, where a bootstrap would know
    no doubt: their rates are drawn from what Jeffreys' prior makes of the close questions.
    """
    n_bands, n_asked = min(fails.shape[1], MOST_VOTES), float(asked.sum())
    if n_asked == 0 or leads.right.sum() == 0:
        return NOTHING
    failed = (fails[:, :n_bands] * asked[:, None]).sum(axis=0)
    columns = (leads.right, leads.behind, *leads.bands[:, :n_bands].T)
    table = np.stack([per_question(one, questions) for one in columns], axis=-1)

    def bounds(drawn: Array, rates: Array) -> Array:
        return np.asarray((drawn[:, 1] + (drawn[:, 2:] * rates).sum(axis=-1)) / drawn[:, 0])

    value = float(bounds(table.sum(axis=0, keepdims=True), failed / n_asked)[0])
    drawn = resamples(len(table), seed) @ table
    drawn = drawn[drawn[:, 0] > 0]
    shape = (len(drawn), n_bands)
    rates = stream(seed, "casting failures").beta(failed + 0.5, n_asked - failed + 0.5, shape)
    low, high = np.quantile(bounds(drawn, rates), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, min(float(low), value), float(high), int(n_asked))
