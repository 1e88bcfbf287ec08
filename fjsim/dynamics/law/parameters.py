"""The parameters of the Friedkin-Johnsen law, checked once so that nobody else has to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.dynamics.law.graphs import influence_matrix
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    import networkx as nx
    from scipy import sparse

Flags = NDArray[np.bool_]

ROW_SUM_TOLERANCE = 1e-6
"""A row of influence that misses 1 by no more than this is normalised, not refused."""


@dataclass(frozen=True, init=False, eq=False)
class FJParameters:
    r"""Stubbornness, self-weight and influence of a group of agents.

    Parameters
    ----------
    stubbornness : float or array-like of shape (..., n_agents)
        Weight on the innate belief in every round, in [0, 1]. A scalar holds for everybody.
    self_weight : float or array-like of shape (..., n_agents), default 0.0
        Share of the remaining weight kept on one's own last belief, in [0, 1].
        Not to be confused with stubbornness, which pulls to the *innate* belief.
    influence : array-like of shape (..., n_agents, n_agents), scipy.sparse or networkx graph
        ``influence[listener, speaker]``; >= 0, rows sum to 1 (within 1e-6, then normalised), or
        are zero where the listener has no speaker. A diagonal entry acts as more self-weight.
        For a graph see `fjsim.dynamics.influence_matrix`. Sparse input is one matrix, no batch.

    Attributes
    ----------
    stubbornness, self_weight : ndarray of shape (..., n_agents)
        Read-only.
    influence : ndarray of shape (..., n_agents, n_agents) or scipy.sparse.csr_array
        Read-only by convention.

    Raises
    ------
    ParameterError
        If a number is NaN, negative, above 1, a row does not sum to 1, there is no agent, or the
        shapes do not fit together.

    Notes
    -----
    Leading axes are batches and broadcast as in numpy. With :math:`\gamma` the stubbornness,
    :math:`\alpha` the self-weight and :math:`W` the influence [1]_,

    .. math:: b_i(t+1) = \gamma_i s_i
              + (1-\gamma_i)[\alpha_i b_i(t) + (1-\alpha_i) \sum_j w_{ij} b_j(t)].

    An agent that hears nobody puts its peer share on its own last belief.

    References
    ----------
    .. [1] N. E. Friedkin and E. C. Johnsen, "Social influence and opinions", Journal of
       Mathematical Sociology 15 (1990) 193-206, doi:10.1080/0022250X.1990.9990069.

    Examples
    --------
    >>> p = FJParameters(stubbornness=0.1, self_weight=0.3, influence=[[0, 1], [1, 0]])
    >>> p.n_agents, p.resistance.round(3).tolist()
    (2, [0.159, 0.159])
    """

    stubbornness: Array
    self_weight: Array
    influence: Array | sparse.csr_array

    def __init__(
        self,
        stubbornness: ArrayLike,
        self_weight: ArrayLike = 0.0,
        *,
        influence: ArrayLike | sparse.sparray | sparse.spmatrix | nx.Graph[Any],
    ) -> None:
        """Check the numbers and bring them to a common number of agents."""
        heard = _as_influence(influence)
        n_agents = heard.shape[-1]
        object.__setattr__(self, "influence", heard)
        for name, given in (("stubbornness", stubbornness), ("self_weight", self_weight)):
            object.__setattr__(self, name, _as_weights(name, given, n_agents))
        try:
            _ = self.batch_shape
        except ValueError as error:
            raise ParameterError(
                "the leading axes do not fit together: stubbornness "
                f"{self.stubbornness.shape}, self_weight {self.self_weight.shape}, "
                f"influence {heard.shape}; they must broadcast up to the agents' axes"
            ) from error

    @property
    def n_agents(self) -> int:
        """How many agents there are."""
        return int(self.influence.shape[-1])

    @cached_property
    def own_share(self) -> Array:
        """Diagonal of influence, shape (..., n_agents): the share heard from oneself."""
        if is_sparse(self.influence):
            return np.asarray(self.influence.diagonal(), dtype=float)
        # A copy: through a view every later look at it would read the whole matrix again.
        return np.diagonal(self.influence, axis1=-2, axis2=-1).copy()

    @cached_property
    def hears_nobody(self) -> Flags:
        """Who has no speaker but itself, shape (..., n_agents)."""
        if is_sparse(self.influence):
            total = np.asarray(self.influence.sum(axis=1), dtype=float).ravel()
        else:
            total = np.asarray(self.influence.sum(axis=-1))
        return np.asarray((total == 0) | (self.own_share >= 1 - 1e-15), dtype=bool)

    @cached_property
    def effective_stubbornness(self) -> Array:
        r"""Weight on the innate belief at equilibrium, shape (..., n_agents).

        Notes
        -----
        :math:`e_i = \gamma_i / (\gamma_i + (1-\gamma_i)(1-\alpha_i)(1-w_{ii}))`, and 1 for who
        hears nobody. 0 where nothing decides (stubbornness 0 and self-weight 1).
        """
        yielded = (1 - self.stubbornness) * (1 - self.self_weight) * (1 - self.own_share)
        total = self.stubbornness + yielded
        anchored = np.broadcast_to(self.stubbornness, total.shape)
        effective = np.divide(anchored, total, out=np.zeros_like(total), where=total > 0)
        return np.where(self.hears_nobody, 1.0, effective)

    @cached_property
    def resistance(self) -> Array:
        r"""Odds of the innate belief against the peers, shape (..., n_agents); may be infinite.

        Notes
        -----
        :math:`\kappa_i = e_i / (1 - e_i)`. Security at equilibrium depends on it alone; the
        self-weight sets the speed.
        """
        yielded = (1 - self.stubbornness) * (1 - self.self_weight) * (1 - self.own_share)
        yielded = np.where(self.hears_nobody, 0.0, yielded)
        anchored = np.where(self.hears_nobody, 1.0, self.stubbornness)
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = anchored / yielded
        return np.where(np.isnan(odds), 0.0, odds)

    @cached_property
    def batch_shape(self) -> tuple[int, ...]:
        """The leading axes over which settings vary; ``()`` for a single setting."""
        return np.broadcast_shapes(
            self.stubbornness.shape[:-1], self.self_weight.shape[:-1], self.influence.shape[:-2]
        )

    @cached_property
    def kept_share(self) -> Array:
        """Weight of the own last belief in the next one, shape (..., n_agents)."""
        own = np.where(self.hears_nobody, 1.0, self.self_weight)
        return np.ascontiguousarray((1 - self.stubbornness) * own)

    @cached_property
    def heard_share(self) -> Array:
        """Weight of what is heard in the next belief, 0 for who hears nobody."""
        yielded = (1 - self.stubbornness) * (1 - self.self_weight)
        return np.ascontiguousarray(np.where(self.hears_nobody, 0.0, yielded))

    def dense_influence(self) -> Array:
        """Return influence as a dense array of shape (..., n_agents, n_agents)."""
        if is_sparse(self.influence):
            return np.asarray(self.influence.toarray(), dtype=float)
        return self.influence

    def update_matrix(self) -> Array:
        r"""Return the matrix that carries one round's beliefs to the next, without the anchor.

        Returns
        -------
        ndarray of shape (..., n_agents, n_agents)

        Notes
        -----
        :math:`H = (I-\Gamma)(A + (I-A)W)`, with the identity's row for who hears nobody.
        """
        identity = np.eye(self.n_agents)
        heard = np.where(self.hears_nobody[..., None], identity, self.dense_influence())
        own = self.self_weight[..., None]
        return np.asarray((1 - self.stubbornness[..., None]) * (own * identity + (1 - own) * heard))


def _as_weights(name: str, given: ArrayLike, n_agents: int) -> Array:
    """Check a weight per agent and bring it to shape (..., n_agents)."""
    values = _as_numbers(name, given)
    if values.ndim and values.shape[-1] not in (1, n_agents):
        raise ParameterError(
            f"{name} has {values.shape[-1]} entries for {n_agents} agents; give one number, or "
            "one per agent in the last axis"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise ParameterError(f"{name} must lie in [0, 1] and not be NaN; got {_worst(values)}")
    shape = (*values.shape[:-1], n_agents) if values.ndim else (n_agents,)
    return np.broadcast_to(values, shape)


def _worst(values: Array) -> float:
    """Return the first entry that is not in [0, 1]."""
    return float(values[~((values >= 0) & (values <= 1))].flat[0])


def _as_numbers(name: str, given: ArrayLike) -> Array:
    """Read numbers, or say that these are none."""
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} must be numbers; got {type(given).__name__}") from error


def _as_influence(
    given: Any,
) -> Array | sparse.csr_array:
    """Check influence and bring it to a dense array or a csr array."""
    if hasattr(given, "number_of_nodes"):
        return influence_matrix(given)
    if is_sparse(given):
        return _as_sparse_influence(given)
    dense = _as_numbers("influence", given)
    _require_square(dense.shape)
    _require_weights(dense)
    total = dense.sum(axis=-1)
    _require_row_sums(total)
    if np.abs(np.where(total > 0, total, 1.0) - 1).max(initial=0) > 1e-13:
        dense = dense / np.where(total > 0, total, 1.0)[..., None]
    return dense


def _as_sparse_influence(given: Any) -> sparse.csr_array:
    """Check a sparse influence; copies only what has to change."""
    from scipy import sparse

    heard = sparse.csr_array(given)
    _require_square(heard.shape)
    if heard.dtype != np.float64:
        heard = heard.astype(float)
    if not heard.has_canonical_format:
        heard = heard.copy()
        heard.sum_duplicates()
    _require_weights(heard.data)
    total = np.asarray(heard.sum(axis=1), dtype=float).ravel()
    _require_row_sums(total)
    if np.abs(np.where(total > 0, total, 1.0) - 1).max(initial=0) > 1e-13:
        scale = 1 / np.where(total > 0, total, 1.0)
        data = heard.data * np.repeat(scale, np.diff(heard.indptr))
        heard = sparse.csr_array((data, heard.indices, heard.indptr), shape=heard.shape)
    return heard


def _require_square(shape: tuple[int, ...]) -> None:
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ParameterError(
            f"influence must be square, (n_agents, n_agents) in its last two axes; got {shape}"
        )
    if 0 in shape:
        raise ParameterError(f"there is no agent: influence has shape {shape}")


def _require_weights(values: Array) -> None:
    if not np.isfinite(values).all():
        raise ParameterError("influence holds NaN or infinity; every entry must be a number >= 0")
    if values.size and values.min() < 0:
        raise ParameterError(f"influence must be >= 0; got {values.min():g}")


def _require_row_sums(total: Array) -> None:
    wrong = (np.abs(total - 1) > ROW_SUM_TOLERANCE) & (total != 0)
    if wrong.any():
        where = tuple(int(axis) for axis in np.argwhere(wrong)[0])
        raise ParameterError(
            f"row {where[-1] if len(where) == 1 else where} of influence sums to "
            f"{total[where]:.6g}; every listener's row must sum to 1, or be zero where it hears "
            "nobody. Divide each row by its sum"
        )
