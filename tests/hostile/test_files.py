"""Files that lie, unfold without end or hold absurd values are refused in one clear line."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from fjsim import unpacking
from fjsim.cli.program import main
from fjsim.dynamics import read_edges
from fjsim.errors import ConfigError, EdgeListError, FjsimError, LogFormatError, QuestionError
from fjsim.questions import load_questions
from fjsim.records.importers import inspect_logs, long_format, read_log

ROW = {"item_id": "q", "agent_id": "a", "round": 0, "belief": [0.5, 0.5]}


def write_jsonl(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([json.dumps(ROW | {"agent_id": "b"}), *rows]) + "\n")
    return path


def spelled(**changes: str) -> str:
    fields = {name: json.dumps(value) for name, value in ROW.items()} | changes
    return "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}"


@pytest.mark.parametrize(
    "changes",
    [
        {"round": "9" * 5000},
        {"round": "1e999"},
        {"round": '"1e999"'},
        {"round": "-1e999"},
        {"round": "NaN"},
        {"confidence": "9" * 5000},
        {"confidence": '"' + "9" * 5000 + '"'},
        {"opinion": "1e999"},
        {"belief": "[1e999, 0.5]"},
        {"belief": "[" + "9" * 5000 + ", 0.5]"},
        {"belief": '"[' + "9" * 5000 + ', 0.5]"'},
        {"belief": '"' + "[" * 5000 + '"'},
        {"belief": "[" * 500 + "]" * 500},
        {"belief": "[null, 1]"},
        {"belief": "[{}, 1]"},
        {"item_id": "[" * 5000 + "]" * 5000},
        {"neighbours": '"b@²"', "round": "1"},
        {"neighbours": '"b@' + "9" * 5000 + '"', "round": "1"},
        {"neighbours": '"b:1e999"', "round": "1"},
        {"neighbours": '"b:nan"', "round": "1"},
        {"turn": "1e999"},
    ],
)
def test_an_absurd_value_in_a_log_is_one_line_that_names_the_line(
    changes: dict[str, str], tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", spelled(**changes))
    with pytest.raises(LogFormatError, match="line 2") as caught:
        read_log(path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"item_id": "9" * 5000},
        {"answer": "9" * 5000},
        {"answer": '"cut \\ud83d"'},
        {"model": "[" * 900 + "]" * 900},
    ],
)
def test_an_odd_value_that_nobody_needs_is_let_through(
    changes: dict[str, str], tmp_path: Path
) -> None:
    log = read_log(write_jsonl(tmp_path / "log.jsonl", spelled(**changes)))
    assert log.transcript.n_agents == 2


def test_import_of_a_number_of_5000_digits_is_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", spelled(round="9" * 5000))
    with pytest.raises(SystemExit) as stopped:
        main(["import", str(path), "--out", str(tmp_path / "run")])
    assert stopped.value.code == 2
    assert "line 2" in " ".join(capsys.readouterr().err.split())


def test_the_widest_belief_does_not_decide_over_the_memory(tmp_path: Path) -> None:
    wide = spelled(item_id='"w"', belief=json.dumps([1e-5] * 100_000))
    rows = [spelled(agent_id=f'"{number}"') for number in range(5000)]
    with pytest.raises(LogFormatError, match=r"5002 rows x 100000 options would need 3\.7 GiB"):
        read_log(write_jsonl(tmp_path / "log.jsonl", *rows, wide))


def test_more_rows_than_are_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_format, "MOST_ROWS", 3)
    rows = [spelled(agent_id=f'"{number}"') for number in range(5)]
    with pytest.raises(LogFormatError, match="line 4: more than 3 rows; split"):
        read_log(write_jsonl(tmp_path / "log.jsonl", *rows))


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".tsv", ".jsonl.gz", ".csv.xz"])
def test_a_line_without_end_is_refused(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LONGEST_LINE", 1000)
    path = tmp_path / f"log{ending}"
    packer: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with packer(path, "wb") as handle:
        handle.write(b'"' + b" " * 5000)
    with pytest.raises(LogFormatError, match="line 1 has more than 1000 bytes; split the log"):
        read_log(path)


@pytest.mark.parametrize("ending", [".jsonl.gz", ".csv.gz", ".jsonl.xz"])
def test_a_packed_log_is_read_up_to_a_limit(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fjsim.records.importers.row_files.LARGEST_UNPACKED", 10_000)
    path = tmp_path / f"log{ending}"
    packer: Any = gzip.open if path.suffix == ".gz" else lzma.open
    with packer(path, "wb") as handle:
        handle.write(b"item_id,agent_id,round,answer\n" if ".csv" in ending else b"")
        handle.write(b"\n" * 20_000)
    with pytest.raises(LogFormatError, match="unfolds to more than 10000 bytes"):
        read_log(path)


@pytest.mark.parametrize("ending", [".jsonl.gz", ".jsonl.xz", ".csv.gz"])
def test_a_damaged_packing_is_one_clear_line(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"log{ending}"
    packed = bytearray(
        gzip.compress(b"x" * 9999) if ending.endswith("gz") else lzma.compress(b"x" * 9999)
    )
    packed[14:20] = b"\xff" * 6
    path.write_bytes(packed)
    with pytest.raises(LogFormatError, match="cannot be read"):
        read_log(path)


# Logs of inspect_ai.

SAMPLE = {
    "id": "q",
    "epoch": 1,
    "target": "A",
    "choices": ["a", "b"],
    "store": {"deliberation": [{"agent_id": "a", "round": 0, "belief": [0.5, 0.5]}]},
}


def archive(path: Path, content: bytes, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as made:
        made.writestr("samples/q_epoch_1.json", content)
    return path


def test_an_archive_that_unfolds_too_far_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_logs, "LARGEST_SAMPLE", 100_000)
    path = archive(tmp_path / "bomb.eval", b" " * 200_000)
    with pytest.raises(LogFormatError, match=r"unfolds to 200000 bytes; at most 100000 bytes"):
        read_log(path)


@pytest.mark.parametrize("said", [10, 50])
def test_an_archive_that_lies_about_its_size_is_read_no_further(
    said: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_logs, "LARGEST_SAMPLE", 100)
    path = archive(tmp_path / "lie.eval", b" " * 2**20)
    packed = bytearray(path.read_bytes())
    size = (2**20).to_bytes(4, "little")
    while (at := packed.find(size)) >= 0:
        packed[at : at + 4] = said.to_bytes(4, "little")
    path.write_bytes(packed)
    with pytest.raises(LogFormatError):
        read_log(path)


def test_many_samples_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect_logs, "LARGEST_ARCHIVE", 1000)
    path = tmp_path / "many.eval"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(9):
            made.writestr(f"samples/{number}_epoch_1.json", b" " * 200)
    with pytest.raises(LogFormatError, match="samples unfold to more than 1000 bytes; write a log"):
        read_log(path)


def test_a_large_log_in_json_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_logs, "LARGEST_JSON", 1000)
    (tmp_path / "log.json").write_bytes(b" " * 2000)
    with pytest.raises(LogFormatError, match=r"has 2000 bytes, more than 1000 bytes .*\.eval"):
        read_log(tmp_path / "log.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 1e999},
        {"epoch": "one"},
        {"epoch": 0},
        {"epoch": 10**9},
        {"id": [1]},
        {"choices": 5},
        {"choices": [[1]]},
        {"target": {"a": 1}},
        {"target": [[1]]},
        {"store": [1]},
        {"metadata": "x"},
        {"store": {"deliberation": 7}},
        {"store": {"deliberation": [7]}},
    ],
)
def test_a_sample_of_the_wrong_kind_is_one_clear_line(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"eval": {}, "samples": [SAMPLE | changes]}))
    with pytest.raises(LogFormatError, match=r"sample|line 1"):
        read_log(path)


@pytest.mark.parametrize("samples", ["5", '"x"', '{"a": 1}', "[1]", "[" * 5000, "9" * 5000])
def test_samples_that_are_none_are_one_clear_line(samples: str, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(f'{{"eval": {{}}, "samples": {samples}}}')
    with pytest.raises(LogFormatError):
        read_log(path)


@pytest.mark.parametrize("at", [30, 60, 90, -30])
def test_a_damaged_archive_is_one_clear_line(at: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "log.eval", json.dumps(SAMPLE).encode() * 20)
    packed = bytearray(path.read_bytes())
    packed[at : at + 20] = b"\xff" * 20
    path.write_bytes(packed)
    with pytest.raises(LogFormatError):
        read_log(path)


# Belief CSVs.


@pytest.mark.parametrize("number", ["9" * 5000, "999999999", "²"])
def test_a_round_that_is_none_is_one_clear_line(number: str, tmp_path: Path) -> None:
    path = tmp_path / "q_beliefs.csv"
    path.write_text(f"round,,\n,A,B\n{number},0.5,0.5\n")
    with pytest.raises(LogFormatError, match="is no round"):
        read_log(path)


def test_a_late_round_does_not_decide_over_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "q_beliefs.csv"
    agents = 40
    path.write_text(
        "round" + ",," * agents + "\n" + ",A,B" * agents + "\n999999" + ",.5,.5" * agents + "\n"
    )
    with pytest.raises(LogFormatError, match="1 items x 1000000 rounds x 40 agents would need"):
        read_log(path)


# Networks.


def npz_header(shape: tuple[int, ...], descr: str = "<i8") -> bytes:
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def network(path: Path, kind: int = zipfile.ZIP_STORED, **arrays: bytes) -> Path:
    with zipfile.ZipFile(path, "w", kind) as made:
        for name, content in arrays.items():
            made.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (10**30,)])
def test_an_array_whose_header_lies_is_refused_with_the_size(
    shape: tuple[int, ...], kind: int, tmp_path: Path
) -> None:
    lie = npz_header(shape) + b"\x00" * 64
    path = network(tmp_path / "lie.npz", kind, speaker=lie, listener=lie)
    with pytest.raises(EdgeListError, match=r"claims .* GiB .* the file holds \d+ bytes"):
        read_edges(path)


def test_solve_refuses_such_a_file_with_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lie = npz_header((10**12,)) + b"\x00" * 64
    path = network(tmp_path / "lie.npz", speaker=lie, listener=lie)
    with pytest.raises(SystemExit) as stopped:
        main(["solve", str(path)])
    assert stopped.value.code == 2
    assert "claims 7450.6 GiB" in " ".join(capsys.readouterr().err.split())


def test_a_packed_network_is_read_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fjsim.dynamics.networks.npz.LARGEST_UNPACKED", 10_000)
    nodes = np.arange(5000)
    np.savez_compressed(tmp_path / "packed.npz", speaker=nodes, listener=nodes + 1)
    np.savez(tmp_path / "plain.npz", speaker=nodes, listener=nodes + 1)
    with pytest.raises(EdgeListError, match=r"unfolds to .* at most .*; save it by numpy\.savez"):
        read_edges(tmp_path / "packed.npz")
    assert read_edges(tmp_path / "plain.npz").network.n_edges == 5000


@pytest.mark.parametrize(
    ("speaker", "listener"),
    [
        (npz_header((2, 1)) + b"\x00" * 16, npz_header((2, 1)) + b"\x01" * 16),
        (npz_header(()) + b"\x00" * 8, npz_header(()) + b"\x01" * 8),
        (npz_header((2,)) + b"\x00" * 16, npz_header((1,)) + b"\x01" * 8),
        (npz_header((0,)), npz_header((0,))),
        (npz_header((2,), "<u8") + b"\xff" * 16, npz_header((2,)) + b"\x00" * 16),
        (npz_header((2,), "|O") + b"\x00" * 16, npz_header((2,)) + b"\x00" * 16),
        (npz_header((2,), "<c16") + b"\x00" * 32, npz_header((2,)) + b"\x00" * 16),
        (b"no array", b"none"),
        (b"", b""),
        (b"\x93NUMPY\x03\x00" + b"\xff" * 90, b"\x93NUMPY\x09\x00" + b"\xff" * 90),
        (npz_header((-5,)) + b"\x00" * 16, npz_header((-5,)) + b"\x00" * 16),
    ],
)
def test_arrays_that_are_no_edges_are_refused(
    speaker: bytes, listener: bytes, tmp_path: Path
) -> None:
    with pytest.raises(EdgeListError):
        read_edges(network(tmp_path / "odd.npz", speaker=speaker, listener=listener))


@pytest.mark.parametrize(
    "changes",
    [
        {"indptr": np.array([0, 10**9, 2])},
        {"indptr": np.array([0, -5, 2])},
        {"indptr": np.array([5, 1, 2])},
        {"indices": np.array([0, 10**9])},
        {"indices": np.array([0, -7])},
        {"shape": np.array([10**12, 10**12])},
        {"shape": np.array([2])},
        {"shape": np.array([2.5, 2.5])},
        {"data": np.array(["a", "b"])},
        {"format": np.array(b"nonsense")},
        {"format": np.array(7)},
        {"format": np.array(b"bsr")},
    ],
)
def test_a_saved_matrix_that_points_elsewhere_is_refused(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "matrix.npz"
    sparse.save_npz(path, sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]])))
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files} | changes
    np.savez(path, **arrays)
    with pytest.raises(EdgeListError):
        read_edges(path)


def test_a_matrix_of_nothing_but_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "matrix.npz"
    sparse.save_npz(path, sparse.coo_array(([1.0], ([0], [1])), shape=(10**12, 10**12)))
    with pytest.raises(EdgeListError, match="1000000000000 rows with 1 entries"):
        read_edges(path)


@pytest.mark.parametrize("head", [b"", b"speaker,listener\n", b"ann bob\n", b"# comment\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_edges_in_a_line_without_end_are_refused(
    head: bytes, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LONGEST_LINE", 1000)
    monkeypatch.setattr("fjsim.dynamics.networks.edge_text.LONGEST_LINE", 1000)
    path = tmp_path / ("edges.csv.gz" if packed else "edges.csv")
    content = head + b"1" * 5000
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(EdgeListError, match="1000 bytes"):
        read_edges(path)


def test_packed_edges_are_read_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fjsim.dynamics.networks.edge_text.LARGEST_UNPACKED", 10_000)
    for name, line in (("numbers", b"1 2\n"), ("names", b"ann bob\n")):
        path = tmp_path / f"{name}.txt.gz"
        path.write_bytes(gzip.compress(line * 5000))
        with pytest.raises(EdgeListError, match="unfolds to more than 10000 bytes"):
            read_edges(path)
        path.with_suffix("").write_bytes(line * 5000)
        assert read_edges(path.with_suffix("")).network.n_edges == 1


def test_one_long_name_does_not_decide_over_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    path.write_text("ann,bob\n" + "x" * 300 + ",bob\n")
    with pytest.raises(EdgeListError, match="line 2: a node's name has more than 256"):
        read_edges(path)


def test_opinions_are_unpacked_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fjsim.cli.solve import _column

    path = tmp_path / "opinions.csv.gz"
    path.write_bytes(gzip.compress(b"node,opinion\n1,0.5\n2,0.25\n"))
    nodes, numbers = _column(path, "opinion")
    assert (nodes.tolist(), numbers.tolist()) == (["1", "2"], [0.5, 0.25])
    monkeypatch.setattr(unpacking.Limited.__init__, "__defaults__", (20,))
    with pytest.raises(ConfigError, match="unfolds to more than 20 bytes"):
        _column(path, "opinion")


# Questions.


@pytest.mark.parametrize(
    "record",
    [
        '{"question": "?", "options": ["a", "b"], "answer": ' + "9" * 5000 + "}",
        '{"question": "?", "options": ["a", "b"], "answer": 1e999}',
        '{"question": "?", "options": ["a", "b"], "answer": ' + "[" * 900 + "]" * 900 + "}",
        '{"question": "?", "options": ["a", "b"], "id": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"question": ' + "[" * 5000,
    ],
)
def test_an_absurd_value_in_a_question_is_one_line(record: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(record)
    with pytest.raises(QuestionError, match="line 1") as caught:
        load_questions(path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("answer", ["9" * 5000, "-" + "9" * 5000, "٣" * 5000])
def test_an_absurd_answer_in_csv_is_one_line(answer: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([["question", "options", "answer"], ["?", "a|b", answer]])
    with pytest.raises(QuestionError, match="line 2: answer") as caught:
        load_questions(path)
    assert len(str(caught.value)) < 400


def test_half_a_character_in_a_question_is_the_replacement_character(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "cut \\ud83d?", "options": ["a", "b"]}')
    assert load_questions(path)[0].text == "cut \ufffd?"


def test_a_question_file_too_large_to_be_held_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fjsim.questions.LARGEST_FILE", 1000)
    (tmp_path / "questions.jsonl").write_bytes(b" " * 2000)
    with pytest.raises(QuestionError, match="2000 bytes; question files are read up to 1000"):
        load_questions(tmp_path / "questions.jsonl")


READ_BOMB = """
import resource, sys
from pathlib import Path
from fjsim.dynamics import read_edges
from fjsim.errors import FjsimError
from fjsim.records.importers import read_log

path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    (read_edges if "network" in path.name else read_log)(path)
except FjsimError as error:
    print(error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(grown // 1024 if sys.platform != "darwin" else grown // 2**20)
"""


@pytest.mark.parametrize("name", ["bomb.eval", "bomb.csv.gz", "bomb.jsonl.xz", "network.csv.gz"])
def test_a_bomb_is_refused_before_it_fills_the_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith(".eval"):
        archive(path, b" " * 300 * 2**20)
    else:
        packer: Any = gzip.open if name.endswith("gz") else lzma.open
        with packer(path, "wb") as handle:
            for _ in range(64):
                handle.write(b" " * 2**20)
    done = subprocess.run(
        [sys.executable, "-c", READ_BOMB, str(path)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    words, grown = done.stdout.strip().rsplit("\n", 1)
    assert "MiB" in words
    assert int(grown) < 250


def test_every_refusal_here_is_the_users_to_mend() -> None:
    kinds = (LogFormatError, EdgeListError, QuestionError)
    assert all(issubclass(kind, FjsimError) and kind.exit_code == 2 for kind in kinds)
