import asyncio
import gc
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fjsim.backends.wrappers.budget import Spend
from fjsim.contracts import ModelAgent, Reply, Request
from fjsim.deliberation import schedule
from fjsim.deliberation.schedule import deliberate
from fjsim.records import MemoryLog
from fjsim.runs.collection import THRESHOLDS, seldom_collected
from fjsim.runs.resolve import resolve
from fjsim.runs.runtime import make_runtime
from fjsim.scenario import Scenario

QUESTIONS = 20
PASSES_OF_A_CLIENT = 8


@dataclass(eq=False)
class Noting:
    """Notes how many questions had asked something when each first request left."""

    inner: Any
    started: set[str]
    seen: list[int]

    async def complete(self, request: Request) -> Reply:
        if request.sample.round == 0:
            self.started.add(request.messages[1].content)
            for _ in range(PASSES_OF_A_CLIENT):
                await asyncio.sleep(0)
            self.seen.append(len(self.started))
        await asyncio.sleep(0.01)
        reply: Reply = await self.inner.complete(request)
        return reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("defense", ["none", "t-w"])
def test_a_question_s_requests_leave_before_the_next_question_starts(defense: str) -> None:
    setup = resolve(
        Scenario(questions={"limit": QUESTIONS}, agents=4, rounds=1, attack="none", defense=defense)
    )
    runtime = make_runtime(setup, Spend(), cache=False)
    noting: Any = Noting(runtime.backends[0], set(), [])
    team = runtime.team
    elicitors = tuple(
        replace(elicitor, backend=noting) if elicitor is not None else None
        for elicitor in team.elicitors
    )
    assert isinstance(team.agents[0], ModelAgent)
    team = replace(team, elicitors=elicitors)

    async def play() -> None:
        log = MemoryLog()
        await deliberate(team, ("clean",), setup.items, log, lambda _: None, QUESTIONS)

    asyncio.run(play())
    assert noting.seen == [question for question in range(1, QUESTIONS + 1) for _ in range(4)]


def test_a_failure_while_questions_are_being_started_leaves_none_behind(
    recwarn: pytest.WarningsRecorder,
) -> None:
    setup = resolve(Scenario(questions={"limit": QUESTIONS}, attack="none", defense="t-w"))
    runtime = make_runtime(setup, Spend(), cache=False)

    class FullDisk(MemoryLog):
        def accept(self, turn: Any) -> None:
            if turn.round > 0:
                raise OSError("full")
            super().accept(turn)

    async def play() -> int:
        with pytest.raises(OSError, match="full"):
            await deliberate(
                runtime.team, ("clean",), setup.items, FullDisk(), lambda _: None, runtime.window
            )
        return len(asyncio.all_tasks())

    assert asyncio.run(play()) == 1
    gc.collect()
    assert not [warning for warning in recwarn if "never awaited" in str(warning.message)]


def test_the_garbage_collector_is_given_back_as_it_was() -> None:
    before = gc.get_threshold()

    def fail() -> None:
        with seldom_collected():
            assert gc.get_threshold() == THRESHOLDS
            assert gc.get_freeze_count() > 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("defense", "made"),
    [("none", {"clean": 2, "attacked": 2}), ("t-s", {"clean": 19, "attacked": 19})],
)
def test_finished_questions_are_left_alone_where_nobody_remembers_them(
    defense: str, made: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody does, they are read as far as a question is open, and nobody is asked."""
    setup = resolve(
        Scenario(
            questions={"limit": QUESTIONS},
            attack="stubborn",
            defense=defense,
            agents={"kind": "numeric", "count": 4},
            rounds=2,
        )
    )
    team, arms = make_runtime(setup, Spend(), cache=False).team, setup.scenario.arms
    counts: Counter[str] = Counter()

    original: Any = vars(schedule)["Deliberation"]

    class Counted(original):
        def __init__(self, team: Any, arm: Any, *rest: Any) -> None:
            counts[arm] += 1
            super().__init__(team, arm, *rest)

    def play(log: MemoryLog, finished: set[tuple[Any, str, int]]) -> list[str]:
        played: list[str] = []

        def done(one: Any) -> None:
            played.append(f"{one.arm} {one.item.order}")

        asyncio.run(deliberate(team, arms, setup.items, log, done, 8, finished))
        return sorted(played)

    log = MemoryLog()
    assert len(play(log, set())) == 2 * QUESTIONS
    whole = dict(log.contents.turns)
    left = {setup.items[3].question.id, setup.items[18].question.id}
    for key in [key for key in whole if key.question in left and key.round > 0]:
        del log.contents.turns[key]
    finished = {
        (arm, item.question.id, 0)
        for arm in arms
        for item in setup.items
        if item.question.id not in left
    }
    monkeypatch.setattr(schedule, "Deliberation", Counted)
    expected = ["attacked 18", "attacked 3", "clean 18", "clean 3"]
    assert play(log, finished) == expected
    assert counts == made
    assert {key: turn.essence() for key, turn in log.contents.turns.items()} == {
        key: turn.essence() for key, turn in whole.items()
    }
