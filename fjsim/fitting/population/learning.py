"""Population, weights of speakers and noise, learned together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.population.likelihood import likelihood_table
from fjsim.fitting.population.mixing import START, Posterior, fit_population, posterior
from fjsim.fitting.population.pairs import Pairs, pairs_of
from fjsim.fitting.rows.grams import Grams
from fjsim.fitting.rows.hearing import INNATE, PEERS, Flags
from fjsim.fitting.rows.simplex import solve_rows

MOST_PAIRS = 3000
"""Pairs of an item and an agent that a population is learned from; of more, a share is drawn."""

LEAST_NOISE = 1e-3
"""Noise below this share of the typical movement counts as this share."""


@dataclass(frozen=True)
class Learned:
    """A population and what goes with it.

    Parameters
    ----------
    theta : ndarray of shape (4,)
        See `fjsim.fitting.population.mixing.START`.
    mixing : ndarray of shape (n_agents, n_speakers)
        Share of each speaker in what a listener hears.
    noise : float
        Standard deviation of one independent number around the law.
    """

    theta: Array
    mixing: Array
    noise: float


def learn(
    normal: Grams, start: Learned, fit_mixing: bool, rounds: int = 12, steps: int = 60
) -> Learned:
    """Alternate between the laws of items, the weights of speakers, noise and population.

    Parameters
    ----------
    normal : Grams
        Per item.
    start : Learned
    fit_mixing : bool
        Whether the weights of speakers are learned, or stay.
    rounds : int, default 12
        Alternations at most.
    steps : int, default 60
        Of each search for the population.

    Returns
    -------
    Learned
    """
    counted = normal.turns.ravel() > 0
    floor = LEAST_NOISE * np.sqrt(normal.power.sum() / max(float(normal.freedom.sum()), 1.0))
    now = Learned(start.theta, start.mixing, max(start.noise, floor, 1e-9))
    for _ in range(rounds):
        pairs = pairs_of(normal, now.mixing).select(counted)
        table = likelihood_table(pairs, now.noise)
        theta = fit_population(table, now.theta, steps)
        known = posterior(table, theta)
        noise = max(_noise(pairs, known), floor, 1e-9)
        mixing = _mixing(normal, known, counted, now.mixing) if fit_mixing else now.mixing
        shift = abs(np.log(noise / now.noise)) + np.abs(mixing - now.mixing).max(initial=0.0)
        now = Learned(theta, mixing, noise)
        if shift < 0.01:
            break
    return now


def first_guess(normal: Grams, mixing: Array, passes: int = 30, fit_mixing: bool = True) -> Learned:
    """Return a start: each item's best law under weights of speakers that fit all items best."""
    counted = normal.turns.ravel() > 0
    error = 0.0
    for _ in range(passes):
        pairs = pairs_of(normal, mixing)
        held, yielded = _best_pairs(pairs)
        known = _exact(held, yielded)
        if not fit_mixing:
            break
        after = _mixing(normal, _chosen(known, counted), counted, mixing)
        settled = np.abs(after - mixing).max(initial=0.0) < 1e-4
        mixing = after
        if settled:
            break
    error = float(np.maximum(_expected_error(pairs, known), 0.0)[counted].sum())
    left = max(float(normal.freedom.sum()) - 2 * counted.sum(), 1.0)
    return Learned(START, mixing, np.sqrt(error / left))


def _best_pairs(pairs: Pairs) -> tuple[Array, Array]:
    """Return stubbornness and weight on peers of least error, pair by pair."""
    products = np.zeros((len(pairs), 3, 3))
    products[:, 0, 0] = pairs.innate_innate
    products[:, 0, 2] = products[:, 2, 0] = pairs.innate_peers
    products[:, 2, 2] = pairs.peers_peers
    targets = np.stack([pairs.innate_moved, 0 * pairs.innate_moved, pairs.peers_moved], axis=1)
    rows = solve_rows(products, targets).rows
    return rows[:, 0], rows[:, 2]


def _exact(held: Array, yielded: Array) -> Posterior:
    none = np.zeros_like(held)
    return Posterior(held, none, held**2, none, yielded, yielded**2, held * yielded, none)


def _chosen(known: Posterior, counted: Flags) -> Posterior:
    return Posterior(*(getattr(known, name)[counted] for name in known.__dataclass_fields__))


def _expected_error(pairs: Pairs, known: Posterior) -> Array:
    """Return the expected squared error of every pair."""
    return np.asarray(
        pairs.moved_moved
        - 2 * (known.stubbornness * pairs.innate_moved + known.yielded * pairs.peers_moved)
        + known.stubbornness_square * pairs.innate_innate
        + 2 * known.innate_yielded * pairs.innate_peers
        + known.yielded_square * pairs.peers_peers
    )


def _noise(pairs: Pairs, known: Posterior) -> float:
    error = float(np.maximum(_expected_error(pairs, known), 0.0).sum())
    return float(np.sqrt(error / max(float(pairs.freedom.sum()), 1.0)))


def _mixing(normal: Grams, known: Posterior, counted: Flags, before: Array) -> Array:
    """Return the weights of speakers that fit all items best, given what is known of each."""
    products, targets = mixing_equations(normal, known, counted)
    return solve_rows(
        products.sum(axis=0), targets.sum(axis=0), _speakers(normal), before
    ).rows * _speakers(normal).any(axis=-1, keepdims=True)


def mixing_equations(normal: Grams, known: Posterior, counted: Flags) -> tuple[Array, Array]:
    """Return the normal equations of the weights of speakers, item by item.

    Parameters
    ----------
    normal : Grams
    known : Posterior
        Of the pairs that count.
    counted : ndarray of bool, shape (n_pairs,)

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_speakers, n_speakers)
    ndarray of shape (n_items, n_agents, n_speakers)
    """

    def spread(values: Array) -> Array:
        whole = np.zeros(len(counted))
        whole[counted] = values
        return whole.reshape(normal.turns.shape)[..., None]

    products = spread(known.yielded_square)[..., None] * normal.products[..., PEERS:, PEERS:]
    targets = (
        spread(known.yielded) * normal.targets[..., PEERS:]
        - spread(known.innate_yielded) * normal.products[..., INNATE, PEERS:]
    )
    return products, targets


def _speakers(normal: Grams) -> Flags:
    return normal.allowed[:, PEERS:]


def even_mixing(normal: Grams) -> Array:
    """Return even weights over the speakers that each listener may hear."""
    speakers = _speakers(normal).astype(float)
    return np.asarray(speakers / np.maximum(speakers.sum(axis=-1, keepdims=True), 1))
