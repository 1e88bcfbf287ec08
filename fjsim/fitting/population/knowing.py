"""What is known of each item and agent, population and data together."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.population.learning import Learned
from fjsim.fitting.population.likelihood import likelihood_table
from fjsim.fitting.population.mixing import Posterior, joint_weights, posterior
from fjsim.fitting.population.pairs import Pairs, no_pairs

CHUNK = 1500
"""Pairs whose tables stand in memory at one time."""


def posterior_of(pairs: Pairs, learned: Learned) -> Posterior:
    """Return the moments of every pair, in chunks of bounded memory.

    Parameters
    ----------
    pairs : Pairs
    learned : Learned

    Returns
    -------
    Posterior
    """
    parts = []
    for at in range(0, len(pairs), CHUNK):
        some = pairs.select(np.arange(at, min(at + CHUNK, len(pairs))))
        parts.append(posterior(likelihood_table(some, learned.noise), learned.theta))
    names = Posterior.__dataclass_fields__
    return Posterior(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def drawn_laws(
    pairs: Pairs | None, learned: Learned, n_pairs: int, n_draws: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw laws from what is known of every pair.

    Parameters
    ----------
    pairs : Pairs or None
        None where nothing was seen.
    learned : Learned
    n_pairs, n_draws : int
    rng : numpy.random.Generator

    Returns
    -------
    held, yielded : ndarray of shape (n_draws, n_pairs)
        Weights on the innate belief and on the peers.

    Notes
    -----
    Stratified: one law from each of ``n_draws`` equal shares of the posterior, in an order of its
    own for every pair.
    """
    held, yielded = np.empty((n_draws, n_pairs)), np.empty((n_draws, n_pairs))
    pairs = no_pairs(n_pairs) if pairs is None else pairs
    for at in range(0, n_pairs, CHUNK):
        place = np.arange(at, min(at + CHUNK, n_pairs))
        table = likelihood_table(pairs.select(place), learned.noise)
        ends = joint_weights(table, learned.theta).reshape(len(place), -1).cumsum(axis=1)
        order = rng.permuted(np.tile(np.arange(n_draws), (len(place), 1)), axis=1)
        for k in range(n_draws):
            level = (order[:, k] + rng.random(len(place))) / n_draws * ends[:, -1]
            cell = np.minimum((ends < level[:, None]).sum(axis=1), ends.shape[1] - 1)
            node, part = np.unravel_index(cell, table.weight.shape[1:])
            one = np.arange(len(place)), node, part
            own = table.first[one] / np.maximum(table.weight[one], 1e-300)
            held[k, place] = own
            yielded[k, place] = (1 - own) * (1 - table.nodes[np.arange(len(place)), node])
    return held, yielded
