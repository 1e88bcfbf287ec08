"""The ballot with casting votes: what is proved of it, and what it does to single gates."""

import numpy as np
import pytest
from defense_records import then, voted

from fjsim.contracts import Record
from fjsim.errors import ConfigError
from fjsim_defenses.casting_vote import CastingVote, record_lead
from fjsim_defenses.shared.mixtures import gated_mixture

K = 5
RIGHT, LIE = 0, 1


def cast(record, *options):
    """Return a record with casting votes."""
    return Record(
        record.question_id,
        record.influence,
        record.stated,
        record.accepted,
        record.answers,
        record.confidence,
        casting=np.array(options, dtype=np.int64),
    )


@pytest.mark.parametrize(
    ("votes", "said", "options", "gate"),
    [
        # Four against two: not close enough to be bought, and the lead is real.
        ((0, 0, 0, 0, 0, 1), 0, (), 1.0),
        # Three against three: nobody is talked out of its answer,
        ((0, 0, 0, 1, 1, 1), 0, (-1, -1), 0.0),
        # unless both second opinions say so, too,
        ((0, 0, 0, 1, 1, 1), 0, (0, 0), 1.0),
        # and one of them is no more than the margin takes,
        ((0, 0, 0, 1, 1, 1), 0, (0, 1), 0.0),
        # while second opinions for one's own answer shut it further.
        ((0, 0, 0, 0, 1, 1), 0, (1, 1), 0.0),
    ],
)
def test_second_opinions_decide_a_close_vote(votes, said, options, gate) -> None:
    record = cast(voted(votes, n_options=K), *options)
    gates = CastingVote().gates(then_says(record, said), None)
    listener = len(votes) - 1
    assert gates[listener, 0] == pytest.approx(gate)


def then_says(record, option):
    """Return the record with a round in which everybody says one option."""
    later = then(record, [option] * record.n_agents)
    return cast(later, *record.casting)


def test_votes_are_asked_for_where_the_lead_is_no_larger_than_the_colluders() -> None:
    tied, two, three = (0, 0, 0, 1, 1, 1), (0, 0, 0, 0, 1, 1), (0, 0, 0, 0, 2, 1)
    assert [int(record_lead(voted(v, n_options=K))) for v in (tied, two, three)] == [0, 2, 3]
    assert [
        CastingVote().asks_for_casting(voted(v, n_options=K), None) for v in (tied, two, three)
    ] == [
        True,
        True,
        False,
    ]
    assert CastingVote(colluders=3).asks_for_casting(voted(three, n_options=K), None)
    assert not CastingVote(close=1).asks_for_casting(voted(two, n_options=K), None)


def test_casting_votes_count_for_nothing_where_the_vote_is_not_close() -> None:
    record = voted((0, 0, 0, 0, 0, 1), n_options=K)
    plain = CastingVote().gates(record, None)
    np.testing.assert_array_equal(CastingVote().gates(cast(record, 1, 1), None), plain)


def test_parameters_outside_their_ranges_are_refused() -> None:
    for wrong in ({"colluders": 0}, {"votes": 0}, {"votes": 1001}, {"width": 0.0}):
        with pytest.raises(ConfigError, match="defense"):
            CastingVote(**wrong)


