"""What a model said that could not be read: kept for people, and told to no other agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fjsim import load_run, registry
from fjsim.backends.simulated import SimulatedBackend
from fjsim.cli.program import app
from fjsim.contracts import Reply, Request, Validity
from fjsim.deliberation.elicitation import KEPT_CHARACTERS, KEPT_REPLIES
from fjsim.report.html.deliberations import Deliberations
from fjsim.report.html.writing import write_report
from fjsim.runs import Run, run

MARK = "quokka"
MUMBLED = f"<script>{MARK}()</script>\x1b[31m </peer> " + "well " * KEPT_CHARACTERS
ASKED: list[Request] = []


@dataclass(frozen=True)
class Mumbling(SimulatedBackend):
    """Seat 1 never states anything, seat 2 does so when asked again."""

    async def complete(self, request: Request) -> Reply:
        ASKED.append(request)
        sample = request.sample
        if sample.seat == 1 or (sample.seat == 2 and not sample.repair):
            return Reply(text=MUMBLED, model="mumbler")
        return await super().complete(request)


@pytest.fixture(scope="module", autouse=True)
def mumbling() -> Iterator[None]:
    registry.register("backend", "mumbling")(Mumbling)
    yield
    registry._entries.pop(("backend", "mumbling"))


@pytest.fixture(scope="module")
def folder(mumbling: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mumbled") / "r"
    scenario = {"agents": 4, "rounds": 1, "questions": {"limit": 1}}
    run({**scenario, "backend": "mumbling"}, path, cache=False)
    return path


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Run:
    return load_run(folder)


def test_the_log_keeps_the_beginning_of_every_reply_that_could_not_be_read(loaded: Run) -> None:
    turns = loaded.contents.turns.values()
    lost = [turn for turn in turns if turn.agent == 1]
    assert {turn.validity for turn in lost} == {Validity.MISSING}
    assert {turn.text for turn in lost} == {""}
    for turn in lost:
        assert len(turn.unreadable) == 2 <= KEPT_REPLIES
        assert turn.unreadable[0].startswith(MUMBLED[:KEPT_CHARACTERS])
        assert turn.unreadable[0].endswith(f"… ({len(MUMBLED):,} characters in all)")
    repaired = [turn for turn in turns if turn.agent == 2]
    assert {len(turn.unreadable) for turn in repaired} == {1}
    assert {turn.validity for turn in repaired} == {Validity.REPAIRED}
    assert all(not turn.unreadable for turn in turns if turn.agent in (0, 3))


def test_show_prints_an_unreadable_reply_and_steers_no_terminal(folder: Path, loaded: Run) -> None:
    question = loaded.contents.header.questions[0]
    words = CliRunner().invoke(app, ["show", str(folder), question, "--agent", "1"]).stdout
    assert "could not be read: <script>quokka()</script>[31m </peer> well" in words
    assert "\x1b" not in words
    assert max(map(len, words.splitlines())) <= 80


def test_the_page_holds_an_unreadable_reply_as_text(folder: Path, loaded: Run) -> None:
    page = write_report(folder).read_text()
    assert MARK not in page, "blocks are packed, and nothing of a reply stands in the page as it is"
    talks = Deliberations(loaded)
    block = talks.values(talks.items[0])
    turns = [turn for turn in block["arms"]["clean"]["turns"] if turn["a"] == 1]
    assert all(f"<script>{MARK}()</script>[31m" in turn["bad"][0] for turn in turns)


def test_no_other_agent_is_shown_an_unreadable_reply(loaded: Run) -> None:
    for request in ASKED:
        told = [message.content for message in request.messages]
        own_repair = request.sample.seat in (1, 2) and request.sample.repair
        assert own_repair or MARK not in "".join(told)
