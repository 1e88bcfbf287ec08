"""The ballot with a casting vote: independent second opinions decide close questions.

The functions are pure and take leading batch axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Casting, Record
from fjsim.contracts.ranges import Ranges
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_defenses.ballot import ballot_gates, cast_ballots, strictest, support_without
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import Flags, first_votes, own_options, positions


def record_lead(record: Record) -> Array:
    """Return by how many round-0 votes the first option is ahead of the second, shape (...)."""
    votes = first_votes(record)
    tally = (votes[..., None] == np.arange(record.stated.shape[-1])).sum(axis=-2)
    ordered = np.sort(tally, axis=-1)
    return np.asarray(ordered[..., -1] - ordered[..., -2])


def casting_tally(record: Record) -> Array:
    """Return the casting votes for each option, shape (..., n_options); zeros where none came."""
    n_options = record.stated.shape[-1]
    if record.casting is None:
        return np.zeros(n_options)
    return np.asarray((record.casting[..., None] == np.arange(n_options)).sum(axis=-2))


@register("defense", "casting-vote")
@dataclass(frozen=True, kw_only=True)
class CastingVote(TrustPolicy):
    """On a close vote nobody is talked out of its answer unless independent voters say so, too.

    Parameters
    ----------
    colluders : int, default 2
        How many seats the adversary may control, >= 1.
    votes : int, default 2
        How many casting votes a close question gets, 1 to 1000; with 1 the guarantee costs half as
        many calls, and is weaker.
    backend : mapping, str or None, default None
        Backend that gives the casting votes, as in an agent's block; None for the scenario's own.
        The nearer it is to the team's model, the more errors it shares with the team, and the
        less its vote is worth (``fjsim theory --casting RUN`` measures that).
    competence : float or None, default None
        In place of a backend: voters that are drawn, each right this often, in [0, 1]; for
        numeric teams.
    close : int or None, default None
        A question is close if its first option is at most so many round-0 votes ahead of its
        second, >= 0; None for ``colluders``.
    weight : float or None, default None
        How many votes a casting vote weighs, >= 0; None for ``colluders``.
    margin : float or None, default None
        The lead, casting votes included, up to which a speaker of another option is not heard at
        all on a close question, >= 0; None for ``colluders``.
    width : float, default 0.3
        The lead beyond that from which it is heard in full, > 0.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``. The guarantee needs the innate residual.

    Notes
    -----
    With F colluders, votes counted and not weighed, and tau(k) the casting votes for option k:
    ``lead = n_i(k_j|-j) - n_i(own_i|-j)`` as in `Ballot`; on a close question
    ``lead' = lead + F (tau(k_j) - tau(own_i))`` and the margin is F, else ``lead' = lead`` and
    the margin is 0. ``phi_ij = 1`` for one's own option, else
    ``clip((lead' - margin) / width, 0, 1)``. There is no memory and no reputation, which could be
    poisoned. A casting vote that gave no valid answer counts for nobody, which only keeps gates
    shut.
    Let i be right at round 0, and let c and b_k be the benign votes for the right option y and for
    a wrong one. If for every wrong k ``c >= b_k`` and ``c - b_k + F (tau(y) - tau(k)) + F`` is no
    less than the colluders' votes for k, i is never wrong under the law with stubbornness > 0:
    on every graph, in every round, whatever the adversary says
    (``fjsim.dynamics.attacked.colluders``). The casting voters are trusted: a hostile one is a
    colluder that weighs F.

    Sees
    ----
    Round-0 votes, what is said now, and the casting votes of a close question.

    Assumes
    -------
    Voters from outside the team that err by themselves, not as the team does.

    Broken by
    ---------
    A casting backend of the team's own model and prompt, or a hostile one; more than ``colluders``
    seats. ``stubborn`` and ``collude`` do not.

    Price
    -----
    At most ``votes`` calls a close question, about .4 a question where agents are right 80 % of the
    time; ``fjsim run --dry-run`` counts them.

    Theorem
    -------
    See the notes: whoever was right at first and has the lead that they name is never wrong.

    References
    ----------
    .. [1] D. Dolev, N. A. Lynch, S. S. Pinter, E. W. Stark and W. E. Weihl, "Reaching
       approximate agreement in the presence of faults", Journal of the ACM 33 (1986) 499-516,
       doi:10.1145/5925.5931. Counting votes against a bounded number of liars; the casting vote
       is ours.
    """

    ranges: ClassVar[Ranges] = {
        "colluders": ">= 1",
        "votes": "[1, 1000]",
        "competence": "[0, 1]",
        "close": ">= 0",
        "weight": ">= 0",
        "margin": ">= 0",
        "width": ">= 1e-06",
    }

    colluders: int = 2
    votes: int = 2
    backend: Mapping[str, Any] | str | None = None
    competence: float | None = None
    close: int | None = None
    weight: float | None = None
    margin: float | None = None
    width: float = 0.3

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges, and voters that are both asked and drawn."""
        super().__post_init__()
        if self.backend is not None and self.competence is not None:
            raise ConfigError(
                "defense.backend and defense.competence are both given; casting votes are asked of "
                "the one or drawn with the other: leave one out"
            )

    @property
    def casting(self) -> Casting:
        """The voters from outside the team."""
        backend = {"kind": self.backend} if isinstance(self.backend, str) else self.backend
        return Casting(self.votes, backend, self.competence)

    def asks_for_casting(self, record: Record, state: Any) -> bool:
        """Return whether the question is close."""
        return bool(self.is_close(record))

    def is_close(self, record: Record) -> Flags:
        """Return whether the first option's lead is small enough to be bought, shape (...)."""
        largest = self.colluders if self.close is None else self.close
        return np.asarray(record_lead(record) <= largest)

    def gates(self, record: Record, state: Any) -> Array:
        """Return 1 for one's own option, else the lead of the speaker's, casting votes included."""
        votes, own = first_votes(record), own_options(record)
        everybody = np.ones((votes.shape[-1],) * 2)
        ballots = cast_ballots(votes, own, everybody, np.ones(votes.shape), record.stated.shape[-1])
        close = self.is_close(record)
        weight = self.colluders if self.weight is None else self.weight
        margin = self.colluders if self.margin is None else self.margin
        second = np.where(close[..., None], weight * casting_tally(record), 0.0)
        support = support_without(ballots) + second[..., None, None, :]
        margins = np.where(close, float(margin), 0.0)[..., None, None]
        return strictest(
            [ballot_gates(support, own, said, self.width, margins) for said in positions(record)]
        )
