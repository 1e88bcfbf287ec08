"""Large networks against dense solves: every solver, every certificate, every refusal."""

from importlib import import_module
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from fjsim.dynamics import FJParameters, Network, equilibrium, network_from_edges, solve_network
from fjsim.dynamics.equilibria.direct import direct_bound
from fjsim.dynamics.networks.generators import barabasi_albert, communities, grid, random_network
from fjsim.errors import NotConvergentError, ParameterError

SOLVERS = ["conjugate-gradients", "bicgstab", "gauss-seidel"]


def exact(network, innate, stubbornness):
    """The reference: a dense solve with numpy alone."""
    influence = network.influence().toarray()
    held = np.broadcast_to(stubbornness, innate.shape)
    deaf = influence.sum(axis=1) == 0
    held = np.where(deaf, 1.0, held)
    system = np.eye(innate.size) - (1 - held)[:, None] * influence
    return np.linalg.solve(system, held * innate)


FAMILIES = {
    "scale-free": lambda: barabasi_albert(300, 3, 1),
    "random": lambda: random_network(300, 3.0, 2),
    "communities": lambda: communities(300, 5, 6.0, 0.5, 3),
    "grid": lambda: grid(17),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("held", ["even", "mixed", "rigid"])
def test_solvers_reach_the_dense_solution_within_their_certificate(family, solver, held) -> None:
    network = FAMILIES[family]()
    random = np.random.default_rng(0)
    n = network.n_agents
    innate = random.random(n)
    stubbornness = {
        "even": np.full(n, 0.05),
        "mixed": 1 / (1 + np.diff(network.indptr)),
        "rigid": np.where(random.random(n) < 0.2, 1.0, 0.02),
    }[held]
    found = solve_network(network, innate, stubbornness, solver=solver)
    away = np.abs(found.beliefs - exact(network, innate, stubbornness)).max()
    assert away <= found.error_bound + 1e-13
    assert found.error_bound <= 1e-8
    assert found.solver == solver


def directed_network(seed=0, n=300):
    random = np.random.default_rng(seed)
    ends = random.integers(0, n, (2, 5 * n))
    return network_from_edges(ends[0], ends[1], random.exponential(size=5 * n), n, directed=True)


def test_auto_takes_conjugate_gradients_where_everyone_is_heard_back() -> None:
    found = solve_network(grid(12), np.arange(144.0), 0.1)
    assert found.solver == "conjugate-gradients"
    assert "symmetric" in found.why
    assert found.iterations > 0


def test_auto_takes_bicgstab_where_influence_runs_one_way() -> None:
    network = directed_network()
    innate = np.random.default_rng(1).random(300)
    found = solve_network(network, innate, 0.05)
    assert found.solver == "bicgstab"
    assert "one way" in found.why
    np.testing.assert_allclose(found.beliefs, exact(network, innate, 0.05), atol=1e-8)
    with pytest.raises(ParameterError, match="conjugate gradients need"):
        solve_network(network, innate, 0.05, solver="conjugate-gradients")


def test_sparse_parameters_find_the_symmetry_that_normalising_hid() -> None:
    random = np.random.default_rng(2)
    network = barabasi_albert(400, 2, 0)
    weighted = sparse.triu(network.adjacency())
    weighted.data = random.exponential(size=weighted.nnz)
    heard_back = network_from_edges(weighted.col, weighted.row, weighted.data)
    innate = random.random(400)
    for one, solver in (
        (network, "conjugate-gradients"),
        (heard_back, "conjugate-gradients"),
        (directed_network(n=400), "bicgstab"),
    ):
        parameters = FJParameters(0.1, 0.5, influence=one.influence())
        found = equilibrium(parameters, innate)
        assert found.solver == solver
        np.testing.assert_allclose(
            found.beliefs, equilibrium(parameters, innate, solver="direct").beliefs, atol=1e-8
        )


def test_an_almost_symmetric_pattern_is_not_taken_for_symmetric() -> None:
    adjacency = barabasi_albert(400, 2, 0).adjacency().tolil()
    adjacency[7, 300] = 0 if adjacency[7, 300] else 1
    csr = sparse.csr_array(adjacency)
    csr.eliminate_zeros()
    influence = sparse.csr_array(sparse.diags_array(1 / csr.sum(axis=1)) @ csr)
    innate = np.random.default_rng(0).random(400)
    parameters = FJParameters(0.1, influence=influence)
    found = equilibrium(parameters, innate)
    assert found.solver == "bicgstab"
    np.testing.assert_allclose(
        found.beliefs, equilibrium(parameters, innate, solver="direct").beliefs, atol=1e-8
    )


@pytest.mark.parametrize("n", [301, 2001])
def test_weights_heard_back_but_not_in_balance_are_not_taken_for_symmetric(n) -> None:
    on = np.arange(n)
    ends = np.concatenate([[on, (on + 1) % n], [(on + 1) % n, on]], axis=1)
    cyclic = network_from_edges(ends[0], ends[1], np.repeat([1.0, 2.0], n), directed=True)
    innate = np.random.default_rng(0).random(n)
    parameters = FJParameters(0.1, influence=cyclic.influence())
    found = equilibrium(parameters, innate)
    assert found.solver == "bicgstab"
    np.testing.assert_allclose(found.beliefs, exact(cyclic, innate, 0.1), atol=1e-8)


@pytest.mark.parametrize("held", ["all", "one"])
def test_a_direct_solution_is_certified_by_its_residual(held) -> None:
    influence = grid(6).influence().toarray()
    effective = np.full(36, 0.05) if held == "all" else np.eye(36)[3] * 0.5
    system = np.eye(36) - (1 - effective)[:, None] * influence
    random = np.random.default_rng(0)
    for _ in range(20):
        away = random.normal(size=36) * 1e-4
        bound = direct_bound(system, effective, np.abs(system @ away))
        assert np.abs(away).max() <= bound
    # The bound is reached where everybody is wrong by the same amount.
    even = direct_bound(system, effective, np.abs(system @ np.full(36, 1e-4)))
    assert even == pytest.approx(1e-4) if held == "all" else even >= 1e-4


def test_isolated_agents_self_loops_and_fully_stubborn_agents_are_handled() -> None:
    speakers, listeners = [0, 1, 2, 2, 5], [1, 2, 2, 3, 5]
    for directed in (False, True):
        network = network_from_edges(speakers, listeners, n_agents=7, directed=directed)
        assert network.loops.tolist() == [0, 0, 1, 0, 0, 1, 0]
        held = np.array([1.0, 0.1, 0.2, 0.0, 0.0, 0.3, 0.5])
        innate = np.linspace(-1, 2, 7)
        influence = network.influence().toarray()
        parameters = FJParameters(held, influence=influence)
        settled = solve_network(network, innate, held).beliefs
        np.testing.assert_allclose(settled, equilibrium(parameters, innate).beliefs, atol=1e-8)
        np.testing.assert_allclose(settled[[0, 4, 5, 6]], innate[[0, 4, 5, 6]], atol=1e-9)
        thin = FJParameters(held, influence=sparse.csr_array(influence))
        forced = equilibrium(thin, innate, solver="bicgstab").beliefs
        np.testing.assert_allclose(forced, settled, atol=1e-8)


def test_agents_without_stubbornness_are_certified_by_a_comparison_vector() -> None:
    network = grid(15)
    innate = np.random.default_rng(0).random(225)
    held = np.zeros(225)
    held[[0, 112]] = [1.0, 0.4]
    for solver in ("auto", "bicgstab", "gauss-seidel"):
        found = solve_network(network, innate, held, tolerance=1e-7, solver=solver)
        away = np.abs(found.beliefs - exact(network, innate, held)).max()
        assert away <= found.error_bound <= 1e-7
    dense = equilibrium(FJParameters(held, influence=network.influence().toarray()), innate)
    assert np.abs(dense.beliefs - exact(network, innate, held)).max() <= dense.error_bound + 1e-14


def test_closed_groups_of_a_network_are_named() -> None:
    network = network_from_edges([0, 1, 3, 4], [1, 2, 4, 5])
    with pytest.raises(NotConvergentError, match=r"\[3, 4, 5\] hear only each other"):
        solve_network(network, np.zeros(6), [0.1, 0, 0, 0, 0, 0])
    with pytest.raises(NotConvergentError, match=r"\[1\] listen to nobody but themselves"):
        solve_network(network, np.zeros(6), [0.1, 0, 0.1, 0, 0, 0.2], [0, 1, 0, 0, 0, 0])
    big = network_from_edges(np.arange(30), (np.arange(30) + 1) % 30)
    with pytest.raises(NotConvergentError, match="and 20 more"):
        solve_network(big, np.zeros(30), 0.0)


def test_a_tolerance_below_rounding_is_refused_with_the_floor() -> None:
    network = grid(10)
    with pytest.raises(ParameterError, match=r"below what double precision attains.*ask for"):
        solve_network(network, np.arange(100.0), 1e-9, tolerance=1e-10)
    with pytest.raises(ParameterError, match="below what double precision"):
        equilibrium(FJParameters(1e-11, influence=nx.cycle_graph(5)), np.arange(5.0))
    for tolerance in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ParameterError, match="tolerance must be"):
            solve_network(network, np.zeros(100), 0.1, tolerance=tolerance)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"innate": np.zeros(3)}, "innate has shape"),
        ({"innate": np.full(9, np.nan)}, "NaN"),
        ({"stubbornness": 1.5}, "stubbornness must lie"),
        ({"stubbornness": np.full(9, np.nan)}, "stubbornness must lie"),
        ({"stubbornness": np.zeros(4)}, "stubbornness has shape"),
        ({"self_weight": -1}, "self_weight must lie"),
        ({"solver": "direct"}, "iterative"),
    ],
)
def test_solve_network_refuses_what_does_not_fit(changed, message) -> None:
    with pytest.raises(ParameterError, match=message):
        solve_network(
            **({"network": grid(3), "innate": np.zeros(9), "stubbornness": 0.1} | changed)
        )


