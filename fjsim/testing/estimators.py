"""What an estimator has to keep."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from fjsim.beliefs import Array
from fjsim.records import Transcript
from fjsim.testing.subject import Subject, require

N_ITEMS, N_ROUNDS, N_AGENTS, N_OPTIONS = 12, 4, 4, 3
AT = 2
"""Round after which the future is changed."""


@cache
def _deliberation() -> Transcript:
    """Return a synchronous deliberation of a complete graph, with one turn missing."""
    rng = np.random.default_rng(11)
    beliefs = np.empty((N_ITEMS, N_ROUNDS + 1, N_AGENTS, N_OPTIONS))
    beliefs[:, 0] = rng.dirichlet(np.full(N_OPTIONS, 0.5), (N_ITEMS, N_AGENTS))
    influence = (np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)) / (N_AGENTS - 1)
    for number in range(N_ROUNDS):
        now = beliefs[:, number]
        beliefs[:, number + 1] = 0.3 * beliefs[:, 0] + 0.2 * now + 0.5 * influence @ now
        noise = rng.dirichlet(np.ones(N_OPTIONS), (N_ITEMS, N_AGENTS))
        beliefs[:, number + 1] = 0.95 * beliefs[:, number + 1] + 0.05 * noise
    validity = np.zeros(beliefs.shape[:-1], dtype=np.int64)
    validity[3, 3, 1] = 3
    return _transcript(beliefs, validity)


def _transcript(beliefs: Array, validity: np.ndarray) -> Transcript:
    missing = validity == 3
    beliefs = np.where(missing[..., None], np.nan, beliefs)
    heard = np.full((*validity.shape, N_AGENTS), -1)
    heard[:] = np.arange(N_ROUNDS + 1)[:, None, None] - 1
    heard[:, :, np.arange(N_AGENTS), np.arange(N_AGENTS)] = -1
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(N_ITEMS)),
        replicas=np.zeros(N_ITEMS, dtype=np.int64),
        keys=np.zeros(N_ITEMS, dtype=np.int64),
        beliefs=beliefs,
        answers=np.where(missing, -1, np.nan_to_num(beliefs).argmax(axis=-1)),
        validity=validity,
        heard_round=heard,
        gates=np.ones((*validity.shape, N_AGENTS)),
    )


def _other_future(transcript: Transcript) -> Transcript:
    """Return the same up to a round, and something else after it."""
    beliefs = transcript.beliefs.copy()
    beliefs[:, AT + 1 :] = np.roll(beliefs[:, AT + 1 :], 1, axis=-1)
    return replace(transcript, beliefs=beliefs)


def fit_learns_and_returns_itself(subject: Subject) -> None:
    """``fit`` returns the estimator and leaves the transcript as it was."""
    before = _deliberation().beliefs.copy()
    estimator = subject.again()
    fitted = estimator.fit(_deliberation())
    require(fitted is estimator, f"{subject.name}: fit does not return the estimator itself")
    same = np.array_equal(before, _deliberation().beliefs, equal_nan=True)
    require(same, f"{subject.name}: fit changes the transcript that it is given")


def predictions_are_beliefs(subject: Subject) -> None:
    """Each prediction of a recorded turn is a distribution; those of `predict` and `rollout`."""
    estimator, transcript = subject.again().fit(_deliberation()), _deliberation()
    for name in ("predict", "rollout"):
        made = np.asarray(getattr(estimator, name)(transcript))
        require(
            made.shape == transcript.beliefs.shape,
            f"{subject.name}: {name} has shape {made.shape}, beliefs {transcript.beliefs.shape}",
        )
        known = made[~np.isnan(made).any(axis=-1)]
        proper = (known > -1e-9).all() and np.allclose(known.sum(axis=-1), 1, atol=1e-6)
        require(len(known) and proper, f"{subject.name}: {name} gives what is no distribution")


def the_same_data_gives_the_same_fit(subject: Subject) -> None:
    """A fit is repeatable: chance comes from a seed among its parameters."""
    first, again = (
        np.asarray(subject.again().fit(_deliberation()).predict(_deliberation())) for _ in range(2)
    )
    same = np.array_equal(first, again, equal_nan=True)
    require(same, f"{subject.name}: fitted twice on one transcript, it predicts two things")


def the_future_is_not_read(subject: Subject) -> None:
    """What happens after a round changes no prediction of it, nor a roll-out from before it."""
    estimator = subject.again().fit(_deliberation())
    known, other = _deliberation(), _other_future(_deliberation())
    one_step = [np.asarray(estimator.predict(given))[:, : AT + 2] for given in (known, other)]
    rolled = [np.asarray(estimator.rollout(given, AT)) for given in (known, other)]
    for name, (first, second) in (("predict", one_step), ("rollout", rolled)):
        same = np.allclose(first, second, equal_nan=True)
        require(same, f"{subject.name}: {name} looks at rounds that it has to predict")


LAWS = (
    fit_learns_and_returns_itself,
    predictions_are_beliefs,
    the_same_data_gives_the_same_fit,
    the_future_is_not_read,
)
