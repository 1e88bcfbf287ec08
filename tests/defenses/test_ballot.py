"""The ballot: votes of round 0 as a gate, and the theorem that comes with it."""

import numpy as np
import pytest
from defense_records import random_record, then, voted
from hypothesis import given, settings
from hypothesis import strategies as some

from fjsim.beliefs import top_option
from fjsim.contracts import Record
from fjsim.registry import build
from fjsim_defenses.shared.ballot_bound import benign_lead, is_protected, unprotected_share
from fjsim_defenses.shared.mixtures import gated_mixture

BOUNDS = {
    (6, 1): [0.266, 0.150, 0.070, 0.022, 0.003],
    (6, 2): [0.500, 0.352, 0.216, 0.104, 0.028],
    (12, 2): [0.334, 0.157, 0.052, 0.009, 0.000],
}


@pytest.mark.parametrize(("team", "bounds"), BOUNDS.items())
def test_bound_is_the_one_of_the_theorem(team, bounds) -> None:
    size, hostile = team
    shares = [unprotected_share(size, hostile, share) for share in (0.5, 0.6, 0.7, 0.8, 0.9)]
    assert [round(share, 3) for share in shares] == pytest.approx(bounds, abs=0.0011)


def test_bound_is_what_drawn_votes_give() -> None:
    rng = np.random.default_rng(0)
    right, shared = rng.random((2, 40_000, 5))
    stray = rng.integers(1, 5, (40_000, 5))
    votes = np.where(right < 0.7, 0, np.where(shared < 0.5, 2, stray))
    votes[:, 0] = 0
    lead = benign_lead(votes, 0, np.ones(5, bool), 5)
    assert unprotected_share(6, 1, 0.7) == pytest.approx(
        1 - is_protected(lead, 1).mean(), abs=0.005
    )


def test_gate_of_another_option_is_an_exact_zero_without_a_lead() -> None:
    gates = build("defense", "ballot").gates(voted([1, 0, 0, 0, 2, 2]), None)
    assert gates[1, 0] == 0
    assert gates[1, 4] == 0
    assert gates[1, 2] == 1


def test_gate_opens_with_the_lead_of_the_others() -> None:
    gates = build("defense", "ballot").gates(voted([1, 0, 0, 0, 0, 0]), None)
    assert gates[0, 1] == 1
    assert gates[1, 0] == 0


def test_gate_with_a_margin_opens_only_beyond_it() -> None:
    record = voted([1, 1, 0, 0, 0, 0])
    plain = build("defense", "ballot").gates(record, None)
    cautious = build("defense", {"kind": "ballot", "margin": 2.0}).gates(record, None)
    assert plain[0, 2] == 1, "three others against two"
    assert cautious[0, 2] == 0
    assert build("defense", {"kind": "ballot", "margin": 0.5}).gates(record, None)[0, 2] == 0.5


def test_margin_protects_against_one_hostile_vote_more() -> None:
    met = {margin: 0 for margin in (0.0, 1.0)}
    for seed in range(120):
        team = hostile_team(seed)
        for margin in met:
            met[margin] += protected(team, build("defense", {"kind": "ballot", "margin": margin}))
    assert met[1.0] > met[0.0] + 5


def test_local_scope_counts_only_what_the_listener_hears() -> None:
    star = np.zeros((6, 6))
    star[0, 1:], star[1:, 0] = 0.2, 1.0
    record = voted([0, 1, 0, 0, 0, 0], influence=star)
    assert build("defense", "ballot").gates(record, None)[1, 0] == 1
    assert build("defense", {"kind": "ballot", "scope": "local"}).gates(record, None)[1, 0] == 0


def test_answer_that_differs_from_the_belief_is_judged_too() -> None:
    record = voted([0] * 6)
    record.answers[0, 3] = 1
    gates = build("defense", "ballot").gates(record, None)
    assert (gates[[0, 1, 2, 4, 5], 3] == 0).all()


def test_answer_without_more_confidence_than_a_guess_is_not_listened_to() -> None:
    record = voted([0] * 6)
    record.confidence[0, 3] = 0.1
    assert (build("defense", "ballot").gates(record, None)[0] == [1, 1, 1, 0, 1, 1]).all()


def test_speaker_is_judged_by_what_it_says_now() -> None:
    record = then(voted([0] * 6), [1, 0, 0, 0, 0, 0])
    gates = build("defense", "ballot").gates(record, None)
    assert (gates[1:, 0] == 0).all()


def test_over_confident_pair_cannot_outvote_the_team() -> None:
    certainty = [0.99, 0.99, 0.4, 0.4, 0.4, 0.4]
    defense = build("defense", "trust-adaptive")
    gates = defense.gates(voted([1, 1, 0, 0, 0, 0], 5, certainty), defense.initial_state(6))
    assert (gates[2:, :2] == 0).all()


