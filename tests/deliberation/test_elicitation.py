import asyncio
import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from fjsim.contracts import (
    Backend,
    ChatMessage,
    Reply,
    Request,
    SampleIndex,
    Sampling,
    Usage,
    Validity,
)
from fjsim.deliberation.elicitation import Elicited, Elicitor
from fjsim.deliberation.rendering import QuestionView
from fjsim.errors import BackendRefusedError
from fjsim.questions import Question

QUESTION_VIEW = QuestionView(Question("q", "Which?", ("a", "b"), 0), (0, 1))
GOOD = json.dumps(
    {"reasoning": "r", "answer": "A", "belief": {"A": 0.8, "B": 0.2}, "confidence": 0.8}
)
OTHER = json.dumps(
    {"reasoning": "r", "answer": "B", "belief": {"A": 0.4, "B": 0.6}, "confidence": 0.6}
)


@dataclass
class Scripted(Backend):
    replies: list[Reply]
    requests: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.replies[len(self.requests) - 1]


def say(text: str, **changes: object) -> Reply:
    return Reply(text=text, model="m", usage=Usage(10, 5, 2), **changes)  # type: ignore[arg-type]


def ask(backend: Backend, **options: int) -> Elicited:
    elicitor = Elicitor(backend, Sampling(), **options)
    chat = (ChatMessage("system", "s"), ChatMessage("user", "u"))
    return asyncio.run(elicitor.ask(chat, QUESTION_VIEW, SampleIndex(0, 1, 2)))


def test_a_good_reply_is_taken_as_it_stands() -> None:
    backend = Scripted([say(GOOD)])
    elicited = ask(backend)
    assert elicited.statement.validity is Validity.OK
    assert elicited.text == GOOD
    assert (elicited.cost.calls, elicited.cost.tokens_in, elicited.cost.tokens_cached) == (1, 10, 2)
    assert backend.requests[0].sample == SampleIndex(0, 1, 2)


def test_one_repair_shows_the_problem_and_counts() -> None:
    backend = Scripted([say("no idea"), say(GOOD)])
    elicited = ask(backend)
    assert elicited.statement.validity is Validity.REPAIRED
    assert "not a JSON object" in elicited.statement.problem
    assert elicited.cost.calls == 2
    assert elicited.cost.tokens_out == 10
    repair = backend.requests[1]
    assert repair.sample.repair == 1
    assert "not a JSON object" in repair.messages[-1].content
    assert repair.messages[-2].content == "no idea"


def test_a_second_unreadable_reply_is_missing_and_nothing_is_made_up() -> None:
    elicited = ask(Scripted([say("no"), say("never")]))
    assert elicited.statement.validity is Validity.MISSING
    assert elicited.statement.belief is None
    assert elicited.statement.answer is None
    assert elicited.text == ""


def test_a_reply_cut_off_at_the_limit_is_unreadable_even_if_it_parses() -> None:
    elicited = ask(Scripted([say(GOOD, finish_reason="length"), say("no")]))
    assert elicited.statement.validity is Validity.MISSING
    assert "cut off" in elicited.statement.problem


def test_a_failed_request_is_missing_without_a_repair() -> None:
    backend = Scripted([say("", failure="no reply after 8 attempts", attempts=8)])
    elicited = ask(backend)
    assert elicited.statement.validity is Validity.MISSING
    assert elicited.statement.problem == "no reply after 8 attempts"
    assert elicited.cost.attempts == 8
    assert len(backend.requests) == 1


def test_the_frequency_channel_counts_answers_over_samples() -> None:
    backend = Scripted([say(GOOD), say(GOOD), say(OTHER), say(GOOD)])
    elicited = ask(backend, samples=4)
    assert elicited.statement.belief is not None
    np.testing.assert_allclose(elicited.statement.belief, [0.75, 0.25])
    assert elicited.cost.calls == 4
    assert [request.sample.draw for request in backend.requests] == [0, 1, 2, 3]


def test_samples_without_any_valid_reply_are_missing() -> None:
    backend = Scripted([say("x")] * 4)
    assert ask(backend, samples=2).statement.validity is Validity.MISSING


def test_a_cached_reply_is_no_call() -> None:
    elicited = ask(Scripted([say(GOOD, cached=True, attempts=0)]))
    assert (elicited.cost.calls, elicited.cost.cached_calls, elicited.cost.attempts) == (0, 1, 0)


def test_log_probabilities_replace_the_stated_belief_and_keep_their_mass() -> None:
    shown = {"A": float(np.log(0.3)), "B": float(np.log(0.1)), "the": float(np.log(0.6))}
    elicited = ask(Scripted([say(GOOD, logprobs=shown)]), logprobs=20)
    assert elicited.statement.belief is not None
    np.testing.assert_allclose(elicited.statement.belief, [0.75, 0.25])
    assert elicited.statement.mass is not None
    np.testing.assert_allclose(elicited.statement.mass, 0.4)


def test_a_server_without_log_probabilities_stops_the_run() -> None:
    with pytest.raises(BackendRefusedError, match="no log-probabilities"):
        ask(Scripted([say(GOOD)]), logprobs=20)


@dataclass
class Forgetful(Scripted):
    forgotten: list[Request] = field(default_factory=list)

    def forget(self, request: Request) -> None:
        self.forgotten.append(request)


def test_an_unreadable_reply_is_forgotten_and_a_readable_one_is_not() -> None:
    backend = Forgetful([say("no idea"), say(GOOD)])
    ask(backend)
    assert backend.forgotten == backend.requests[:1]


def test_a_kept_reply_that_cannot_be_read_is_asked_again_before_any_repair() -> None:
    backend = Forgetful([say("no idea", cached=True, attempts=0), say(GOOD)])
    elicited = ask(backend)
    assert elicited.statement.validity is Validity.OK
    assert backend.requests[0] == backend.requests[1]
    assert (elicited.cost.calls, elicited.cost.cached_calls) == (1, 0)


def test_a_backend_that_calls_every_reply_kept_is_asked_twice_at_most() -> None:
    backend = Forgetful([say("no idea", cached=True)] * 4)
    assert ask(backend).statement.validity is Validity.MISSING
    assert len(backend.requests) == 4


def test_a_reply_that_breaks_the_reading_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, question_view: QuestionView) -> None:
        raise OverflowError

    monkeypatch.setattr("fjsim.deliberation.elicitation.read_reply", broken)
    backend = Forgetful([say(GOOD)])
    with pytest.raises(OverflowError):
        ask(backend)
    assert backend.forgotten == backend.requests


def test_half_a_character_of_any_backend_is_the_replacement_character() -> None:
    text = GOOD.replace('"r"', '"cut \ud83d"')
    elicited = ask(Scripted([Reply(text=text, model="m\ud83d", finish_reason="\ud83d")]))
    assert elicited.statement.reason == "cut \ufffd"
    assert elicited.text == text.replace("\ud83d", "\ufffd")
    assert (elicited.cost.model, elicited.cost.finish_reason) == ("m\ufffd", "\ufffd")


@pytest.mark.parametrize("shown", [{"A": 1e9}, {"A": float("nan")}, {}])
def test_a_log_probability_that_is_none_never_becomes_a_belief(shown: dict[str, float]) -> None:
    elicited = ask(Scripted([say(GOOD, logprobs=shown)] * 2), logprobs=20)
    belief = elicited.statement.belief
    assert belief is None or np.isfinite(belief).all()
