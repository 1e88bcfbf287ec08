"""Speakers weighed by the part they play in an attack."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.resampled import Resampled
from fjsim.fitting.findings.assembly import Units, assemble
from fjsim.fitting.findings.bootstrap import question_index, question_weights, tail_share
from fjsim.fitting.findings.identified import RoleWeight
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import predicted_beliefs, roll_out
from fjsim.fitting.rows.grams import Grams, grams
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, Flags
from fjsim.fitting.rows.mixtures import even_mixture, mixed_columns
from fjsim.fitting.rows.roles import BENIGN, CONVERTED, HOSTILE, ROLES, role_shares, solve_bounded
from fjsim.records.transcript import Transcript
from fjsim.registry import register
from fjsim.seeds import stream

NOBODY = (
    "nobody is marked as hostile, so that only benign speakers have a weight: give the log a "
    "column role, or fit the attacked arm"
)


@dataclass(eq=False)
class _ByPart(Resampled):
    """One law for all listeners, in which a speaker's weight depends on the part it plays."""

    parts: ClassVar[tuple[tuple[int, ...], ...]]
    """Roles that share a weight."""

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row for all listeners; see `Estimator.fit`."""
        used = treated(transcript)
        per_item = _of_all(grams(used, partial(_columns, self.parts)))
        known = (role_shares(used).sum(axis=(0, 1, 2, 3)) > 0)[[part[0] for part in self.parts]]
        known |= np.array([len(part) > 1 for part in self.parts])
        unknown = _reduced(per_item.pooled())
        weights = solve_bounded(*unknown, np.concatenate([[True], known]))
        draws = self._drawn(used, per_item, np.concatenate([[True], known]))
        self.result_ = self._assembled(used, per_item, weights, known, draws)
        return self

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start``; see `Estimator.rollout`.

        Who is converted follows from the predictions, not from what was recorded after ``start``.
        """
        return predicted_beliefs(transcript, self._fitted(), start)

    def _drawn(self, used: Transcript, per_item: Grams, allowed: Flags) -> Array | None:
        """Return resampled weights, (n_resamples, 1 + n_parts); None without resamples."""
        if not self.resamples:
            return None
        rng = stream(self.seed, "fit-bootstrap")
        counts = question_weights(used.question_ids, self.resamples, rng)
        return solve_bounded(*_reduced(per_item.weighted(counts)), allowed)

    def _assembled(
        self,
        used: Transcript,
        per_item: Grams,
        weights: Array,
        known: Flags,
        draws: Array | None,
    ) -> FJFit:
        """Make the result: seats share a row, in which peers count by their usual attention."""
        even = _of_all(grams(used, mixed_columns(even_mixture)))
        usual = _usual_attention(used, self.parts)
        of_seat = np.zeros(used.n_agents, dtype=np.int64)
        row, spread = _row(weights, usual)[None], _even_rows(used)
        drawn = (
            None
            if draws is None
            else np.stack([_spread(_row(one, usual), spread) for one in draws])
        )
        units = Units(of_seat, _spread(row[0], spread), influence_known=False, names=("all seats",))
        fit = assemble(self.name, used, even.pooled(), row, units, drawn, self.level)
        pooled = per_item.pooled()
        full = np.concatenate([weights[:1], [0.0], weights[1:]])
        error = float(np.maximum(pooled.errors(full[None]), 0.0).sum() / (2 * pooled.turns.sum()))
        return replace(
            fit,
            one_step_mse=used.error_scale * error,
            warnings=fit.warnings if used.hostile.any() else (NOBODY, *fit.warnings),
            roles=self._role_weights(used, weights, known, draws),
            predictor=partial(_rows_by_part, weights, self.parts),
            roller=partial(_rolled_out, weights, self.parts),
        )

    def _role_weights(
        self, used: Transcript, weights: Array, known: Flags, draws: Array | None
    ) -> dict[str, RoleWeight]:
        """Return each role's weight per unit of attention with its interval."""
        found = {}
        for at, (part, there) in enumerate(zip(self.parts, known, strict=True), start=1):
            name = " or ".join(ROLES[role] for role in part)
            drawn = None if draws is None or not there else draws[:, at]
            found[name] = self._weight(used, float(weights[at]) if there else np.nan, drawn)
        return found

    def _weight(self, used: Transcript, value: float, drawn: Array | None) -> RoleWeight:
        n_questions = int(question_index(used.question_ids).max(initial=-1)) + 1
        tail = tail_share(self.level, n_questions)
        if drawn is None or np.isnan(tail) or not np.isfinite(drawn).any():
            return RoleWeight(value, float("nan"), float("nan"))
        low, high = np.quantile(drawn[np.isfinite(drawn)], [tail, 1 - tail])
        return RoleWeight(value, float(low), float(high))


@register("estimator", "by-role")
@dataclass(eq=False)
class ByRole(_ByPart):
    r"""One law for all listeners, with a weight per role of the speaker.

    Parameters
    ----------
    resamples, level, seed
        Settings of the intervals; see `Resampled`.

    Notes
    -----
    A speaker is *hostile* by the log, *converted* where a benign one says what the adversary is
    after, and *benign* else; who is converted depends on the statement that was heard. With
    :math:`a_{ij}` the share of its attention that i gives j (what the log says, or even shares of
    those heard) and :math:`r(j)` what j is,

    .. math:: b_i' = \gamma s_i + \sum_j a_{ij} m_{r(j)} b_j + (\text{the rest}) b_i,

    :math:`m_r \geq 0` and :math:`\gamma + m_r \leq 1`: a weight per unit of attention, the same
    for all seats, solved exactly. It needs roles, and a target for the converted. The self-weight
    is that at the mean attention to each role.
    """

    name: ClassVar[str] = "by-role"
    parts: ClassVar[tuple[tuple[int, ...], ...]] = ((HOSTILE,), (CONVERTED,), (BENIGN,))


