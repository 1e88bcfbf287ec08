"""What a run asked for and took, over all sessions of its folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from fjsim.backends.wrappers.budget import Spend
from fjsim.backends.wrappers.prices import load_prices
from fjsim.contracts import Usage
from fjsim.deliberation import shown_key
from fjsim.metrics import Spending
from fjsim.records import (
    CASTING_SEAT,
    Account,
    LogContents,
    SpendingFile,
    SpendingLog,
    read_spending,
)
from fjsim.registry import build
from fjsim.runs.resolve import Setup
from fjsim.scenario import Block


def spend(spending: Spending) -> Spend:
    """Return what budgets count of what a run took.

    Parameters
    ----------
    spending : Spending
        From `totals`.
    """
    return Spend(spending.calls, spending.tokens_in + spending.tokens_out, spending.cost)


def open_spending(folder: Path | None, setup: Setup, contents: LogContents) -> SpendingLog:
    """Return the log of what a run spends.

    Parameters
    ----------
    folder : Path or None
        Folder of the run, locked by this process; None keeps it in memory. A run that asks nobody
        but the embedded model needs no file.
    setup : Setup
        Setup of the run.
    contents : LogContents
        What the event log of a folder without such a log tells instead.

    Raises
    ------
    StorageError
        If it cannot be opened or written.
    """
    if folder is None or is_simulated(setup):
        return SpendingLog()
    return SpendingFile(folder, lambda: _counted_by_turns(setup, contents))


def is_simulated(setup: Setup) -> bool:
    """Say whether no language model takes part in a run."""
    return _embedded_seats(setup) >= set(_asked_seats(setup))


def spent_in(folder: Path, setup: Setup, contents: LogContents) -> Spending:
    """Return what the run of a folder asked for and took; nothing is written.

    Parameters
    ----------
    folder : Path
    setup : Setup
        Setup of the run.
    contents : LogContents
        What its log holds.

    Raises
    ------
    StorageError
        If what it spent cannot be read.
    """
    log = SpendingLog()
    if not is_simulated(setup):
        log = read_spending(folder, lambda: _counted_by_turns(setup, contents))
    return whole_spending(setup, contents, log)


def whole_spending(setup: Setup, contents: LogContents, spending: SpendingLog) -> Spending:
    """Return what a run took, its time and the keys that its policies were shown included.

    Parameters
    ----------
    setup, contents, spending
        As in `totals`.
    """
    return replace(
        totals(setup, contents, spending),
        wall_seconds=contents.elapsed.seconds,
        labels_used=_labels_used(setup),
    )


def _labels_used(setup: Setup) -> int:
    """Return how many keys the policies of one arm were shown."""
    policies = [setup.plugins.router, setup.plugins.defense]
    return sum(
        shown_key(policy, item, setup.scenario.seed) is not None
        for policy in policies
        if policy is not None and policy.memory != "none"
        for item in setup.items
    )


def totals(setup: Setup, contents: LogContents, spending: SpendingLog) -> Spending:
    """Return what a run asked for and took.

    Parameters
    ----------
    setup : Setup
        Setup of the run.
    contents : LogContents
        For what the embedded model was asked, which is not written down, and for what the
        response cache answered.
    spending : SpendingLog
        For all the rest.
    """
    asked, embedded = spending.accounts(), _by_model(contents, _embedded_seats(setup))
    parts = [*asked.values(), *embedded.values()]
    return Spending(
        calls=sum(part.calls for part in parts),
        failed_calls=sum(part.failed_calls for part in parts),
        estimated_calls=sum(part.estimated_calls for part in parts),
        cached_calls=sum(cost.cached_calls for _, cost in contents.costs()),
        tokens_in=sum(part.tokens_in for part in parts),
        tokens_out=sum(part.tokens_out for part in parts),
        tokens_cached=sum(part.tokens_cached for part in parts),
        cost=cost_of(setup.scenario.budget.prices, asked, embedded),
    )


def cost_of(
    source: str | None, asked: Mapping[str, Account], embedded: Mapping[str, Account]
) -> float:
    """Return what models cost by a price file; 0 without one.

    Parameters
    ----------
    source : str or None
        The price file.
    asked : mapping of str to Account
        Served models, by name.
    embedded : mapping of str to Account
        The embedded model, which may stand in the file or not.
    """
    if source is None:
        return 0.0
    prices = load_prices(source)
    total = sum(prices.of(model).cost(account.usage) for model, account in asked.items())
    # The embedded model costs what the user says, which may well be nothing.
    priced = [(prices.prices.get(model), account) for model, account in embedded.items()]
    return total + sum(price.cost(account.usage) for price, account in priced if price is not None)


def _counted_by_turns(setup: Setup, contents: LogContents) -> dict[str, Account]:
    """Return what a run spent by its recorded turns, all that older folders know."""
    embedded = _embedded_seats(setup)
    asked = frozenset((*range(setup.scenario.n_agents), CASTING_SEAT))
    return _by_model(contents, asked - embedded, setup)


def _by_model(
    contents: LogContents, seats: Collection[int], setup: Setup | None = None
) -> dict[str, Account]:
    """Add up what the turns of some seats took, under the models that the scenario names."""
    accounts: dict[str, Account] = {}
    for seat, cost in contents.costs():
        if seat in seats and cost.attempts:
            model = cost.model if setup is None else _model_of(setup, seat)
            account = accounts.setdefault(model, Account())
            account.calls += cost.attempts
            account.failed_calls += cost.attempts - cost.calls
            account.add(Usage(cost.tokens_in, cost.tokens_out, cost.tokens_cached))
    return accounts


def _asked_seats(setup: Setup) -> tuple[int, ...]:
    """Return the seats whose turns ask a model, that of the casting voters included."""
    voters = () if setup.casting_block is None else (CASTING_SEAT,)
    return (*setup.model_seats, *voters)


def _block_of(setup: Setup, seat: int) -> Block:
    if seat == CASTING_SEAT:
        return setup.casting_block or setup.scenario.backend
    return setup.scenario.seats[seat].backend or setup.scenario.backend


def _model_of(setup: Setup, seat: int) -> str:
    return str(_block_of(setup, seat).parameters.get("model", ""))


def _embedded_seats(setup: Setup) -> frozenset[int]:
    """Return the seats that the embedded model plays in this process."""
    seats = _asked_seats(setup)
    blocks = {seat: _block_of(setup, seat).as_dict() for seat in seats}
    names = {seat: json.dumps(block, sort_keys=True) for seat, block in blocks.items()}
    simulated = {names[seat]: build("backend", block).simulated for seat, block in blocks.items()}
    return frozenset(seat for seat in seats if simulated[names[seat]])
