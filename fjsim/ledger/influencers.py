"""Who becomes an influencer, why, and whether it pays: one call from a log to the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fjsim.beliefs import top_option
from fjsim.errors import ParameterError, StorageError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.identified import Beside, OneLaw
from fjsim.fitting.validate.comparison import folds
from fjsim.fitting.validate.nulls import shared_null
from fjsim.ledger.ceiling import Ceiling, noise_ceiling
from fjsim.ledger.explaining import COLUMNS, SeatEffect, compared, explain, seat_effect
from fjsim.ledger.forest import Forest, forest
from fjsim.ledger.gates import ItemGates, item_gates
from fjsim.ledger.likeness import Likeness, likeness
from fjsim.ledger.mixture import MixtureReport, mixture_ledger
from fjsim.ledger.proxies import Proxies, observable_proxies
from fjsim.ledger.quality import fit_quality
from fjsim.ledger.resampling import Interval, interval, question_draws
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.source import HasArms, recorded
from fjsim.records.transcript import Transcript
from fjsim.serial.json import plain

N_DRAWS = 39
"""Logs that are drawn under one law, for what it looks like."""


@dataclass(frozen=True, eq=False, repr=False)
class Influencers:
    """Who is listened to, why, and whether it pays.

    Parameters
    ----------
    simulated : bool
        Whether the log says that no language model took part.
    n_items, n_agents : int
        Items that were analysed, control items left out.
    model : str
        Fit that the gates come from.
    by_item : bool
        Whether influence differs by question. If not, nothing is explained.
    reason : str
        Why this fit was taken, or why influence does not differ.
    one_law : OneLaw or None
        The test of one law for all questions; None where weights are given.
    items_left_out, shares_left_out : int
        Items of which no share is determined, and further single shares.
    top_changes, stubbornness : Beside or None
        How often the top seat is not the usual one, and the correlation of influence with
        stubbornness, both by fits of every item by itself and beside one law; None where weights
        are given or the log cannot be drawn again.
    agents : pandas.DataFrame
        ``agent``, ``persona``, ``share`` with ``low`` and ``high``, ``top`` (share of the items
        in which it has the most influence), ``right_when_top``.
    why : pandas.DataFrame
        One row per proxy; see `fjsim.ledger.explaining.explain`. Empty unless ``by_item``.
    likeness : Likeness or None
        Which of the proxies cannot be told apart here; None unless ``by_item``.
    absent : mapping of str to str
        Proxies that the log does not hold, and why.
    seat : SeatEffect
        How much of the influence goes with the seat and its persona.
    forest : Forest or None
        What a random forest explains; None unless ``by_item``.
    ceiling : Ceiling
        What could be explained at most.
    quality : pandas.DataFrame
        Error and divergence of the fit, in sample and held out, beside one law's.
    gates : pandas.DataFrame
        ``item``, ``question``, ``replica``, ``agent``, ``influence``, ``determined``.
    mixture : MixtureReport or None
        Whether it pays; None without keys.
    warnings : tuple of str
        What a reader must know before believing a number.
    """

    simulated: bool
    n_items: int
    n_agents: int
    model: str
    by_item: bool
    reason: str
    one_law: OneLaw | None
    items_left_out: int
    shares_left_out: int
    top_changes: Beside | None
    stubbornness: Beside | None
    agents: pd.DataFrame
    why: pd.DataFrame
    likeness: Likeness | None
    absent: Mapping[str, str]
    seat: SeatEffect
    forest: Forest | None
    ceiling: Ceiling
    quality: pd.DataFrame
    gates: pd.DataFrame
    mixture: MixtureReport | None
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        varies = "differs" if self.by_item else "does not differ"
        return f"Influencers({self.n_items} items, {self.n_agents} agents: influence {varies})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> tuple[str, ...]:
        """Return what was found in words, a line each."""
        from fjsim.ledger.describing import described

        return described(self)

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table by name; empty ones are left out."""
        found = {"agents": self.agents, "why": self.why, "quality": self.quality}
        if self.likeness is not None:
            found["likeness"] = self.likeness.pairs
        if self.forest is not None:
            found["importances"] = self.forest.importances
        if self.mixture is not None:
            found |= {name: frame for name, frame in vars(self.mixture).items() if name != "gates"}
        found["gates"] = self.gates
        return {name: frame for name, frame in found.items() if len(frame)}

    def as_json(self) -> dict[str, Any]:
        """Return plain values; None where there is no number."""
        kept = ("simulated", "n_items", "n_agents", "model", "by_item", "reason",
                "items_left_out", "shares_left_out")  # fmt: skip
        found: dict[str, Any] = {name: getattr(self, name) for name in kept}
        for name in ("one_law", "top_changes", "stubbornness", "seat", "ceiling"):
            value = getattr(self, name)
            found[name] = None if value is None else asdict(value)
        alike = self.likeness
        found["condition"] = None if alike is None else alike.condition
        if self.forest is not None:
            found["forest"] = {
                "r2": vars(self.forest.r2), "top1": vars(self.forest.top1),
                "chance": self.forest.chance,
            }  # fmt: skip
        else:
            found["forest"] = None
        tables = {name: table.to_dict("records") for name, table in self.frames.items()}
        found |= {"absent": dict(self.absent), "lines": list(self.lines()), "tables": tables}
        return {**plain(found), "warnings": list(self.warnings)}


