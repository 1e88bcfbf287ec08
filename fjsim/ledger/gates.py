"""How much each agent counts on each question: gates from a fit that may vary by question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.hierarchical import Hierarchical
from fjsim.fitting.estimators.per_item import PerItem, Shrunk, shrunk_rows
from fjsim.fitting.estimators.pooled import refined_rows
from fjsim.fitting.findings.identifiability import (
    LARGEST_STANDARD_ERROR,
    NO_DIFFERENCE,
    precision,
)
from fjsim.fitting.findings.identified import OneLaw
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import law_rows
from fjsim.fitting.rows.columns import routed_rows
from fjsim.fitting.rows.grams import Grams, grams
from fjsim.fitting.rows.hearing import Flags, hearing, router_mix
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.rows.solving import finite_influence
from fjsim.fitting.validate.comparison import compare
from fjsim.fitting.validate.one_law import one_law_test
from fjsim.records.transcript import Transcript
from fjsim.registry import build

ONE_LAW = "one law for all questions: nobody is an influencer by question"
"""What is said where the gates do not vary."""

MODELS = ("auto", "item", "shrunk", "hierarchical", "gated")
"""Fits that gates may come from; ``auto`` chooses."""

ENOUGH = 0.5
"""Share of the items that must determine all gates for a fit of every item by itself."""

SAME = 1e-9
"""Gates that vary by less do not vary."""

Halves = Callable[[Sequence[int]], Array]
"""``rounds -> gates``, shape (n_items, n_agents), by the same estimator from some rounds alone."""


@dataclass(frozen=True, eq=False)
class ItemGates:
    r"""The influence of each agent's initial belief on the group's last one, item by item.

    Parameters
    ----------
    shares : ndarray of shape (n_items, n_agents)
        Column means of :math:`\Phi_T`; rows sum to 1.
    rows : ndarray of shape (n_items, n_agents, n_agents + 2)
        The law of each item that they come from, a blending router included.
    known : ndarray of bool, shape (n_items, n_agents)
        Whether the item determines the share.
    model : str
        Fit that they come from.
    by_item : bool
        Whether they vary by item.
    reason : str
        Why they do not, or why this fit was taken.
    one_law : OneLaw or None
        The test of one law for all items; None where it was not made.
    fit : FJFit
    halves : callable or None
        Gates of some rounds alone; None where the gates are not estimated item by item.
    features : tuple of str
        Observable proxies that the gates are a function of by construction.
    """

    shares: Array
    rows: Array
    known: Flags
    model: str
    by_item: bool
    reason: str
    one_law: OneLaw | None
    fit: FJFit
    halves: Halves | None = None
    features: tuple[str, ...] = ()

    @property
    def whole(self) -> Flags:
        """Items that determine every share, shape (n_items,)."""
        return np.asarray(self.known.all(axis=1))

    def select(self, items: Any) -> ItemGates:
        """Return the gates of some items, which can no longer be fitted to halves."""
        return replace(
            self,
            shares=self.shares[items],
            rows=self.rows[items],
            known=self.known[items],
            halves=None,
        )


def item_shares(fit: FJFit, transcript: Transcript) -> Array:
    r"""Return every item's influence shares under a fit.

    Parameters
    ----------
    fit : FJFit
    transcript : Transcript

    Returns
    -------
    ndarray of shape (n_items, n_agents)
        Column means of :math:`\Phi_T`, a router's blend included; rows that vary over rounds are
        averaged first.
    """
    return _shares(acting_rows(fit, transcript), transcript)


def acting_rows(fit: FJFit, transcript: Transcript) -> Array:
    """Return the law of each item under a fit, shape (n_items, n_agents, n_agents + 2).

    A router's blend is included; rows that vary over rounds are averaged.
    """
    return _acting(law_rows(transcript, fit).mean(axis=1), transcript)


def _acting(rows: Array, transcript: Transcript) -> Array:
    whole = np.broadcast_to(rows, (transcript.n_items, *rows.shape[-2:]))
    router = router_mix(transcript)
    return whole if router is None else routed_rows(whole, router, by_item=True)


def _shares(rows: Array, transcript: Transcript) -> Array:
    shares = finite_influence(rows, transcript.n_rounds).mean(axis=-2)
    return np.asarray(np.broadcast_to(shares, (transcript.n_items, transcript.n_agents)))


def item_gates(transcript: Transcript, model: str = "auto", seed: int = 0) -> ItemGates:
    """Return how much each agent counts on each question.

    Parameters
    ----------
    transcript : Transcript
        Without control items.
    model : {'auto', 'item', 'shrunk', 'hierarchical', 'gated'}, default 'auto'
        Fit that they come from. ``auto`` takes the routed weights as given where a router changed
        them; one law where the test of one law does not reject; else every item by itself, or,
        where most items do not determine the weights of single speakers, ``hierarchical``.
    seed : int, default 0

    Returns
    -------
    ItemGates

    Raises
    ------
    ParameterError
        If seats have no identity, the model is none of these, or ``gated`` does not predict held
        out questions better than one law, one step ahead and in roll-out.
    """
    if model not in MODELS:
        raise ParameterError(f"no gates from '{model}'; there are {', '.join(MODELS)}")
    if transcript.exchangeable:
        raise ParameterError(
            "different people sit in a seat from item to item, so no seat has an influence; "
            "an analysis of influencers needs a team that stays"
        )
    if model == "gated":
        return _gated(transcript, seed)
    if _given(transcript):
        return _routed(transcript, seed)
    tested = one_law_test(transcript, seed)
    if model == "auto" and tested.holds is not False:
        return _constant(transcript, tested, seed)
    if model in ("item", "shrunk"):
        return _alone(transcript, model, tested)
    if model == "auto":
        found = _alone(transcript, "item", tested)
        if found.whole.mean() >= ENOUGH:
            return found
    return _hierarchical(transcript, tested, seed)


def _given(transcript: Transcript) -> bool:
    """Whether weights from item to item are known: a router's, or what gates left of them."""
    routed = transcript.influence is not None and transcript.influence.ndim == 3
    return routed or router_mix(transcript) is not None or hearing(transcript).sways


