import numpy as np
import pytest

from fjsim.dynamics import FJParameters, influence_matrix
from fjsim.dynamics.attacked.seats import seats_move
from fjsim.errors import ConfigError
from fjsim.registry import build
from fjsim_attacks.shared.law import Assumed
from fjsim_attacks.shared.seating import choose_seats

HALL = Assumed()


def graph(name, n_agents=6):
    made = build("topology", name).graph(n_agents, np.random.default_rng(0))
    return influence_matrix(made, n_agents)


def seats(choice, n_seats=1, network="star", n_agents=6):
    return choose_seats(choice, n_seats, graph(network, n_agents), np.random.default_rng(0), HALL)


@pytest.mark.parametrize(
    ("choice", "network", "one", "two"),
    [
        ("hub", "star", (0,), (0, 1)),
        ("leaf", "star", (1,), (1, 2)),
        ("hub", "complete", (0,), (0, 1)),
        ("leaf", "ring", (1,), (1, 2)),
        ("optimal", "star", (0,), (0, 1)),
    ],
)
def test_words_name_seats_by_how_many_listen(choice, network, one, two) -> None:
    assert seats(choice, 1, network) == one
    assert seats(choice, 2, network) == two


def test_given_seats_are_taken_as_they_are() -> None:
    assert seats(3) == (3,)
    assert seats([4, 2, 4]) == (2, 4)


def test_random_seats_are_distinct_and_seeded() -> None:
    assert seats("random", 3) == seats("random", 3)
    assert len(seats("random", 3)) == 3


@pytest.mark.parametrize("network", ["ring", "watts-strogatz", "chain"])
def test_optimal_seats_move_at_least_as_much_as_any_other_word(network) -> None:
    influence = graph(network, 8)
    parameters = FJParameters(HALL.stubbornness, HALL.self_weight, influence=influence)
    moved = {
        word: seats_move(parameters, seats(word, 2, network, 8))
        for word in ("optimal", "hub", "leaf", "random")
    }
    assert max(moved, key=lambda word: round(moved[word], 9)) == "optimal"


@pytest.mark.parametrize(
    ("choice", "n_seats"), [(6, 1), (-1, 1), ([0, 9], 1), ([], 1), ("hub", 6), ("random", 0)]
)
def test_seats_that_are_not_there_are_refused(choice, n_seats) -> None:
    with pytest.raises(ConfigError, match=r"attack"):
        seats(choice, n_seats)


def test_an_unknown_word_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="seat"):
        build("attack", {"kind": "stubborn", "seat": "throne"})


@pytest.mark.parametrize("values", [{"stubbornness": 0.0}, {"self_weight": 1.0}])
def test_an_adversary_cannot_assume_what_has_no_outcome(values) -> None:
    with pytest.raises(ConfigError, match="assumed"):
        build("attack", {"kind": "adaptive", "assumed": values})