def influencers(
    source: Transcript | HasArms | ImportedLog | str | Path,
    *,
    model: str = "auto",
    against: Mapping[str, Transcript | HasArms | ImportedLog | str | Path] | None = None,
    personas: Sequence[str] = (),
    seed: int = 0,
) -> Influencers:
    """Ask of a recorded deliberation who becomes an influencer, why, and whether it pays.

    Parameters
    ----------
    source : Run, Transcript, ImportedLog, str or Path
        As for `fjsim.fit`: of a run, the clean arm where there is one.
    model : {'auto', 'item', 'shrunk', 'hierarchical', 'gated'}, default 'auto'
        Fit that the influence of each question comes from; see `fjsim.ledger.gates.item_gates`.
    against : mapping of str to source, optional
        Other runs on the same questions, by name: for example one agent that answers as often as
        the team does (self-consistency), or agents that hear nobody (self-reflection).
    personas : sequence of str, optional
        Persona of each seat; default those of the run's scenario.
    seed : int, default 0
        Seed of everything drawn.

    Returns
    -------
    Influencers

    Raises
    ------
    ConfigError
        If the source is none of these.
    ParameterError
        If seats have no identity, there are fewer than two agents, or nothing can be fitted.

    Examples
    --------
    >>> import fjsim  # doctest: +SKIP
    >>> print(fjsim.influencers(run))  # doctest: +SKIP
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    transcript, notes = recorded(source)
    used = treated(transcript)
    if used.n_agents < 2:
        raise ParameterError("one agent influences nobody; give a log of two agents or more")
    beside = {name: recorded(run)[0] for name, run in (against or {}).items()}
    known = _personas(source, personas)
    # Its matrices are so small that threads wait for each other longer than they compute.
    with threadpool_limits(1, user_api="blas"):
        return _found(used, model, beside, known, notes, seed)


def _found(
    used: Transcript,
    model: str,
    beside: Mapping[str, Transcript],
    personas: tuple[str, ...],
    notes: tuple[str, ...],
    seed: int,
) -> Influencers:
    """Analyse a deliberation without control items."""
    gates = item_gates(used, model, seed)
    question = question_index(used.question_ids)
    whole, parts = _left_out(gates)
    changes, correlation = _beside_one_law(used, gates, seed)
    proxies = observable_proxies(used).without(gates.features, "the gates are made of it")
    explained = _Explained.of(used, gates, proxies, question, seed)
    return Influencers(
        simulated=used.simulated,
        n_items=used.n_items,
        n_agents=used.n_agents,
        model=gates.model,
        by_item=gates.by_item,
        reason=gates.reason,
        one_law=gates.one_law,
        items_left_out=whole,
        shares_left_out=parts,
        top_changes=changes,
        stubbornness=correlation,
        agents=_agents(used, gates, personas, question, seed),
        why=explained.why,
        likeness=explained.likeness,
        absent=proxies.absent,
        seat=seat_effect(gates, seed),
        forest=explained.forest,
        ceiling=explained.ceiling,
        quality=fit_quality(used, gates, seed),
        gates=_gate_frame(used, gates),
        mixture=_mixture(used, gates, beside, seed),
        warnings=notes,
    )


def _left_out(gates: ItemGates) -> tuple[int, int]:
    """Count the items that say nothing, and single shares beside them."""
    used = compared(gates)
    silent = ~used.any(axis=1)
    return int(silent.sum()), int((~used[~silent]).sum())


@dataclass(frozen=True)
class _Explained:
    why: pd.DataFrame
    likeness: Likeness | None
    forest: Forest | None
    ceiling: Ceiling

    @classmethod
    def of(
        cls, used: Transcript, gates: ItemGates, proxies: Proxies, question: NDArray[np.int64],
        seed: int,
    ) -> _Explained:  # fmt: skip
        """Explain gates that differ by item; else say nothing."""
        none = Ceiling(*[float("nan")] * 4)
        known = compared(gates)
        if not (gates.by_item and known.any() and proxies.names) or question.max() < 2:
            return cls(pd.DataFrame(columns=list(COLUMNS)), None, None, none)
        draws = question_draws(question, seed)
        fold = folds(used, seed)
        return cls(
            explain(gates, proxies, question, seed),
            likeness(gates, proxies),
            forest(gates.shares, known, proxies, question, fold, draws, seed),
            noise_ceiling(gates, known, used.n_rounds, draws),
        )


def _beside_one_law(
    used: Transcript, gates: ItemGates, seed: int
) -> tuple[Beside | None, Beside | None]:
    """Return how top seats change and follow stubbornness, beside one law."""
    if gates.one_law is None or used.n_items < 2 or used.n_rounds < 2:
        return None, None
    try:
        found = shared_null(used, n_draws=N_DRAWS, seed=seed)
    except ParameterError:
        return None, None
    return found.changes, found.correlation


def _mixture(
    used: Transcript, gates: ItemGates, beside: Mapping[str, Transcript], seed: int
) -> MixtureReport | None:
    if used.opinions or not (used.keys >= 0).any():
        return None
    try:
        return mixture_ledger(used, gates=gates, against=beside, seed=seed)
    except ParameterError:
        if beside:
            raise
        return None


def _personas(source: object, given: Sequence[str]) -> tuple[str, ...]:
    """Return who sits where, where the source is a run that says so."""
    if given:
        return tuple(given)
    try:
        scenario = getattr(source, "scenario", None)
    except StorageError:
        return ()
    if scenario is None:
        return ()
    return tuple(str(block.as_dict().get("persona", "")) for block in scenario.seats)


def _agents(
    used: Transcript,
    gates: ItemGates,
    personas: tuple[str, ...],
    question: NDArray[np.int64],
    seed: int,
) -> pd.DataFrame:
    """Return who is how influential, how often at the top, and how often right there."""
    draws = question_draws(question, seed)
    known, whole = compared(gates), gates.whole
    top = gates.shares.argmax(axis=1)
    right = (top_option(used.innate) == used.keys[:, None]) & (used.keys >= 0)[:, None]
    rows = []
    for agent in range(used.n_agents):
        share = interval(gates.shares[:, agent], draws, known[:, agent].astype(float))
        if not gates.by_item and gates.fit.intervals is not None:
            low, high = gates.fit.intervals.influence_shares[:, agent].tolist()
            share = Interval(float(gates.shares[0, agent]), low, high)
        first = whole & (top == agent)
        judged = first & (used.keys >= 0)
        rows.append(
            {
                "agent": used.agents[agent] if used.agents else str(agent),
                "persona": personas[agent] if agent < len(personas) else "",
                "share": share.value,
                "low": share.low,
                "high": share.high,
                "top": float(first.sum() / whole.sum()) if whole.any() else float("nan"),
                "right_when_top": float(right[judged, agent].mean())
                if judged.any()
                else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def _gate_frame(used: Transcript, gates: ItemGates) -> pd.DataFrame:
    names = used.agents or tuple(map(str, range(used.n_agents)))
    return pd.DataFrame(
        {
            "item": np.repeat(np.arange(used.n_items), used.n_agents),
            "question": np.repeat(used.question_ids, used.n_agents),
            "replica": np.repeat(used.replicas, used.n_agents),
            "agent": np.tile(names, used.n_items),
            "influence": gates.shares.ravel(),
            "determined": compared(gates).ravel(),
        }
    )