def test_several_options_are_solved_side_by_side() -> None:
    network = barabasi_albert(250, 2, 5)
    innate = np.random.default_rng(0).dirichlet(np.ones(3), 250)
    found = solve_network(network, innate, 0.2, 0.5)
    parameters = FJParameters(0.2, 0.5, influence=network.influence())
    same = equilibrium(parameters, np.stack([innate, innate[::-1]]))
    np.testing.assert_allclose(found.beliefs.sum(axis=1), 1, atol=3e-8)
    np.testing.assert_allclose(same.beliefs[0], found.beliefs, atol=2e-8)
    np.testing.assert_allclose(
        same.beliefs,
        equilibrium(parameters, np.stack([innate, innate[::-1]]), solver="direct").beliefs,
        atol=1e-8,
    )


def test_progress_reports_falling_bounds() -> None:
    reported = []
    solve_network(grid(12), np.arange(144.0), 0.1, progress=lambda *report: reported.append(report))
    assert [iteration for iteration, _ in reported] == list(range(1, len(reported) + 1))
    assert reported[-1][1] <= 1e-8 < reported[0][1]


def test_gauss_seidel_takes_over_where_bicgstab_stalls(monkeypatch) -> None:
    module = import_module("fjsim.dynamics.equilibria.equilibrium")

    def stalled(system, anchor, innate, start, scale, tolerance, progress):
        return module.Solution(start * np.nan, float("inf"), 3)

    monkeypatch.setattr(module, "stabilised_gradients", stalled)
    network = directed_network()
    innate = np.random.default_rng(1).random(300)
    found = solve_network(network, innate, 0.1)
    assert found.solver == "gauss-seidel"
    assert "bicgstab stalled" in found.why
    np.testing.assert_allclose(found.beliefs, exact(network, innate, 0.1), atol=1e-8)


