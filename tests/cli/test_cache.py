import json

import pytest

from fjsim.backends.wrappers.store import ReplyStore, default_path
from fjsim.cli.program import main
from fjsim.contracts import Reply, Usage


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path))


def run(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def fill() -> None:
    store = ReplyStore(default_path())
    for number in range(3):
        reply = Reply(text="x", usage=Usage(10, 2))
        store.put(str(number).encode(), f"http://h/v1 model-{number % 2}", reply)
    store.close()


def test_stats_count_replies_by_source(capsys) -> None:
    fill()
    code, out, _ = run(["cache", "stats", "--json"], capsys)
    report = json.loads(out)
    assert code == 0
    assert report["replies"] == 3
    assert report["sources"][0] == {
        "source": "http://h/v1 model-0",
        "replies": 2,
        "tokens_in": 20,
        "tokens_out": 4,
    }
    assert "model-1" in run(["cache", "stats"], capsys)[1]


def test_stats_of_no_cache_make_none(capsys) -> None:
    code, out, _ = run(["cache", "stats"], capsys)
    assert code == 0
    assert "empty" in out
    assert not default_path().exists()


def test_clear_empties_it_and_a_second_time_does_no_harm(capsys) -> None:
    fill()
    code, out, _ = run(["cache", "clear", "--json"], capsys)
    assert code == 0
    assert json.loads(out)["freed_bytes"] > 0
    assert not default_path().exists()
    assert run(["cache", "clear"], capsys)[0] == 0


def test_damaged_cache_is_exit_5_and_clear_helps(capsys) -> None:
    default_path().write_bytes(b"not a database" * 99)
    code, _, err = run(["cache", "stats"], capsys)
    assert code == 5
    assert "fjsim cache clear" in " ".join(err.split())
    assert run(["cache", "clear"], capsys)[0] == 0
    assert run(["cache", "stats"], capsys)[0] == 0
