"""A law per item and agent, drawn from one population: random effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.resampled import Resampled
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.population.describing import (
    Described,
    Resampling,
    describe,
)
from fjsim.fitting.population.knowing import drawn_laws, posterior_of
from fjsim.fitting.population.learning import (
    MOST_PAIRS,
    Learned,
    even_mixing,
    first_guess,
    learn,
)
from fjsim.fitting.population.likelihood import likelihood_table
from fjsim.fitting.population.mixing import log_evidence
from fjsim.fitting.population.pairs import Pairs, no_pairs, pairs_by_round, pairs_of
from fjsim.fitting.predict.beliefs import roll_out, step_rounds
from fjsim.fitting.rows.given import gives_shares
from fjsim.fitting.rows.grams import Grams, grams
from fjsim.fitting.rows.hearing import INNATE, PEERS, hearing
from fjsim.fitting.rows.mixtures import (
    Mixture,
    even_mixture,
    expand_rows,
    mixed_columns,
    routed_mixture,
)
from fjsim.records.transcript import Transcript
from fjsim.registry import register
from fjsim.seeds import stream

CHUNK_ROLLED = 1000
"""Items that are rolled out at one time."""

ROLLOUTS = 24
"""Laws drawn per item for a rollout."""


@register("estimator", "hierarchical")
@dataclass(eq=False)
class Hierarchical(Resampled):
    r"""Stubbornness and self-weight per item and agent, drawn from one population.

    Parameters
    ----------
    influence : {'auto', 'seat', 'even', 'given'}
        Whose words count: one row of weights per seat that holds for all items; everybody heard
        alike; or the transcript's own weights. ``auto`` takes the given ones where a log gives
        shares of attention, a router changed them or gates renormalise, else even ones unless a
        row per seat pays for its parameters (Bayesian information criterion).
    resamples, level, seed
        Of the intervals; see `Resampled`. They are first-order: every question's pull on the
        population is known, so that no resample is fitted again.

    Attributes
    ----------
    learned_ : Learned
        Population, weights of speakers and noise.

    Notes
    -----
    Stubbornness and self-weight are Beta distributed over items and agents. An agent that holds
    its first belief shows only the sum of both; the population of the others tells them apart.
    The marginal likelihood is integrated numerically, pair by pair, and maximised together with
    the weights of speakers and the noise. Means and spreads are those of the posterior, so that a
    population that is not quite Beta does little harm.

    Predictions of a new item start from the population and learn from the item's earlier rounds,
    never from the round that is predicted.
    """

    name: ClassVar[str] = "hierarchical"

    influence: Literal["auto", "seat", "even", "given"] = "auto"

    def fit(self, transcript: Transcript) -> Self:
        """Learn the population; see `Estimator.fit`."""
        used = treated(transcript)
        kind, normal, learned = self._learn(used, getattr(self, "learned_", None))
        self.kind_, self.learned_ = kind, learned
        self.__dict__.pop("result_", None)
        self._fitted_to = (used, normal)
        return self

    @cached_property
    def result_(self) -> FJFit:  # type: ignore[override]
        """The fitted parameters, made when they are asked for."""
        used, normal = self._fitted_to
        rows = self.item_rows(normal)
        acting = self.expanded(rows[:, None], used).mean(axis=1)
        found = Described(used, normal, self.learned_, self.kind_, rows, acting)
        how = Resampling(self.resamples, self.level, self.seed)
        names = zip(used.question_ids, used.replicas.tolist(), strict=True)
        known = dict(zip(names, rows, strict=True))
        return replace(
            describe(self.name, found, how), predictor=lambda given: self._known_rows(given, known)
        )

    def _known_rows(self, transcript: Transcript, known: dict[tuple[str, int], Array]) -> Array:
        """Return each item's own law, the population's mean for an item that was not fitted."""
        usual = self._population_rows(transcript.n_agents)
        keys = zip(transcript.question_ids, transcript.replicas.tolist(), strict=True)
        rows = np.stack([known.get(key, usual) for key in keys])
        return self.expanded(rows[:, None], transcript)

    def _learn(self, transcript: Transcript, before: Learned | None) -> tuple[str, Grams, Learned]:
        """Learn under the weights of speakers that were asked for, or that pay."""
        kinds = self._kinds(transcript)
        if before is not None and self.kind_ in kinds:
            kinds = (self.kind_,)
        best: tuple[float, str, Grams, Learned] | None = None
        for kind in kinds:
            normal = self._normal(transcript, kind)
            part = _thinned(normal, self.seed)
            start = before
            if start is None or start.mixing.shape[-1] != normal.allowed.shape[-1] - PEERS:
                start = first_guess(part, even_mixing(part), fit_mixing=kind == "seat")
            learned = learn(part, start, kind == "seat")
            cost = _cost(part, learned, kind) if len(kinds) > 1 else 0.0
            if best is None or cost < best[0]:
                best = (cost, kind, normal, learned)
        assert best is not None, "there is at least one kind"
        return best[1:]

    def _kinds(self, transcript: Transcript) -> tuple[str, ...]:
        if self.influence != "auto":
            return (self.influence,)
        routed = transcript.influence is not None and transcript.influence.ndim == 3
        if routed or hearing(transcript).sways:
            return ("given",)
        if transcript.exchangeable:
            return ("even",)
        if gives_shares(transcript):
            return ("given",)
        return ("seat", "even")

    def _mixture(self, kind: str) -> Mixture | None:
        return {"seat": None, "even": even_mixture, "given": routed_mixture}[kind]

    def _normal(self, transcript: Transcript, kind: str) -> Grams:
        mixture = self._mixture(kind)
        normal = grams(transcript, None if mixture is None else mixed_columns(mixture))
        if mixture is None:
            return normal
        heard = hearing(transcript).heard.any(axis=(0, 1, 3))
        allowed = normal.allowed.copy()
        allowed[:, PEERS] = heard
        return replace(normal, allowed=allowed)

    def sums(self, transcript: Transcript) -> Grams:
        """Return normal equations per item over the columns of this model, once it is fitted."""
        return self._normal(transcript, self.kind_)

    def _population_rows(self, n_agents: int) -> Array:
        """Return the mean law of the population over mixtures, shape (n_agents, n_columns)."""
        known = posterior_of(no_pairs(n_agents), self._learned())
        return self._rows(known.stubbornness, known.yielded)

    def _rows(self, held: Array, yielded: Array) -> Array:
        """Return rows from the weights on innate belief and on peers."""
        mixing = self.learned_.mixing
        rows = np.empty((*held.shape, mixing.shape[-1] + PEERS))
        rows[..., INNATE] = held
        rows[..., PEERS:] = yielded[..., None] * mixing
        rows[..., 1] = 1 - held - rows[..., PEERS:].sum(axis=-1)
        return np.clip(rows, 0, 1)

    def item_rows(self, normal: Grams) -> Array:
        """Return the mean law of every item given its own turns.

        Parameters
        ----------
        normal : Grams
            Per item, over the columns of this model.

        Returns
        -------
        ndarray of shape (n_items, n_agents, n_columns)
        """
        known, shape = (
            posterior_of(pairs_of(normal, self.learned_.mixing), self.learned_),
            (normal.turns.shape),
        )
        return self._rows(known.stubbornness.reshape(shape), known.yielded.reshape(shape))

    def expanded(self, rows: Array, transcript: Transcript) -> Array:
        """Return rows over speakers, per item and round, from rows over this model's columns.

        Parameters
        ----------
        rows : ndarray of shape (n_items, n_rounds or 1, n_agents, n_columns)
        transcript : Transcript

        Returns
        -------
        ndarray of shape (n_items, n_rounds or 1, n_agents, n_agents + 2)
        """
        mixture = self._mixture(self.kind_)
        return rows if mixture is None else expand_rows(rows, mixture(transcript))

    def predict(self, transcript: Transcript) -> Array:
        """Predict each round from the recorded ones before it; see `Estimator.predict`."""
        learned = self._learned()
        shape = (transcript.n_items, transcript.n_agents)
        usual = self._population_rows(transcript.n_agents)
        rows = [np.broadcast_to(usual, (shape[0], *usual.shape))]
        for seen in self._seen(transcript)[:-1]:
            known = posterior_of(seen, learned)
            rows.append(self._rows(known.stubbornness.reshape(shape), known.yielded.reshape(shape)))
        return step_rounds(transcript, self.expanded(np.stack(rows, axis=1), transcript))

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start``; see `Estimator.rollout`.

        The mean of rollouts under laws drawn from what is known after ``start``.
        """
        learned = self._learned()
        shape = (transcript.n_items, transcript.n_agents)
        seen = self._seen(transcript)[start - 1] if start else None
        rng = stream(self.seed, "fit-hierarchical-rollout")
        held, yielded = drawn_laws(seen, learned, shape[0] * shape[1], ROLLOUTS, rng)
        total = np.zeros_like(transcript.beliefs)
        size = max(CHUNK_ROLLED // max(shape[0], 1), 1)
        for at in range(0, ROLLOUTS, size):
            some = slice(at, at + size)
            rows = self._rows(held[some].reshape(-1, shape[1]), yielded[some].reshape(-1, shape[1]))
            copies = len(held[some])
            many = transcript.select(np.tile(np.arange(shape[0]), copies))
            rolled = roll_out(many, self.expanded(rows[:, None], many), start)
            total += rolled.reshape(copies, *transcript.beliefs.shape).sum(axis=0)
        return np.asarray(total / ROLLOUTS)

    def _seen(self, transcript: Transcript) -> tuple[Pairs, ...]:
        """Return what each item says after each round."""
        mixture = self._mixture(self.kind_)
        columns = None if mixture is None else mixed_columns(mixture)
        return pairs_by_round(transcript, columns, self._learned().mixing)

    def _learned(self) -> Learned:
        if not hasattr(self, "learned_"):
            raise ParameterError(f"{self.name} has learned nothing yet; call fit(transcript) first")
        return self.learned_

    def _fitted(self) -> FJFit:
        self._learned()
        return self.result_


def _thinned(normal: Grams, seed: int) -> Grams:
    """Return the sums of as many items as a population is learned from."""
    n_items, n_agents = normal.turns.shape
    most = max(MOST_PAIRS // max(n_agents, 1), 20)
    if n_items <= most:
        return normal
    kept = stream(seed, "fit-hierarchical-items").permutation(n_items)[:most]
    return normal.select(np.sort(kept))


def _cost(normal: Grams, learned: Learned, kind: str) -> float:
    """Return the Bayesian information criterion."""
    counted = normal.turns.ravel() > 0
    table = likelihood_table(pairs_of(normal, learned.mixing).select(counted), learned.noise)
    speakers = normal.allowed[:, PEERS:].sum(axis=-1)
    free = int(np.maximum(speakers - 1, 0).sum()) if kind == "seat" else 0
    evidence = float(log_evidence(table, learned.theta).sum())
    return free * float(np.log(max(float(normal.freedom.sum()), 2.0))) - 2 * evidence