@register("estimator", "hostile-multiplier")
@dataclass(eq=False)
class HostileMultiplier(_ByPart):
    r"""One law for all listeners, in which hostile speakers weigh so many times a benign one.

    Parameters
    ----------
    resamples, level, seed
        Settings of the intervals; see `Resampled`.

    Notes
    -----
    As `by-role` with one weight for converted and other benign speakers. Among the roles stands
    ``multiplier``: the hostile weight over the other one, per unit of attention; 1 means that
    listeners do not tell them apart.
    """

    name: ClassVar[str] = "hostile-multiplier"
    parts: ClassVar[tuple[tuple[int, ...], ...]] = ((HOSTILE,), (CONVERTED, BENIGN))

    def _role_weights(
        self, used: Transcript, weights: Array, known: Flags, draws: Array | None
    ) -> dict[str, RoleWeight]:
        found = super()._role_weights(used, weights, known, draws)
        hostile, others = weights[1:]
        value = float(hostile / others) if known.all() and others > 0 else float("nan")
        drawn = None
        if draws is not None:
            below = draws[:, 2]
            drawn = np.divide(draws[:, 1], below, out=np.full(len(below), np.inf), where=below > 0)
        return {**found, "multiplier": self._weight(used, value, drawn)}


def _columns(
    parts: tuple[tuple[int, ...], ...], transcript: Transcript, at: int, block: Array
) -> Array:
    """Return the columns of a round: innate, own, then what each part said, by its attention."""
    shares = _by_part(role_shares(transcript), parts)[:, at - 1]
    mixed = np.nan_to_num(block[..., PEERS:]) @ shares
    rest = 1 - shares.sum(axis=-2)
    mixed = mixed + rest[:, :, None, :] * block[..., [OWN]]
    return np.concatenate([block[..., :PEERS], mixed], axis=-1)


def _by_part(shares: Array, parts: tuple[tuple[int, ...], ...]) -> Array:
    return np.stack([shares[..., list(part)].sum(axis=-1) for part in parts], axis=-1)


def _of_all(per_seat: Grams) -> Grams:
    return per_seat.of_groups(np.zeros(per_seat.power.shape[-1], dtype=np.int64))


def _reduced(normal: Grams) -> tuple[Array, Array]:
    """Return the problem without the own column, which is 0 throughout, and the one listener."""
    kept = np.delete(np.arange(normal.products.shape[-1]), OWN)
    products = normal.products[..., 0, :, :][..., kept, :][..., kept]
    return products, normal.targets[..., 0, :][..., kept]


def _usual_attention(transcript: Transcript, parts: tuple[tuple[int, ...], ...]) -> Array:
    """Return the mean share of attention that benign listeners give each part."""
    given = _by_part(role_shares(transcript), parts).sum(axis=-2)
    heard = (given.sum(axis=-1) > 0) & ~transcript.hostile[:, None]
    return np.asarray(given[heard].mean(axis=0) if heard.any() else np.zeros(len(parts)))


def _row(weights: Array, usual: Array) -> Array:
    """Return innate, own and peers' weight at the usual attention."""
    peers = float(weights[1:] @ usual)
    return np.array([weights[0], max(1 - weights[0] - peers, 0.0), peers])


def _even_rows(transcript: Transcript) -> Array:
    """Return how a seat's peers share its attention over the whole log, rows summing to 1 or 0."""
    shares = role_shares(transcript).sum(axis=(0, 1, 4))
    total = shares.sum(axis=-1, keepdims=True)
    even = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    return np.asarray(even)


def _spread(row: Array, attention: Array) -> Array:
    """Return the row of three as rows over speakers."""
    full = np.empty((len(attention), len(attention) + PEERS))
    full[:, INNATE] = row[INNATE]
    full[:, PEERS:] = row[PEERS] * attention
    full[:, OWN] = 1 - row[INNATE] - full[:, PEERS:].sum(axis=-1)
    return np.clip(full, 0.0, 1.0)


def _rows_by_part(
    weights: Array, parts: tuple[tuple[int, ...], ...], transcript: Transcript
) -> Array:
    """Return rows over speakers for every item and round, (n_items, n_rounds, n, n + 2)."""
    peers = _by_part(role_shares(transcript), parts) @ weights[1:]
    full = np.empty((*peers.shape[:-1], peers.shape[-1] + PEERS))
    full[..., INNATE] = weights[0]
    full[..., PEERS:] = peers
    full[..., OWN] = 1 - weights[0] - peers.sum(axis=-1)
    return np.clip(full, 0.0, 1.0)


def _rolled_out(
    weights: Array, parts: tuple[tuple[int, ...], ...], transcript: Transcript, start: int
) -> Array:
    """Roll out while who is converted follows from the predictions, not from what was recorded."""
    predicted = transcript.beliefs.copy()
    predicted[:, start + 1 :] = np.where(
        transcript.hostile[:, None, :, None], predicted[:, start + 1 :], np.nan
    )
    before: Array | None = None
    # Each pass settles at least the next statement, and usually a whole round.
    for _ in range((transcript.n_rounds - start) * transcript.n_agents + 1):
        played = replace(transcript, beliefs=predicted, stated_beliefs=None, peers_read="belief")
        rows = _rows_by_part(weights, parts, played)
        if before is not None and np.array_equal(rows, before):
            break
        predicted, before = roll_out(transcript, rows, start), rows
    return predicted
