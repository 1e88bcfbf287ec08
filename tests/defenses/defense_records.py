"""Records of made-up deliberations for the defenses' tests."""

import numpy as np

from fjsim.contracts import Record

COMPLETE = (np.ones((6, 6)) - np.eye(6)) / 5


def random_record(seed=0, n_agents=6, n_options=4, n_rounds=3, influence=None):
    """Return a record of random beliefs; the accepted ones are the stated ones."""
    rng = np.random.default_rng(seed)
    stated = rng.dirichlet(np.ones(n_options), size=(n_rounds + 1, n_agents))
    if influence is None:
        influence = np.where(np.eye(n_agents) > 0, 0.0, rng.random((n_agents, n_agents)))
        influence *= rng.random((n_agents, n_agents)) < 0.7
        influence /= np.maximum(influence.sum(axis=1, keepdims=True), 1e-12)
    return Record(
        "q", influence, stated, stated.copy(), stated.argmax(axis=-1), stated.max(axis=-1)
    )


def voted(votes, n_options=4, certainty=0.7, influence=COMPLETE):
    """Return a record of round 0 alone, in which every seat favours one option."""
    votes = np.asarray(votes)
    sure = np.broadcast_to(np.asarray(certainty, dtype=float), votes.shape).copy()
    rest = (1 - sure) / (n_options - 1)
    at_vote = votes[:, None] == np.arange(n_options)
    stated = np.where(at_vote, sure[:, None], rest[:, None])[None]
    return Record("q", influence, stated, stated.copy(), votes[None], sure[None])


def then(record, votes, certainty=0.7):
    """Return the record with one more round, in which every seat favours an option."""
    last = voted(votes, record.stated.shape[-1], certainty, record.influence)
    parts = {
        name: np.concatenate([getattr(record, name), getattr(last, name)])
        for name in ("stated", "accepted", "answers", "confidence")
    }
    return Record(record.question_id, record.influence, **parts)


def permuted(record, order):
    """Return the record with the seats in another order."""
    return Record(
        record.question_id,
        record.influence[np.ix_(order, order)],
        record.stated[:, order],
        record.accepted[:, order],
        record.answers[:, order],
        record.confidence[:, order],
    )


def stacked(records):
    """Return one record with a batch axis after the rounds."""
    return Record(
        "q",
        np.stack([record.influence for record in records]),
        *(
            np.stack([getattr(record, name) for record in records], axis=1)
            for name in ("stated", "accepted", "answers", "confidence")
        ),
    )
