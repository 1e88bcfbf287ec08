"""Reading networks: every format, every broken line."""

import gzip
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from fjsim.dynamics import network_from_edges, read_edges
from fjsim.dynamics.networks.generators import barabasi_albert, communities, grid, random_network
from fjsim.errors import EdgeListError, ParameterError


@pytest.fixture
def written(tmp_path):
    def write(text, name="edges.csv"):
        path = tmp_path / name
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0,1\n1,2\n", "e.csv"),
        ("0\t1\n1\t2", "e.tsv"),
        ("speaker,listener\n0,1\n1,2\n", "e.csv.gz"),
        ("# a comment\n\n0 1\r\n1  2\r\n", "e.txt"),
        ("% another\n0; 1\n1 ;2\n", "e.csv"),
        ("\ufeff0,1\n1,2\n", "e.csv"),
        ("listener,speaker\n1,0\n2,1\n", "e.csv"),
        ("0,1\n1,2\n0,1\n1,0\n", "e.csv"),
    ],
)
def test_a_path_of_three_reads_the_same_from_every_format(written, text, name) -> None:
    read = read_edges(written(text, name))
    np.testing.assert_array_equal(read.labels, [0, 1, 2])
    assert read.network.undirected
    assert read.network.weights is None
    np.testing.assert_array_equal(
        read.network.adjacency().toarray(), nx.to_numpy_array(nx.path_graph(3))
    )


def test_directed_edges_run_from_speaker_to_listener(written) -> None:
    for text in ("source,target\n0,1\n2,1\n", "to,from\n1,0\n1,2\n"):
        network = read_edges(written(text), directed=True).network
        np.testing.assert_array_equal(
            network.adjacency().toarray(), [[0, 0, 0], [1, 0, 1], [0, 0, 0]]
        )
        assert network.n_edges == 2


def test_weights_add_up_and_weight_zero_is_no_edge(written) -> None:
    read = read_edges(written("0,1,.5\n1,0,1.5e0\n1,2,25e-1\n0,2,0\n"))
    np.testing.assert_allclose(
        read.network.adjacency().toarray(), np.array([[0, 2, 0], [2, 0, 2.5], [0, 2.5, 0]])
    )


def test_nodes_keep_their_numbers_and_names(written) -> None:
    np.testing.assert_array_equal(read_edges(written("7,3\n3,1000000\n")).labels, [3, 7, 10**6])
    far = read_edges(written("7,3\n3,4611686018427387903\n"))
    np.testing.assert_array_equal(far.labels, [3, 7, 4611686018427387903])
    named = read_edges(written("speaker,listener,weight\nbob,ann,2\nann,eve,1\n"), directed=True)
    assert named.labels.tolist() == ["ann", "bob", "eve"]
    np.testing.assert_array_equal(
        named.network.adjacency().toarray(), [[0, 2, 0], [0, 0, 0], [1, 0, 0]]
    )
    with pytest.raises(EdgeListError, match="line 2: weight 'x'"):
        read_edges(written("bob,ann,1\nann,eve,x\n"))
    with pytest.raises(EdgeListError, match="line 2: 'ann' is no edge"):
        read_edges(written("bob,ann\nann\n"))


@pytest.mark.parametrize(
    "line",
    [
        "1",
        "1,",
        "1,x",
        "-1,2",
        "1.5,2",
        "1,2,-3",
        "1,2,nan",
        "1,2,inf",
        "1,2,1e999",
        "1,2,3,4",
        "1,2,",
        "99999999999999999999,1",
        "1,2,1e",
        "nan,2",
    ],
)
def test_a_broken_line_is_named(written, line) -> None:
    weight = ",1" if line.count(",") > 1 else ""
    path = written(f"# header\n0,1{weight}\n{line}\n2,3{weight}\n")
    with pytest.raises(EdgeListError, match=r"edges\.csv, line 3: .* is no edge"):
        read_edges(path)


def test_line_numbers_survive_blocks_and_headers(written, monkeypatch) -> None:
    from importlib import import_module

    monkeypatch.setattr(import_module("fjsim.dynamics.networks.edge_text"), "BLOCK", 16)
    lines = "".join(f"{i},{i + 1}\n" for i in range(40))
    reported = []
    read = read_edges(
        written(f"speaker,listener\n{lines}"), progress=lambda *report: reported.append(report)
    )
    assert read.network.n_edges == 40
    assert reported[-1][0] == reported[-1][1]
    with pytest.raises(EdgeListError, match="line 42: 'oops'"):
        read_edges(written(f"speaker,listener\n{lines}oops\n", "e.csv.gz"))


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "e.csv", "holds no edge"),
        ("# nothing\n", "e.csv", "holds no edge"),
        ("speaker,listener\n", "e.csv", "holds no edge"),
        ("0,1,2\n1,2\n", "e.csv", "some lines have a weight"),
        (b"not a zip", "e.npz", "damaged|holds neither"),
    ],
)
def test_files_without_a_network_are_refused(written, text, name, message) -> None:
    with pytest.raises(EdgeListError, match=message):
        read_edges(written(text, name))