def _constant(transcript: Transcript, tested: OneLaw, seed: int) -> ItemGates:
    """Fit one law, with intervals: its shares do not vary over items to take any from."""
    fit = build("estimator", {"kind": "pooled", "seed": seed}).fit(transcript).result_
    rows, known = acting_rows(fit, transcript), _moving(grams(treated(transcript)), transcript)
    why = ONE_LAW if tested.holds else "one law for all questions could not be tested"
    return ItemGates(_shares(rows, transcript), rows, known, "pooled", False, why, tested, fit)


def _alone(transcript: Transcript, model: str, tested: OneLaw) -> ItemGates:
    """Fit every item by itself."""
    estimator: PerItem | Shrunk = build("estimator", {"kind": model, "resamples": 0})
    fit = estimator.fit(transcript).result_
    normal = grams(treated(transcript))
    common = refined_rows(treated(transcript), normal.pooled())
    rows = acting_rows(fit, transcript)
    strength = getattr(estimator, "strength_", None)
    by_round = _by_round(transcript, grams)

    def halves(rounds: Sequence[int]) -> Array:
        part = _sum(by_round, rounds)
        if strength is None:
            found = solve_rows(part.products, part.targets, part.allowed, common).rows
        else:
            found = shrunk_rows(part, common, strength)
        return _shares(_acting(found, transcript), transcript)

    shares = _shares(rows, transcript)
    known = _determined(normal, rows)
    return ItemGates(
        shares, rows, known, model, _vary(shares), "every item is fitted by itself", tested, fit,
        halves,
    )  # fmt: skip


