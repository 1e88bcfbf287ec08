"""What a run spends, over sessions that end as they should or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fjsim.backends import raw_backend
from fjsim.errors import BudgetError
from fjsim.questions import load_questions
from fjsim.records import EVENTS, SPENDING, read_log
from fjsim.runs import run
from fjsim.scenario import Scenario
from fjsim.server import ModelServer, RunningServer
from fjsim.server.chat import completion

Make = Callable[..., Scenario]


@pytest.fixture
def server() -> ModelServer:
    return ModelServer(raw_backend("simulated", load_questions("builtin")))


@pytest.fixture
def asking(server: ModelServer, small: Make) -> Iterator[Make]:
    """A scenario that asks the server, eight requests at a time."""
    with RunningServer(server) as running:
        backend = {
            "kind": "openai", "model": server.model, "base_url": running.base_url,
            "max_concurrency": 8,
        }  # fmt: skip

        def make(**values: Any) -> Scenario:
            return small(**{"backend": backend, **values})

        yield make


def spent(folder: Path, scenario: Scenario, **values: Any) -> Any:
    return run(scenario, out=folder, **values).as_dict()["metrics"]


class StoppedError(Exception):
    """Stands for whatever ends a session."""


def stop_after(turns: int) -> Callable[[int, int], None]:
    def watch(done: int, total: int) -> None:
        if done >= turns:
            raise StoppedError

    return watch


def test_draws_of_turns_that_were_never_finished_count(
    asking: Make, server: ModelServer, tmp_path: Path
) -> None:
    scenario = asking(elicitation={"channel": "frequency", "samples": 4})
    for turns in (5, 20, 50):
        with pytest.raises(StoppedError):
            run(scenario, out=tmp_path / "r", watch=stop_after(turns))
    metrics = spent(tmp_path / "r", scenario)
    in_turns = sum(t.cost.calls for t in read_log(tmp_path / "r" / EVENTS).turns.values())
    assert in_turns < server.counts.received.total()
    assert server.counts.received.total() <= metrics["calls"]
    assert metrics["calls"] <= server.counts.received.total() + 3 * 8
    assert metrics["cached_calls"] > 0


@pytest.mark.parametrize("cached", [True, False])
def test_budget_counts_what_unfinished_turns_spent(
    asking: Make, server: ModelServer, tmp_path: Path, cached: bool
) -> None:
    scenario = asking(elicitation={"channel": "frequency", "samples": 4}, budget={"max_calls": 150})
    for turns in (2, 5, 9) if cached else (2, 4):
        with pytest.raises(StoppedError):
            run(scenario, out=tmp_path / "r", watch=stop_after(turns), cache=cached)
    with pytest.raises(BudgetError, match="max_calls is 150: 150 spent over all sessions"):
        run(scenario, out=tmp_path / "r", cache=cached)
    assert 150 - 3 * 8 <= server.counts.received.total() <= 150


def test_undisturbed_run_counts_one_call_per_reply(
    asking: Make, server: ModelServer, small: Make, tmp_path: Path
) -> None:
    metrics = spent(tmp_path / "r", asking())
    embedded: Any = run(small()).as_dict()["metrics"]
    for name in ("calls", "tokens_in", "tokens_out", "failed_calls", "estimated_calls"):
        assert metrics[name] == embedded[name], name
    assert metrics["calls"] == server.counts.received.total()
    assert spent(tmp_path / "r", asking())["calls"] == metrics["calls"]


def test_replies_from_the_cache_are_neither_calls_nor_tokens_nor_cost(
    asking: Make, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("fjsim-simulated: {input: 1000, output: 2000}\n")
    scenario = asking(budget={"prices": str(prices), "max_tokens": 10**9})
    first, second = spent(tmp_path / "1", scenario), spent(tmp_path / "2", scenario)
    assert first["cost"] == pytest.approx(
        (1000 * first["tokens_in"] + 2000 * first["tokens_out"]) / 1e6
    )
    assert second["cached_calls"] == first["calls"]
    assert (second["calls"], second["tokens_in"], second["cost"]) == (0, 0, 0)
    capped = asking(budget={"max_tokens": 1})
    assert spent(tmp_path / "3", capped)["cached_calls"] == first["calls"]


def test_folder_without_the_file_is_counted_by_its_turns(asking: Make, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    whole = spent(folder, asking())
    (folder / SPENDING).unlink()
    again = spent(folder, asking())
    for name in ("calls", "tokens_in", "tokens_out"):
        assert again[name] == whole[name]
    (folder / SPENDING).unlink()
    with pytest.raises(BudgetError, match=rf"{whole['calls']} spent over all sessions"):
        run(
            asking(budget={"max_calls": whole["calls"]}, questions={"limit": 5}),
            out=folder,
            cache=False,
        )


def test_a_run_that_asks_the_embedded_model_alone_writes_nothing_down(
    small: Make, tmp_path: Path
) -> None:
    metrics = spent(tmp_path / "r", small(budget={"max_calls": 10**6}))
    assert not (tmp_path / "r" / SPENDING).exists()
    assert metrics["calls"] == run(small()).metrics["calls"].value


@pytest.mark.parametrize(
    "lie",
    [
        {"prompt_tokens": -1_000_000},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 10**11},
        {"completion_tokens": -(10**7)},
    ],
)
def test_a_server_that_lies_about_tokens_is_stopped_about_where_an_honest_one_is(
    asking: Make,
    server: ModelServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: dict[str, int],
) -> None:
    cap = {"max_tokens": 20_000}
    with pytest.raises(BudgetError):
        run(asking(budget=cap), out=tmp_path / "honest", cache=False)
    honest = server.counts.received.total()

    def lying(*given: Any, **named: Any) -> dict[str, Any]:
        body = completion(*given, **named)
        body["usage"].update(lie)
        return body

    monkeypatch.setattr("fjsim.server.app.completion", lying)
    with pytest.raises(BudgetError):
        run(asking(budget=cap), out=tmp_path / "liar", cache=False)
    assert honest / 3 < server.counts.received.total() - honest <= honest
    free = spent(tmp_path / "free", asking(questions={"limit": 1}), cache=False)
    assert free["estimated_calls"] == free["calls"] > 0
    turns = read_log(tmp_path / "free" / EVENTS).turns.values()
    assert sum(turn.cost.tokens_in for turn in turns) == free["tokens_in"]
