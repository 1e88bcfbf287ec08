"""From the log-probabilities of one token to a belief over the options that its labels stand for.

A tokenizer spells one label in several ways: ``A``, `` A``, ``(A``, ``A)``. All of them are added
up. A server names a few alternatives only; what it may hide on a label that it does not name is
bounded, and a belief that this bound leaves open is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Reply, Statement
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import UnreadableReplyError
from fjsim.errors import BackendRefusedError

BEFORE = "▁Ġ \t\r\n\"'`*([{<"
AFTER = " \t\r\n\"'`*)]}>.,:;"
"""What a tokenizer glues to a label without changing what it says."""

HIDDEN_SHARE = 0.02
"""Most of a belief that labels without a log-probability may hold, and it still counts."""

SHOWN_TOKENS = 5
LONGEST_TOKEN = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """What one reply shows of the labels.

    Parameters
    ----------
    masses : tuple of float
        Probability of each label, in the order shown; 0 where the server does not name it.
    hidden : tuple of float
        The most that each label may hold beyond that, in the same order; 0 where it is named.
    """

    masses: tuple[float, ...]
    hidden: tuple[float, ...]

    @property
    def mass(self) -> float:
        """Probability on labels at all, in [0, 1]."""
        return min(math.fsum(self.masses), 1.0)


def label_of(token: str, labels: str) -> str:
    """Return the label that a token spells; empty where it spells none.

    Parameters
    ----------
    token : str
        As the server writes it; untrusted.
    labels : str
        One character each.

    Examples
    --------
    >>> [label_of(token, "AB") for token in (" A", "(B", "A)", "Ah", "a")]
    ['A', 'B', 'A', '', '']
    """
    bare = token.lstrip(BEFORE).rstrip(AFTER)
    return bare if len(bare) == 1 and bare in labels else ""


def labelled(logprobs: Mapping[str, float], labels: str) -> Labelled:
    """Read what a reply's alternatives put on the labels.

    Parameters
    ----------
    logprobs : mapping of str to float
        Natural logarithms by token; a few of the likeliest, or all.
    labels : str
        One character each, in the order shown.

    Raises
    ------
    UnreadableReplyError
        If no label is among them.
    """
    shares = {token: math.exp(min(value, 0.0)) for token, value in logprobs.items()}
    masses = dict.fromkeys(labels, 0.0)
    for token, share in shares.items():
        if label := label_of(token, labels):
            masses[label] += share
    if not sum(masses.values()) > 0:
        raise UnreadableReplyError(
            f"no label of an option is among the likely tokens: {_listed(shares)}"
        )
    unnamed = [label for label in labels if not masses[label] > 0]
    # A token that is not named is no likelier than any that is.
    left = max(0.0, 1.0 - math.fsum(shares.values()))
    most = min(min(shares.values()), left / len(unnamed)) if unnamed else 0.0
    hidden = tuple(most if label in unnamed else 0.0 for label in labels)
    return Labelled(tuple(masses.values()), hidden)


def pooled(given: Sequence[Array], hidden: Sequence[Array]) -> tuple[Array, float]:
    """Return one belief of several orders of the options, and the share that is hidden from it.

    Parameters
    ----------
    given, hidden : sequence of ndarray of shape (n_options,)
        Masses of each order, and the most that may be hidden, by option.

    Returns
    -------
    ndarray of shape (n_options,)
        Their geometric mean, normalised: a bias to a position that adds to the logarithms is the
        same for every option once each option stood in each place, and drops out.
    float
        The most that options may hold that some order does not name, in [0, 1].

    Raises
    ------
    UnreadableReplyError
        If no option is named in every order.
    """
    named = np.all([masses > 0 for masses in given], axis=0)
    if not named.any():
        raise UnreadableReplyError("no option has a log-probability in every order")
    with np.errstate(divide="ignore"):
        logs = np.mean([np.log(m + h) for m, h in zip(given, hidden, strict=True)], axis=0)
    most = np.exp(logs - logs[named].max())
    belief = np.where(named, most, 0.0)
    return belief / belief.sum(), float(most[~named].sum() / most.sum())


def shown_labels(reply: Reply, question_view: QuestionView) -> Labelled:
    """Return what a reply's log-probabilities put on the labels.

    Raises
    ------
    BackendRefusedError
        If the server sent none.
    UnreadableReplyError
        If no label is among them.
    """
    if reply.logprobs is None:
        raise BackendRefusedError(
            "the server returned no log-probabilities; use elicitation.channel stated or frequency "
            "(`fjsim doctor --base-url URL` says what a server gives)"
        )
    return labelled(reply.logprobs, question_view.letters)


def weighed(statement: Statement, found: Sequence[tuple[Labelled, QuestionView]]) -> Statement:
    """Return a statement with the belief that the labels show.

    Parameters
    ----------
    statement : Statement
    found : sequence of (Labelled, QuestionView)
        One per order of the options.

    Raises
    ------
    UnreadableReplyError
        If labels without a log-probability leave the belief open.
    """
    given = [view.canonical(one.masses) for one, view in found]
    hidden = [view.canonical(one.hidden) for one, view in found]
    belief, share = pooled(given, hidden)
    mass = sum(one.mass for one, _ in found) / len(found)
    n_unnamed = int(np.any([masses == 0 for masses in given], axis=0).sum())
    _refuse_hidden(share, mass, n_unnamed)
    note = _note_on_hidden(share, mass, n_unnamed)
    return replace(statement, belief=belief, mass=mass, problem=note)


def _refuse_hidden(share: float, mass: float, n_unnamed: int) -> None:
    """Refuse a belief of which too much may stand on labels that are not named."""
    if share > HIDDEN_SHARE:
        raise UnreadableReplyError(
            f"{_unnamed(n_unnamed)} and may hold {share:.0%} of the belief; "
            f"mass on labels {mass:.3g}"
        )


def _note_on_hidden(share: float, mass: float, n_unnamed: int) -> str:
    """Say what of a belief that counts is not known; empty where all of it is."""
    if not n_unnamed:
        return ""
    most = f"{share:.2g}" if share >= 1e-6 else "a millionth"
    return f"{_unnamed(n_unnamed)} and stand at 0, at most {most} off; mass on labels {mass:.3g}"


def _unnamed(n_unnamed: int) -> str:
    options = "1 option has" if n_unnamed == 1 else f"{n_unnamed} options have"
    return f"{options} no log-probability"


def _listed(shares: Mapping[str, float]) -> str:
    ranked = sorted(shares.items(), key=lambda item: -item[1])[:SHOWN_TOKENS]
    return ", ".join(f"{token[:LONGEST_TOKEN]!r} {share:.2g}" for token, share in ranked) or "none"