def test_unknown_solvers_and_batches_of_large_systems_are_refused() -> None:
    parameters = FJParameters(np.full((2, 9), 0.1), influence=grid(3).influence())
    magic: Any = "magic"
    with pytest.raises(ParameterError, match="no solver"):
        equilibrium(parameters, np.zeros(9), solver=magic)
    with pytest.raises(ParameterError, match="one setting at a time"):
        equilibrium(parameters, np.zeros(9), solver="bicgstab")
    assert equilibrium(parameters, np.zeros(9)).beliefs.shape == (2, 9)


def test_a_large_dense_matrix_is_solved_iteratively(monkeypatch) -> None:
    monkeypatch.setattr(import_module("fjsim.dynamics.equilibria.equilibrium"), "DIRECT_DENSE", 10)
    found = equilibrium(FJParameters(0.1, influence=nx.complete_graph(30)), np.arange(30.0))
    assert found.solver == "conjugate-gradients"
    assert found.beliefs.mean() == pytest.approx(14.5)


def test_a_network_counts_edges_and_gives_its_matrices_back() -> None:
    network = network_from_edges([0, 1, 1, 2], [1, 0, 2, 2], [1.0, 2.0, 4.0, 5.0])
    assert isinstance(network, Network)
    assert network.n_edges == 3
    np.testing.assert_array_equal(network.adjacency().toarray(), [[0, 3, 0], [3, 0, 4], [0, 4, 5]])
    np.testing.assert_allclose(network.own_share(), [0, 0, 5 / 9])
    np.testing.assert_allclose(network.influence().toarray()[1], [3 / 7, 0, 4 / 7])


def test_the_last_option_of_beliefs_is_what_the_others_leave_and_is_certified() -> None:
    network = barabasi_albert(400, 3, 0)
    held = np.random.default_rng(1).uniform(0.005, 0.3, 400)
    innate = np.random.default_rng(2).dirichlet(np.ones(3), 400)
    alone = [solve_network(network, innate[:, option], held) for option in range(3)]
    together = solve_network(network, innate, held)
    assert together.iterations == alone[0].iterations + alone[1].iterations
    assert together.error_bound <= 1e-8
    exact = equilibrium(FJParameters(held, influence=network.influence()), innate, solver="direct")
    assert np.abs(together.beliefs - exact.beliefs).max() <= together.error_bound
    # Options of no one sum are solved each for itself.
    apart = solve_network(network, innate * [1.0, 1.0, 0.9], held)
    assert apart.iterations > together.iterations