MARGINS = [
    "ballot",
    "trust-adaptive",
    {"kind": "ballot", "margin": 1.0},
    {"kind": "trust-adaptive", "margin": 1.5},
]


@pytest.mark.parametrize("block", MARGINS, ids=str)
@settings(max_examples=60, deadline=None)
@given(seed=some.integers(0, 10**6))
def test_protected_agent_that_was_right_is_never_wrong(block, seed) -> None:
    team = hostile_team(seed)
    defense = build("defense", block)
    if not protected(team, defense):
        return
    right = [i for i in team["benign"] if top_option(team["innate"][i]) == 0]
    for beliefs in played(team, defense):
        assert (beliefs[right].argmax(axis=-1) == 0).all()


def test_condition_is_met_often_and_flips_happen_outside_it() -> None:
    defense = build("defense", "ballot")
    met = flipped = 0
    for seed in range(120):
        team = hostile_team(seed)
        if protected(team, defense):
            met += 1
            continue
        right = [i for i in team["benign"] if top_option(team["innate"][i]) == 0]
        last = played(team, defense)[-1]
        flipped += bool((last[right].argmax(axis=-1) != 0).any())
    assert met > 20
    assert flipped > 2


def hostile_team(seed):
    """Draw a graph, a law, innate beliefs and seats that will say anything."""
    rng = np.random.default_rng(seed)
    n_agents = int(rng.integers(4, 10))
    n_hostile = min(int(rng.integers(1, 4)), n_agents - 2)
    hostile = rng.permutation(n_agents)[:n_hostile]
    weights = (rng.random((n_agents, n_agents)) < rng.uniform(0.2, 1)) * rng.gamma(
        0.4, 1, (n_agents, n_agents)
    )
    np.fill_diagonal(weights, 0)
    weights[:, hostile] *= 10
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 1e-9)
    top = np.where(rng.random(n_agents) < rng.choice([0.5, 0.8]), 0, rng.integers(1, 3, n_agents))
    innate = rng.dirichlet(np.full(5, 0.7), n_agents)
    for belief, option in zip(innate, top, strict=True):
        best = belief.argmax()
        belief[[best, option]] = belief[[option, best]]
    return {
        "rng": rng,
        "influence": weights,
        "hostile": hostile,
        "benign": np.setdiff1d(np.arange(n_agents), hostile),
        "innate": innate,
        "stubbornness": rng.uniform(0.01, 0.5, n_agents)[:, None],
        "self_weight": rng.uniform(0, 0.9, n_agents)[:, None],
        "target": int(rng.integers(1, 3)),
        "n_rounds": int(rng.integers(1, 20)),
    }


def protected(team, defense):
    """Say whether the benign votes are far enough ahead; reputation weights them as it starts."""
    votes = top_option(team["innate"])
    benign = np.isin(np.arange(len(votes)), team["benign"])
    n_hostile, margin = len(team["hostile"]), defense.margin
    if type(defense).__name__ == "Ballot":
        return bool(is_protected(benign_lead(votes, 0, benign, 5), n_hostile, margin))
    # Whatever the adversary states shifts the median; a lead that holds with every benign vote
    # at the smallest weight it can have, against hostile votes at 1, holds in any case.
    sure = team["innate"].max(axis=-1)
    least = np.minimum(1, sure / 1.0)
    against = benign_lead(votes, 0, benign, 5, np.where(votes == 0, least, 1.0))
    return bool(is_protected(against, n_hostile, margin))


def played(team, defense):
    """Return everybody's beliefs after each round, the hostile seats saying what they like."""
    rng, innate = team["rng"], team["innate"]
    own, said, history = innate.copy(), [speak(team, innate, rng)], []
    for _ in range(team["n_rounds"]):
        stated = np.stack(said)
        accepted = np.concatenate([innate[None], stated[1:]])
        record = Record("q", team["influence"], stated, accepted, stated.argmax(-1), stated.max(-1))
        gates = defense.gates(record, defense.initial_state(len(innate)))
        heard = gated_mixture(team["influence"], gates, stated[-1], innate, own, "innate")
        drift = team["self_weight"] * own + (1 - team["self_weight"]) * heard
        own = team["stubbornness"] * innate + (1 - team["stubbornness"]) * drift
        said.append(speak(team, own, rng))
        history.append(own)
    return history


def speak(team, own, rng):
    said = own.copy()
    for seat in team["hostile"]:
        honest = rng.random() < 0.3
        said[seat] = rng.dirichlet(np.full(5, 0.2)) if honest else 0.008
        if not honest:
            said[seat, team["target"]] = 0.968
    return said


def test_random_records_give_some_open_and_some_closed_gates() -> None:
    gates = build("defense", "ballot").gates(random_record(3), None)
    assert 0 < gates.mean() < 1