def _hierarchical(transcript: Transcript, tested: OneLaw | None, seed: int) -> ItemGates:
    """Fit stubbornness and self-weight per item, the weights of speakers for all."""
    estimator = Hierarchical(resamples=0, seed=seed).fit(transcript)
    rows = acting_rows(estimator.result_, transcript)
    by_round = _by_round(transcript, estimator.sums)

    def halves(rounds: Sequence[int]) -> Array:
        found = estimator.item_rows(_sum(by_round, rounds))
        wide = estimator.expanded(found[:, None], transcript).mean(axis=1)
        return _shares(_acting(wide, transcript), transcript)

    shares = _shares(rows, transcript)
    known = _moving(estimator.sums(transcript), transcript)
    why = "single speakers' weights are not determined item by item, so one row holds for all"
    return ItemGates(
        shares, rows, known, "hierarchical", _vary(shares), why, tested, estimator.result_, halves
    )


def _routed(transcript: Transcript, seed: int) -> ItemGates:
    """Take the weights of each item as given; stubbornness and self-weight may vary."""
    found = _hierarchical(transcript, None, seed)
    why = "the routed weights of each question are known"
    return replace(found, reason=why if found.by_item else ONE_LAW, halves=None)


def _gated(transcript: Transcript, seed: int) -> ItemGates:
    """Take gates that are a function of round 0, if they predict better than one law."""
    table = compare(transcript, ("pooled", "gated"), ("held-out-questions", "rollout"), seed)
    rows = [row for row in table if row.model == "gated"]
    if len(rows) < 2 or not all(row.gap_high < 0 for row in rows):
        gains = ", ".join(
            f"{-row.gap:+.2g} [{-row.gap_high:+.2g}, {-row.gap_low:+.2g}] in {row.protocol}"
            for row in rows
        )
        raise ParameterError(
            f"gates of 'gated' do not predict better than one law ({gains or 'not comparable'}); "
            "take model 'item', 'shrunk' or 'hierarchical'"
        )
    fit = build("estimator", {"kind": "gated", "resamples": 0, "seed": seed}).fit(transcript)
    acting = acting_rows(fit.result_, transcript)
    shares = _shares(acting, transcript)
    known = _moving(grams(treated(transcript)), transcript)
    return ItemGates(
        shares, acting, known, "gated", _vary(shares), "a function of round 0", None, fit.result_,
        features=("self-assessed confidence", "stated confidence", "relative confidence",
                  "initial alignment"),
    )  # fmt: skip


def _vary(shares: Array) -> bool:
    return bool(shares.std(axis=0).max(initial=0.0) > SAME)


def _determined(normal: Grams, rows: Array) -> Flags:
    """Say which shares an item determines: the weights on a speaker, over its listeners."""
    errors = precision(normal, rows).speakers  # (items, listener, speaker)
    heard = normal.allowed[:, 2:] & ~np.eye(errors.shape[-1], dtype=bool)
    squared = np.where(heard, errors, 0.0) ** 2
    error = np.sqrt(squared.sum(axis=1)) / errors.shape[-1]
    return np.asarray((error < LARGEST_STANDARD_ERROR) & (normal.turns > 0))


def _moving(normal: Grams, transcript: Transcript) -> Flags:
    """Say in which items most listeners heard something that differs from what they held."""
    seen = np.diagonal(normal.products, axis1=-2, axis2=-1).max(axis=-1, initial=0.0)
    counted = normal.turns > 0
    informed = (seen > NO_DIFFERENCE * np.maximum(normal.turns, 1)) & counted
    most = informed.mean(axis=1, keepdims=True) >= ENOUGH
    return np.asarray(most & counted & transcript.valid[:, 0])


def _by_round(transcript: Transcript, sums: Callable[[Transcript], Grams]) -> list[Grams]:
    """Return the normal equations of each round alone."""
    used = treated(transcript)
    upto = [sums(used.first_rounds(at)) for at in range(1, used.n_rounds + 1)]
    whole = upto[-1].allowed
    parts = [upto[0], *(later - earlier for earlier, later in pairwise(upto))]
    return [replace(part, allowed=whole) for part in parts]


def _sum(parts: Sequence[Grams], rounds: Sequence[int]) -> Grams:
    total = parts[rounds[0]]
    for at in rounds[1:]:
        total = total + parts[at]
    return total
