"""Which proxies cannot be told apart: within a question they are nearly one column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from fjsim.ledger.explaining import SAME_PROXY, Layout
from fjsim.ledger.gates import ItemGates
from fjsim.ledger.proxies import Proxies

COLUMNS = ("proxy", "other", "correlation")


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike proxies are within items.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``proxy``, ``other`` and their ``correlation`` within items, in [-1, 1]; most alike first.
    condition : float
        Condition number of all proxies, each scaled to one standard deviation, >= 1: an error of
        a share along the columns that differ least grows by as much in the joint regression. 1
        where they have nothing in common; infinite where one is a sum of others.
    """

    pairs: pd.DataFrame
    condition: float

    @property
    def groups(self) -> tuple[tuple[tuple[str, ...], float], ...]:
        """Proxies that cannot be told apart, group by group, with their least correlation."""
        found: list[set[str]] = []
        close = self.pairs[self.pairs["correlation"].abs() > SAME_PROXY]
        for one, other in zip(close["proxy"], close["other"], strict=True):
            met = [group for group in found if one in group or other in group]
            found = [group for group in found if group not in met]
            found.append({one, other}.union(*met))
        return tuple((self._ordered(group), self._least(group)) for group in found)

    def _ordered(self, group: set[str]) -> tuple[str, ...]:
        names = dict.fromkeys([*self.pairs.sort_index()["proxy"], *self.pairs["other"]])
        return tuple(name for name in names if name in group)

    def _least(self, group: set[str]) -> float:
        inside = self.pairs["proxy"].isin(group) & self.pairs["other"].isin(group)
        return float(self.pairs.loc[inside, "correlation"].abs().min())


def likeness(gates: ItemGates, proxies: Proxies) -> Likeness:
    """Return how alike proxies are within items and beyond the seat.

    Parameters
    ----------
    gates : ItemGates
        Say which entries are compared.
    proxies : Proxies

    Returns
    -------
    Likeness
        Proxies that do not vary within items are left out.
    """
    laid = Layout.of(gates, proxies)
    flat = laid.columns.reshape(-1, laid.size)
    size = np.sqrt((flat**2).sum(axis=0))
    varied = np.flatnonzero(size > 0)
    if len(varied) < 2:
        return Likeness(pd.DataFrame(columns=list(COLUMNS)), float(min(len(varied), 1)) or np.nan)
    scaled = flat[:, varied] / size[varied]
    alike = scaled.T @ scaled
    names = [proxies.names[at] for at in varied]
    rows = [
        (names[one], names[other], float(alike[one, other]))
        for one, other in combinations(range(len(names)), 2)
    ]
    pairs = pd.DataFrame(rows, columns=list(COLUMNS))
    order = pairs["correlation"].abs().sort_values(ascending=False, kind="stable").index
    least, *_, most = np.linalg.eigvalsh(alike)
    condition = float(np.sqrt(most / least)) if least > 1e-12 else float("inf")
    return Likeness(pairs.loc[order], condition)