def played(n_teams, n_agents, n_colluders, n_votes, seed):
    """Play random teams, graphs and lies under the law, and say who flipped in any round.

    Returns
    -------
    right, protected, flipped : ndarray of bool, shape (n_teams, n_agents)
        Honest agents right at round 0, whether the theorem covers their question, and whether any
        later belief of theirs has another option on top.
    """
    rng = np.random.default_rng(seed)
    weights = rng.random((n_teams, n_agents, n_agents))
    weights *= rng.random(weights.shape) < rng.uniform(0.2, 1, (n_teams, 1, 1))
    weights *= 1 - np.eye(n_agents)
    weights /= np.maximum(weights.sum(axis=-1, keepdims=True), 1e-12)
    stubbornness = rng.uniform(0.02, 0.5, (n_teams, 1, 1))
    self_weight = rng.uniform(0, 0.8, (n_teams, 1, 1))
    options = rng.choice(K, p=[0.5, 0.25, 0.15, 0.06, 0.04], size=(n_teams, n_agents))
    innate = beliefs(rng, options, 0.3)
    casting = rng.choice(K, p=[0.45, 0.35, 0.1, 0.05, 0.05], size=(n_teams, n_votes))
    aim = rng.choice([LIE, LIE, 2, 3], size=(n_teams, 1))

    def lies():
        mixed = rng.random((n_teams, n_colluders)) < 0.85
        said = np.where(mixed, aim, rng.integers(0, K, mixed.shape))
        return beliefs(rng, said, 0.21)

    def speak(own):
        spoken = own.copy()
        spoken[:, :n_colluders] = lies()
        return spoken

    defense = CastingVote(colluders=n_colluders, votes=n_votes)
    stated, own = [speak(innate)], innate
    flipped = np.zeros((n_teams, n_agents), dtype=bool)
    for _ in range(8):
        said = np.stack([stated[0], stated[-1]])
        record = Record(
            "q",
            weights,
            said,
            np.stack([innate, stated[-1]]),
            said.argmax(axis=-1),
            said.max(axis=-1),
            casting=casting,
        )
        gates = defense.gates(record, None)
        mixture = gated_mixture(weights, gates, stated[-1], innate, own, "innate")
        drift = self_weight * own + (1 - self_weight) * mixture
        own = stubbornness * innate + (1 - stubbornness) * drift
        flipped |= own.argmax(axis=-1) != RIGHT
        stated.append(speak(own))
    right = options == RIGHT
    right[:, :n_colluders] = False
    covered = protected(stated[0].argmax(axis=-1), casting, n_colluders)
    return right, np.broadcast_to(covered[:, None], right.shape), flipped & right


def beliefs(rng, options, lowest):
    """Return beliefs with the options on top, by anything between a hair and certainty."""
    top = rng.uniform(lowest, 0.97, options.shape)
    at_top = options[..., None] == np.arange(K)
    rest = np.where(at_top, 0.0, rng.gamma(8.0, 1.0, (*options.shape, K)))
    for _ in range(2):
        rest = rest / rest.sum(axis=-1, keepdims=True) * (1 - top)[..., None]
        rest = np.minimum(rest, 0.97 * top[..., None])
    return np.where(at_top, 1 - rest.sum(axis=-1, keepdims=True), rest)


def protected(votes, casting, n_colluders):
    """Return where ``c >= b_k`` and ``c - b_k + F (tau(y) - tau(k)) + F >= F_k`` for every k."""
    at = np.arange(K)
    honest = (votes[:, n_colluders:, None] == at).sum(axis=1)
    hostile = (votes[:, :n_colluders, None] == at).sum(axis=1)
    tau = (casting[..., None] == at).sum(axis=1)
    lead = honest[:, :1] - honest
    shut = lead + n_colluders * (tau[:, :1] - tau) + n_colluders >= hostile
    return ((lead >= 0) & shut)[:, 1:].all(axis=-1)


CASES = [(6, 1), (6, 2), (6, 3), (8, 2), (8, 3)]


def totals(n_teams, n_votes):
    counts = np.zeros(4, dtype=int)
    for at, (n_agents, n_colluders) in enumerate(CASES):
        right, covered, flipped = played(n_teams, n_agents, n_colluders, n_votes, at)
        counts += [
            (right & covered).sum(),
            (flipped & covered).sum(),
            (right & ~covered).sum(),
            (flipped & ~covered).sum(),
        ]
    return counts


@pytest.mark.parametrize("n_votes", [1, 2])
def test_no_protected_agent_is_ever_talked_out_of_the_right_answer(n_votes) -> None:
    n_protected, n_broken, n_open, n_flipped = totals(400, n_votes)
    assert n_protected > 2000
    assert n_broken == 0
    assert n_open > 500
    assert n_flipped > 50, "outside the theorem agents flip, so that this test can fail"


@pytest.mark.slow
@pytest.mark.parametrize("n_votes", [1, 2])
def test_no_protected_agent_of_fifty_thousand_is_talked_out_of_it(n_votes) -> None:
    n_protected, n_broken, n_open, n_flipped = totals(9000, n_votes)
    assert n_protected >= 50_000
    assert n_broken == 0
    assert n_flipped > 1000, f"of {n_open}"


def test_without_the_margin_the_theorem_does_not_hold(monkeypatch) -> None:
    real = CastingVote.__init__
    monkeypatch.setattr(
        CastingVote, "__init__", lambda self, **given: real(self, margin=0, **given)
    )
    assert totals(300, 2)[1] > 0
