import json
import socket

import pytest

from fjsim.backends import raw_backend
from fjsim.cli.program import main
from fjsim.server import ModelServer, RunningServer


def run(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def test_without_a_backend_it_says_what_is_installed(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path))
    code, out, _ = run(["doctor", "--json"], capsys)
    report = json.loads(out)
    assert code == 0
    assert report["backend"] is None
    assert report["packages"]["numpy"]
    assert set(report["packages"]) >= {"vllm", "pyarrow", "aiohttp"}
    assert report["cache"] == {
        "path": str(tmp_path / "responses.sqlite3"),
        "bytes": 0,
        "writable": True,
    }
    assert "openai" in report["plugins"]["registered"]["backend"]


def test_server_is_probed_for_what_it_honours(capsys) -> None:
    server = ModelServer(raw_backend("simulated"))
    with RunningServer(server) as running:
        code, out, _ = run(["doctor", "--base-url", running.base_url, "--json"], capsys)
    backend = json.loads(out)["backend"]
    verdicts = {name: found["verdict"] for name, found in backend["capabilities"].items()}
    assert code == 0
    assert backend["reachable"]
    assert backend["models"] == ["fjsim-simulated"]
    assert verdicts == {
        "answers": "yes",
        "json_schema": "ignored",
        "logprobs": "yes",
        "seed": "yes",
        "cached_tokens": "no",
    }


def test_weak_server_that_refuses_schemas_is_told_apart(capsys) -> None:
    server = ModelServer(raw_backend("simulated"), takes_schema=False)
    with RunningServer(server) as running:
        _, out, _ = run(["doctor", "--base-url", running.base_url, "--json"], capsys)
    found = json.loads(out)["backend"]["capabilities"]["json_schema"]
    assert found["verdict"] == "refused"
    assert "response_format" in found["detail"]


def test_table_for_people_names_the_capabilities(capsys) -> None:
    with RunningServer(ModelServer(raw_backend("simulated"))) as running:
        code, out, _ = run(["doctor", "--base-url", running.base_url], capsys)
    assert code == 0
    assert "json_schema" in out
    assert "ignored" in out


def test_dead_endpoint_is_exit_3_and_still_reports(capsys) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    code, out, err = run(["doctor", "--base-url", f"http://127.0.0.1:{port}/v1", "--json"], capsys)
    assert code == 3
    assert not json.loads(out)["backend"]["reachable"]
    assert "nobody answers" in err


def test_wrong_backend_name_is_exit_2(capsys) -> None:
    code, _, err = run(["doctor", "--backend", "opnai"], capsys)
    assert code == 2
    assert "did you mean 'openai'" in " ".join(err.split())
