"""Deliberations as they would look under one law for all items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.predict.beliefs import apply_rows, carried_beliefs
from fjsim.fitting.rows.columns import columns_of_round
from fjsim.fitting.rows.grams import Columns, Grams, grams
from fjsim.fitting.rows.hearing import expressed_prediction, hearing, spoken_beliefs
from fjsim.fitting.rows.mixtures import even_mixture, expand_rows
from fjsim.fitting.rows.simplex import closest_on_simplex, solve_rows
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream


def item_grams(transcript: Transcript, mixed: Columns | None) -> Grams:
    """Return normal equations per item, of all listeners of a crowd together."""
    base = grams(transcript, mixed)
    if mixed is None or not transcript.exchangeable:
        return base
    return base.of_groups(np.zeros(transcript.n_agents, dtype=np.int64))


def solve_pooled(base: Grams) -> Array:
    """Return the pooled rows of per-item normal equations, shape (n_agents, n_columns)."""
    normal = base.pooled()
    return solve_rows(normal.products, normal.targets, normal.allowed).rows


class SharedWorld:
    """Draws deliberations under one shared law, with the noise that was observed.

    Answers (certain beliefs) are drawn from the law's prediction; beliefs and opinions get
    Gaussian noise, brought back to the simplex as the data are. Drawn beliefs are what peers hear
    next, so that the null shares the bias of fits to noisy regressors.
    """

    def __init__(self, transcript: Transcript, mixed: Columns | None, base: Grams) -> None:
        self.transcript, self.mixed, self.base = transcript, mixed, base
        self.heard = hearing(transcript)
        self.weights = even_mixture(transcript) if mixed is not None else None
        observed = np.nan_to_num(transcript.beliefs)
        self.certain = bool(np.isin(observed, (0.0, 1.0)).all()) and not transcript.opinions
        self.law = solve_pooled(base)
        self.size = np.zeros(transcript.n_agents)
        if not self.certain:
            self._calibrate()

    def _calibrate(self) -> None:
        """Find law and noise from which, cut by the simplex, the observed fit comes out."""
        wanted, size = self.law, self._misfit(self.base, self.law)
        noise = size.copy()
        rng = stream(0, "fit-null-noise")
        for _ in range(8):
            self.size = noise if len(noise) > 1 else np.repeat(noise, self.transcript.n_agents)
            drawn = item_grams(self.draw(rng), self.mixed)
            refit = solve_pooled(drawn)
            got = self._misfit(drawn, refit)
            noise = noise * np.divide(size, got, out=np.ones_like(got), where=got > 0)
            step = np.where(self.base.allowed, self.law + wanted - refit, -1e6)
            self.law = closest_on_simplex(step)

    def _misfit(self, base: Grams, rows: Array) -> Array:
        pooled = base.pooled()
        left = np.maximum(pooled.errors(rows), 0.0) / np.maximum(pooled.freedom, 1.0)
        return np.asarray(np.sqrt(left))

    def _rows(self) -> Array:
        if self.weights is None:
            return self.law[None, None]
        shape = (self.transcript.n_agents, self.law.shape[-1])
        return expand_rows(np.broadcast_to(self.law, shape), self.weights)

    def draw(self, rng: np.random.Generator) -> Transcript:
        """Draw one deliberation from the recorded innate beliefs."""
        given, rows = self.transcript, self._rows()
        beliefs, said = given.beliefs.copy(), spoken_beliefs(given).copy()
        there = given.valid & given.valid[:, :1]
        for at in range(1, given.n_rounds + 1):
            shape = beliefs[:, at].shape
            chance = rng.random(shape[:-1]) if self.certain else rng.standard_normal(shape)
            for _ in range(given.n_agents if self.heard.sequential else 1):
                own = carried_beliefs(beliefs, at)
                columns = columns_of_round(self.heard, at, given.innate, own, said)
                after = self._shaken(apply_rows(self.heard, at, rows, columns), chance)
                now = np.where(there[:, at, :, None], after, beliefs[:, at])
                now = np.where(given.valid[:, at, :, None], now, np.nan)
                beliefs[:, at] = now
                said[:, at] = expressed_prediction(now, given)
        return replace(given, beliefs=beliefs, stated_beliefs=None)

    def _shaken(self, expected: Array, chance: Array) -> Array:
        """Add noise, or draw an answer."""
        present = ~np.isnan(expected)
        if self.certain:
            edges = np.cumsum(np.maximum(np.nan_to_num(expected), 0.0), axis=-1)
            chosen = (edges < chance[..., None] * edges[..., -1:]).sum(axis=-1)
            after = (np.arange(edges.shape[-1]) == chosen[..., None]).astype(float)
        else:
            shaken = expected + self.size[:, None] * chance
            after = closest_on_simplex(np.where(present, shaken, -1e6))
        return np.where(present, after, np.nan)