def test_missing_and_damaged_files_are_named(tmp_path) -> None:
    with pytest.raises(EdgeListError, match="there is no file"):
        read_edges(tmp_path / "none.csv")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"0,1\n" * 1000)[:-20])
    with pytest.raises(EdgeListError, match="damaged"):
        read_edges(cut)
    (tmp_path / "plain.csv.gz").write_bytes(b"0,1\n")
    with pytest.raises(EdgeListError, match="damaged"):
        read_edges(tmp_path / "plain.csv.gz")


def test_npz_holds_arrays_or_a_matrix(tmp_path) -> None:
    path = tmp_path / "e.npz"
    np.savez(path, speaker=[0, 1], listener=[1, 2], weight=[2.0, 3.0])
    np.testing.assert_array_equal(
        read_edges(path, directed=True).network.adjacency().toarray(),
        [[0, 0, 0], [2, 0, 0], [0, 3, 0]],
    )
    graph = nx.cycle_graph(4)
    graph.add_node(4)
    sparse.save_npz(path, nx.to_scipy_sparse_array(graph, format="csr"))
    read = read_edges(path)
    assert (read.network.n_agents, read.network.n_edges) == (5, 4)
    np.testing.assert_array_equal(read.network.adjacency().toarray(), nx.to_numpy_array(graph))
    one_way = sparse.csr_array(np.array([[0.0, 2.0], [0.0, 0.0]]))
    sparse.save_npz(path, one_way)
    network = read_edges(path, directed=True).network
    assert network.adjacency().toarray().tolist() == [[0.0, 1.0], [0.0, 0.0]]
    sparse.save_npz(path, sparse.csr_array(np.ones((2, 3))))
    with pytest.raises(EdgeListError, match="must be square"):
        read_edges(path)
    np.savez(path, speaker=[0.5], listener=[1.0])
    with pytest.raises(EdgeListError, match="whole numbers"):
        read_edges(path)
    np.savez(path, speaker=[-1], listener=[1])
    with pytest.raises(EdgeListError, match=r"outside 0 \.\. 2\*\*63"):
        read_edges(path)
    np.savez(path, other=[1])
    with pytest.raises(EdgeListError, match="holds neither"):
        read_edges(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [1, 2]), "one entry per edge"),
        (([0.5], [1]), "whole number"),
        (([0], [-1]), "outside"),
        (([0], [1], [np.nan]), "finite number"),
        (([0], [1], [-1.0]), "finite number"),
        (([0], [5], None, 3), r"outside 0 \.\. 2"),
        (([], []), "there is no agent"),
    ],
)
def test_edges_that_do_not_fit_are_refused(arguments, message) -> None:
    given: list[Any] = [np.array(one) if isinstance(one, list) else one for one in arguments]
    with pytest.raises(EdgeListError, match=message):
        network_from_edges(*given)


def test_agents_without_edges_are_isolated() -> None:
    network = network_from_edges(np.empty(0, int), np.empty(0, int), n_agents=3)
    assert (network.n_agents, network.n_edges) == (3, 0)


def test_rows_come_out_sorted_merged_and_heard_back() -> None:
    random = np.random.default_rng(0)
    ends = random.integers(0, 60, (2, 3000))
    weights = random.random(3000)
    network = network_from_edges(ends[0], ends[1], weights)
    matrix = network.adjacency()
    expected = np.zeros((60, 60))
    np.add.at(expected, (ends[1], ends[0]), weights)
    both = expected + expected.T
    np.fill_diagonal(both, np.diagonal(expected))
    np.testing.assert_allclose(matrix.toarray(), both)
    rows = np.split(network.indices, network.indptr[1:-1])
    assert all((np.diff(row.astype(int)) > 0).all() for row in rows)


def test_generated_networks_are_simple_seeded_and_of_the_promised_size() -> None:
    grown = barabasi_albert(500, 4, 7)
    assert grown.n_edges == 10 + 495 * 4
    assert grown.loops is None
    assert np.array_equal(grown.indices, barabasi_albert(500, 4, 7).indices)
    assert not np.array_equal(grown.indices, barabasi_albert(500, 4, 8).indices)
    assert nx.is_connected(nx.from_scipy_sparse_array(grown.adjacency()))
    degree = np.diff(grown.indptr)
    assert degree.min() >= 4
    assert degree.max() > 40
    assert grid(4).n_edges == 24
    assert abs(2 * random_network(2000, 6.0, 0).n_edges / 2000 - 6) < 0.2
    groups = communities(2000, 4, 8.0, 0.5, 0).adjacency().tocoo()
    assert (groups.row % 4 == groups.col % 4).mean() > 0.9
    with pytest.raises(ParameterError, match="cannot each bring"):
        barabasi_albert(3, 3, 0)
