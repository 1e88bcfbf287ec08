"""What can be promised against colluders: the bounds, and the floors that no rule can beat."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from fjsim.dynamics.attacked.colluders import (
    AlikeTeam,
    casting_bound,
    casting_failures,
    chance_of,
    lead_chances,
    ways_to_vote,
)
from fjsim.dynamics.attacked.label_free import Floors, majority_harm
from fjsim.dynamics.attacked.promises import promises, undefended_accuracy
from fjsim.errors import ParameterError

COMPLETE = {6: 0.9614, 8: 0.981, 10: 0.9861}
"""Accuracy of undefended complete graphs, on which the tables rest."""

# Rows: agents; columns: competence .6 to .9, in each 1, 2, 3 colluders.
TWO_VOTES = {
    6: (0.090, 0.130, 0.186, 0.036, 0.057, 0.101, 0.010, 0.017, 0.042, 0.001, 0.002, 0.010),
    8: (0.073, 0.115, 0.170, 0.023, 0.042, 0.081, 0.004, 0.009, 0.029, 0.000, 0.001, 0.006),
    10: (0.059, 0.094, 0.148, 0.015, 0.028, 0.062, 0.002, 0.005, 0.018, 0.000, 0.000, 0.002),
}
ONE_VOTE = {6: (0.098, 0.172, 0.298, 0.040, 0.080, 0.181, 0.011, 0.026, 0.086, 0.001, 0.004, 0.023)}


@pytest.mark.parametrize(("n_votes", "table"), [(2, TWO_VOTES), (1, ONE_VOTE)])
def test_casting_votes_promise_what_the_table_says(n_votes, table) -> None:
    for n_agents, row in table.items():
        crowds = [AlikeTeam(n_agents, f, p) for p, f in product((0.6, 0.7, 0.8, 0.9), (1, 2, 3))]
        found = [casting_bound(lead_chances(c), casting_failures(c, n_votes)) for c in crowds]
        np.testing.assert_allclose(found, row, atol=5.01e-4)


def test_more_votes_promise_more_and_a_worse_voter_less() -> None:
    crowd = AlikeTeam(6, 2)
    lead = lead_chances(crowd)
    bounds = [casting_bound(lead, casting_failures(crowd, n)) for n in (1, 2)]
    assert lead.behind < bounds[1] < bounds[0] < lead.unprotected
    assert casting_bound(lead, casting_failures(crowd, 2, 1.0)) == pytest.approx(lead.behind)
    assert casting_failures(crowd, 2, 0.5)[0] > casting_failures(crowd, 2)[0]


def test_leads_are_those_of_drawn_votes() -> None:
    crowd, rng = AlikeTeam(6, 2, 0.7), np.random.default_rng(5)
    votes = rng.choice(5, size=(200_000, 4), p=crowd.answer_chances(0, 1))
    votes[:, 0] = 0
    tally = (votes[..., None] == np.arange(5)).sum(axis=1)
    lead = tally[:, 0] - tally[:, 1:].max(axis=1)
    chances = lead_chances(crowd)
    assert (lead < 0).mean() == pytest.approx(chances.behind, abs=0.004)
    assert ((lead >= 0) & (lead < 2)).mean() == pytest.approx(chances.close, abs=0.004)


@pytest.mark.parametrize(
    ("n_agents", "n_colluders", "ideal", "stealth", "strike", "price"),
    [
        (6, 1, 0.976, (0.008, 0.004, 0.001), (0, 0, 0), None),
        (6, 2, 0.976, (0.034, 0.019, 0.006), (0.74, 0.39, 0), 0.028),
        (6, 3, 0.976, (0.056, 0.044, 0.029), (0.87, 0.69, 0.41), 0.069),
        (8, 2, 0.990, (0.013, 0.003, 0.001), (0.66, 0, 0), 0.011),
    ],
)
def test_no_rule_without_labels_beats_the_table(
    n_agents, n_colluders, ideal, stealth, strike, price
) -> None:
    floors, complete = Floors(AlikeTeam(n_agents, n_colluders)), COMPLETE[n_agents]
    assert floors.ideal_accuracy == pytest.approx(ideal, abs=5.01e-4)
    accuracies = [complete - loss for loss in (0.0, 0.02, 0.05)]
    assert [floors.stealth_floor(one) for one in accuracies] == pytest.approx(stealth, abs=1e-3)
    assert [floors.strike_floor(one) for one in accuracies] == pytest.approx(strike, abs=0.01)
    lost = floors.loss_for_strikes(0.25) - (floors.ideal_accuracy - complete)
    assert lost < 0 if price is None else lost == pytest.approx(price, abs=1.5e-3)


def test_no_rule_is_more_accurate_than_the_ideal_one() -> None:
    floors = Floors(AlikeTeam(5, 1))
    assert floors.stealth_floor(floors.ideal_accuracy) is not None
    assert floors.stealth_floor(floors.ideal_accuracy + 0.001) is None
    assert floors.strike_floor(floors.ideal_accuracy + 0.001) is None
    assert floors.stealth_floor(0.8) == pytest.approx(0, abs=1e-9), "who never moves is never led"


def test_ideal_rule_is_the_best_guess_from_all_votes() -> None:
    crowd = AlikeTeam(5, 1, 0.7)
    right = 0.0
    pairs = [(k, d) for k in range(5) for d in range(5) if k != d]
    for votes in ways_to_vote(5, 5):
        by_key = [0.0] * 5
        for key, distractor in pairs:
            by_key[key] += chance_of(votes, crowd.answer_chances(key, distractor)) / len(pairs)
        right += max(by_key)
    assert Floors(crowd).ideal_accuracy == pytest.approx(right)


def test_closed_form_for_majority_is_the_best_coupling() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        n = int(rng.integers(2, 6))
        keys, wins = rng.dirichlet(np.full(n, 0.4), size=2)
        right = rng.integers(0, 5, n).astype(float)
        harm = np.where(np.eye(n, dtype=bool), 0.0, right[:, None])
        demands = [np.kron(row, np.ones(n)) for row in np.eye(n)]
        demands += [np.kron(np.ones(n), row) for row in np.eye(n)]
        best = linprog(-harm.ravel(), A_eq=demands, b_eq=[*keys, *wins], method="highs")
        assert majority_harm(right, wins, keys) == pytest.approx(-best.fun, abs=1e-8)


def test_stealth_hurts_the_majority_no_less_than_the_floor_of_its_accuracy() -> None:
    crowd = AlikeTeam(6, 2)
    harm, accuracy = _majority(crowd)
    floor = Floors(crowd).stealth_floor(accuracy)
    assert floor is not None
    assert floor <= harm + 1e-9
    assert harm < 0.2


def _majority(crowd):
    """Return stealth success and accuracy of moving everybody to the first of the most voted."""
    harm = accuracy = 0.0
    pairs = [(k, d) for k in range(5) for d in range(5) if k != d]
    chances = {pair: crowd.answer_chances(*pair) for pair in pairs}
    for votes in ways_to_vote(crowd.n_agents, 5):
        first = votes.index(max(votes))
        law = sum(chance_of(votes, chances[pair]) for pair in pairs if pair[0] == first)
        accuracy += law / len(pairs)
    for honest in ways_to_vote(crowd.n_honest, 5):
        joint = {pair: chance_of(honest, chances[pair]) / len(pairs) for pair in pairs}
        total = sum(joint.values())
        keys, wins = np.zeros(5), np.zeros(5)
        for pair, chance in joint.items():
            keys[pair[0]] += chance / total
            for added in ways_to_vote(crowd.n_colluders, 5):
                wins[np.add(honest, added).argmax()] += (
                    chance / total * chance_of(added, chances[pair])
                )
        harm += total * majority_harm(np.array(honest, dtype=float), wins, keys)
    return harm / (crowd.n_honest * crowd.competence), accuracy


def test_undefended_crowd_is_as_accurate_as_on_complete_graphs(monkeypatch) -> None:
    monkeypatch.setattr("fjsim.dynamics.attacked.promises.N_QUESTIONS", 10_000)
    found = undefended_accuracy(AlikeTeam(6, 2), 0.1, 0.3, 10)
    assert found == pytest.approx(COMPLETE[6], abs=0.005)
    assert undefended_accuracy(AlikeTeam(1, 0, 0.7), 0.1, 0.3, 10) == 0.7


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((6, 6), "leave at least one"),
        ((6, 2, 1.2), "competence is 1.2"),
        ((6, 2, 0.8, 1), "options is 1"),
        ((60, 2), "in 635,376 ways"),
    ],
)
def test_impossible_crowd_is_refused(values, said) -> None:
    with pytest.raises(ParameterError, match=said):
        AlikeTeam(*values)


def test_impossible_promise_is_refused() -> None:
    with pytest.raises(ParameterError, match="colluders is 0"):
        promises(AlikeTeam(6, 0))
    with pytest.raises(ParameterError, match="loss is -1"):
        promises(AlikeTeam(6, 1), losses=(-1,))
    with pytest.raises(ParameterError, match="votes is 9"):
        casting_failures(AlikeTeam(6, 1), 9)
