"""A network of the user's own."""

import networkx as nx
import numpy as np
import pytest

from fjsim.dynamics import influence_matrix
from fjsim.errors import ConfigError, EdgeListError
from fjsim_topologies.from_file import FromFile

RNG = np.random.default_rng(0)
TRIANGLE = [[0, 0, 1], [0.25, 0, 0.75], [0, 0, 0]]
"""Agent 0 hears 2; agent 1 hears 0 and 2, the latter three times as much; agent 2 nobody."""


@pytest.fixture
def written(tmp_path):
    def write(text, name="net.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def influence_of(path, n_agents=3, **options):
    return influence_matrix(FromFile(path, **options).graph(n_agents, RNG)).tolist()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("speaker,listener,weight\n2,0,1\n0,1,1\n2,1,3\n", "net.csv"),
        ("listener,speaker,weight\n0,2,1\n1,0,1\n1,2,3\n", "net.csv"),
        ("source,target,weight\r\n2,0,1\r\n0,1,1\r\n2,1,3\r\n", "net.csv"),
        ("speaker\tlistener\tweight\n2\t0\t1\n0\t1\t1\n2\t1\t3\n", "net.tsv"),
        ("# my team\nspeaker listener weight\n2 0 1\n\n0 1 1\n  # aside\n2 1 3\n", "net.txt"),
        ("\ufeffspeaker, listener, weight\n2, 0, 1\n0, 1, 1\n2, 1, 3\n", "net.csv"),
        (",0,1,2\n0,0,0,1\n1,1,0,3\n2,0,0,0\n", "net.csv"),
    ],
)
def test_every_way_of_writing_a_network_gives_the_same_influence(written, text, name) -> None:
    assert influence_of(written(text, name)) == TRIANGLE


def test_matrix_rows_are_listeners(written) -> None:
    assert influence_of(written("0,0,1\n1,0,3\n0,0,0\n"), format="adjacency") == TRIANGLE


def test_edge_list_without_header_is_read_by_column(written) -> None:
    assert influence_of(written("2 0\n0 1\n2 1\n1 2\n"))[0] == [0, 0, 1]


def test_undirected_edge_list_lets_both_hear(written) -> None:
    path = written("speaker,listener\n0,1\n1,2\n")
    assert influence_of(path, directed=False) == [[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]]


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
def test_graphml_says_itself_whether_it_is_directed(tmp_path, kind) -> None:
    network = kind()
    network.add_weighted_edges_from([("2", "0", 1.0), ("0", "1", 1.0), ("2", "1", 3.0)])
    nx.write_graphml(network, tmp_path / "net.graphml")
    influence = influence_of(str(tmp_path / "net.graphml"))
    assert influence == (
        TRIANGLE if network.is_directed() else [[0, 0.5, 0.5], [0.25, 0, 0.75], [0.25, 0.75, 0]]
    )


def test_names_get_seats_in_order_of_appearance_and_stay_as_labels(written) -> None:
    path = written("speaker,listener\nMarie Curie,Niels\nNiels,Lise\n")
    graph = FromFile(path).graph(3, RNG)
    assert list(graph.edges) == [(0, 1), (1, 2)]
    assert [graph.nodes[seat]["label"] for seat in range(3)] == ["Marie Curie", "Niels", "Lise"]


def test_numbers_get_seats_in_ascending_order(written) -> None:
    assert list(
        FromFile(written("10 7\n7 9\n", "net.txt"), format="edge-list").graph(3, RNG).edges
    ) == [(0, 1), (2, 0)]


def test_isolated_agent_is_kept_in_a_matrix(written) -> None:
    path = written("0,1,0,0\n1,0,0,0\n0,0,0,0\n0,1,0,0\n")
    assert influence_of(path, 4)[2] == [0, 0, 0, 0]


def test_number_of_nodes_must_be_the_number_of_agents(written) -> None:
    with pytest.raises(ConfigError, match=r"has 3 nodes for 6 agents; set agents: 3"):
        FromFile(written("0 1\n1 2\n"), format="edge-list").graph(6, RNG)


@pytest.mark.parametrize("text", ["0,1,1\n1,2,1\n2,0,1\n", "0,1\n1,0\n"])
def test_table_that_could_be_both_is_refused(written, text) -> None:
    with pytest.raises(ConfigError, match="format: edge-list or format: adjacency"):
        FromFile(written(text)).graph(3, RNG)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no edges in it"),
        ("# nothing\n\n", "no edges in it"),
        ("speaker,listener\n0,1\n1\n", "line 3: got 1 columns"),
        ("speaker,listener\n0,1,2,3\n", "line 2: got 4 columns"),
        ("speaker,listener\n0,\n", "line 2"),
        ("speaker,listener,weight\n0,1,heavy\n", "line 2: 'heavy' is not a finite number"),
        ("speaker,listener,weight\n0,1,nan\n", "line 2: 'nan' is not a finite number"),
        ("speaker,listener,weight\n0,1,-1\n", "line 2: weight -1"),
        ("speaker,listener,weight\n0,1,0\n", "line 2: weight 0; give a number above 0"),
        ("speaker,listener\n1,1\n", "line 2: '1' hears itself"),
        ("speaker,listener\n0,1\n1,0\n0,1\n", "line 4: the edge 0 -> 1 stands there already"),
        ("0,1,0,0\n1,0,0,0\n0,0,0,0\n0,x,0,0\n", "line 4: 'x' is not a finite number"),
        ("0,1,0,0\n1,0,0\n0,0,0,0\n0,1,0,0\n", "line 2: 3 numbers for 4 agents"),
        ("1,1,0,0\n1,0,0,0\n0,0,0,0\n0,1,0,0\n", "line 1: '0' hears itself"),
        (",a,b\na,0,1\nc,1,0\n", "line 3: the row is called 'c', its column 'b'"),
    ],
)
def test_broken_line_is_named(written, text, message) -> None:
    with pytest.raises(EdgeListError, match=message):
        FromFile(written(text)).graph(4, RNG)


@pytest.mark.parametrize(
    "text", ["0,1,0,0\n1,0,0,0\n", ",a,b\na,0,1\n", ",a,a\na,0,1\na,1,0\n", "0\n", ",\n"]
)
def test_table_that_is_no_matrix_is_refused(written, text) -> None:
    with pytest.raises((EdgeListError, ConfigError)) as caught:
        FromFile(written(text), format="adjacency").graph(2, RNG)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<graphml",
        "<html></html>",
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"></graphml>',
    ],
)
def test_broken_graphml_is_refused(written, text) -> None:
    with pytest.raises(EdgeListError, match="not GraphML"):
        FromFile(written(text, "net.graphml")).graph(3, RNG)


def test_parallel_edges_in_graphml_are_refused(tmp_path) -> None:
    network: nx.MultiDiGraph[str] = nx.MultiDiGraph([("a", "b"), ("a", "b"), ("b", "c")])
    nx.write_graphml(network, tmp_path / "net.graphml")
    with pytest.raises(EdgeListError, match="stands there already"):
        FromFile(str(tmp_path / "net.graphml")).graph(3, RNG)


def test_missing_file_is_one_clear_line(tmp_path) -> None:
    with pytest.raises(EdgeListError, match="no such file"):
        FromFile(str(tmp_path / "nowhere.csv")).graph(3, RNG)


def test_folder_and_binary_file_are_refused(tmp_path) -> None:
    (tmp_path / "net.csv").write_bytes(b"\xff\xfe\x00\x01")
    for path in (tmp_path, tmp_path / "net.csv"):
        with pytest.raises(EdgeListError, match="cannot be read"):
            FromFile(str(path)).graph(3, RNG)
