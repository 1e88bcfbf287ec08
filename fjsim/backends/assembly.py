"""From a scenario's backend block to a backend with its wrappers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fjsim.contracts import Backend
from fjsim.questions import Question
from fjsim.registry import build

if TYPE_CHECKING:
    from fjsim.backends.wrappers.budget import Ledger
    from fjsim.backends.wrappers.prices import PriceList


def raw_backend(block: str | Mapping[str, Any], questions: Sequence[Question] = ()) -> Backend:
    """Make a backend without wrappers.

    Parameters
    ----------
    block : str or mapping
        ``{"kind": name, parameter: value, ...}``.
    questions : sequence of Question
        For backends that look questions up: the simulated one.

    Raises
    ------
    ConfigError
        If the block is wrong.
    """
    backend: Backend = build("backend", block)
    if backend.truth is not None:
        backend.truth.learn(questions)
    return backend


def make_backend(
    block: str | Mapping[str, Any],
    *,
    questions: Sequence[Question] = (),
    cache: bool = True,
    cache_path: Path | None = None,
    ledger: Ledger | None = None,
    prices: PriceList | None = None,
) -> Backend:
    """Make a backend with everything around it that a run needs.

    Parameters
    ----------
    block : str or mapping
        ``{"kind": name, parameter: value, ...}``.
    questions : sequence of Question
        For backends that look questions up: the simulated one.
    cache : bool
        Whether replies had before are used again; never for a simulated backend, nor for one
        whose class says no identity of its own.
    cache_path : Path, optional
        The cache's database; by default the one shared by all runs of this user.
    ledger : Ledger, optional
        What the run spends and may spend; the same one for all its backends.
    prices : PriceList, optional
        Needed where the ledger caps the cost.

    Returns
    -------
    Backend
        From the outside in: cache, retry with its concurrency limit, budget, the backend.

    Raises
    ------
    ConfigError
        If the block is wrong, or the price of its model is missing.
    """
    backend = raw_backend(block, questions)
    model = str(getattr(backend, "model", ""))
    if ledger is not None and (ledger.is_capped or not backend.simulated):
        from fjsim.backends.wrappers.budget import BudgetBackend

        price = prices.of(model) if prices is not None and not backend.simulated else None
        backend = BudgetBackend(backend, ledger, price)
    if backend.pace is not None:
        from fjsim.backends.wrappers.retry import RetryBackend

        backend = RetryBackend(backend, backend.pace)
    if cache and not backend.simulated:
        from fjsim.backends.wrappers.cache import CachedBackend, source_of

        source = source_of(backend)
        backend = CachedBackend(backend, cache_path, source) if source else backend
    return backend
