"""Beliefs read off one token: every spelling counts, and what is not named is said or refused."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from fjsim import fit
from fjsim.backends.http.chat_format import chat_fields, read_completion
from fjsim.contracts import Backend, ChatMessage, Reply, Request, SampleIndex, Sampling, Validity
from fjsim.deliberation.choosing import ChoiceElicitor
from fjsim.deliberation.elicitation import Elicited
from fjsim.deliberation.rendering import QuestionView, question_prompt
from fjsim.deliberation.team import ChosenToken
from fjsim.errors import BackendRefusedError
from fjsim.questions import Question
from fjsim.runs import Run, run

QUESTION = Question("q", "Which?", ("ash", "beech", "cedar"), 0)
BASE = {"topology": "star", "agents": 4, "questions": {"limit": 3}, "rounds": 3, "attack": "none"}
SEEN = {"peers_see": ["answer", "confidence", "belief"]}


@dataclass
class Server(Backend):
    """Answers as an OpenAI-compatible server would, with the likeliest ``most`` alternatives."""

    chances: Mapping[str, float] | None
    most: int = 20
    position_bias: tuple[float, ...] = ()
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        fields = chat_fields(request, "m", structured=True)
        chances = self._by_position(request) if self.position_bias else self.chances
        content = None
        if chances is not None:
            assert (fields["max_tokens"], fields["temperature"], fields["logprobs"]) == (1, 1, True)
            ranked = sorted(chances.items(), key=lambda item: -item[1])
            top = [{"token": t, "logprob": math.log(p)} for t, p in ranked[: self.most]]
            content = {"content": [{**top[0], "top_logprobs": top}]}
        said = {"message": {"content": "A"}, "finish_reason": "length", "logprobs": content}
        return read_completion({"choices": [said], "model": "m"})

    def _by_position(self, request: Request) -> dict[str, float]:
        """Prefer options by what they are, and letters by where they stand."""
        assert self.chances is not None
        listed = request.messages[-1].content.split("## Options\n\n")[1].splitlines()[:3]
        raw = {
            line[0]: self.chances[line[3:]] * math.exp(bias)
            for line, bias in zip(listed, self.position_bias, strict=True)
        }
        return {letter: one / sum(raw.values()) for letter, one in raw.items()}


def ask(server: Server, *orders: tuple[int, ...], repairs: int = 0) -> Elicited:
    choice = ChosenToken(permutations=len(orders) or 1)
    elicitor = ChoiceElicitor(server, Sampling(), repairs, logprobs=20, choice=choice)
    views = [QuestionView(QUESTION, order) for order in orders or [(0, 1, 2)]]
    shown = [((ChatMessage("user", question_prompt(one, None, "letter")),), one) for one in views]
    return asyncio.run(elicitor.ask_shown(shown, SampleIndex(0, 0, 0)))


def test_all_spellings_of_a_label_are_added_up_and_the_mass_is_kept() -> None:
    chances = {" A": 0.2, "A": 0.1, "(A": 0.1, "B": 0.2, "**B**": 0.1, "C)": 0.1, "Well": 0.2}
    statement = ask(Server(chances)).statement
    np.testing.assert_allclose(statement.belief, [0.5, 0.375, 0.125], atol=1e-9)
    assert statement.mass == pytest.approx(0.8)
    assert (statement.answer, statement.validity, statement.problem) == (0, Validity.OK, "")


def test_options_in_another_order_are_mapped_back() -> None:
    statement = ask(Server({"A": 0.7, "B": 0.2, "C": 0.1}), (2, 0, 1)).statement
    np.testing.assert_allclose(statement.belief, [0.2, 0.1, 0.7], atol=1e-9)
    assert statement.answer == 2


def test_a_label_that_cannot_matter_stands_at_zero_and_is_named() -> None:
    chances = {"A": 0.9, " A": 0.05, "B": 0.04, "(A": 0.005, "\nA": 0.004, "C": 0.001}
    statement = ask(Server(chances, most=5)).statement
    assert statement.validity is Validity.OK
    assert statement.belief is not None
    assert statement.belief[2] == 0
    assert "1 option has no log-probability" in statement.problem
    np.testing.assert_allclose(statement.belief, [0.959, 0.04, 0.001], atol=1.1e-3)


def test_five_alternatives_that_leave_the_belief_open_make_a_missing_turn() -> None:
    chances = {"A": 0.3, "The": 0.3, "I": 0.2, "It": 0.1, "We": 0.05, "B": 0.03, "C": 0.02}
    elicited = ask(Server(chances, most=5))
    assert elicited.statement.validity is Validity.MISSING
    assert elicited.statement.belief is None
    assert elicited.text == ""
    assert "2 options have no log-probability and may hold 14%" in elicited.statement.problem
    assert "mass on labels 0.3" in elicited.statement.problem
    assert elicited.unreadable == ("A",)


def test_a_server_that_names_no_label_is_asked_again_and_then_the_turn_is_missing() -> None:
    server = Server({"The": 0.9, "Because": 0.1})
    statement = ask(server, repairs=1).statement
    assert statement.validity is Validity.MISSING
    assert "'The' 0.9" in statement.problem
    assert "Reply with one letter" in server.asked[1].messages[-1].content


def test_a_server_without_log_probabilities_stops_the_run() -> None:
    with pytest.raises(BackendRefusedError, match="no log-probabilities"):
        ask(Server(None))


def test_every_place_for_every_option_takes_a_bias_to_positions_away() -> None:
    truth = {"ash": 0.5, "beech": 0.3, "cedar": 0.2}
    server = Server(truth, position_bias=(2.0, 0.0, -1.0))
    turned = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    alone, averaged = ask(server, turned[0]).statement, ask(server, *turned).statement
    assert alone.belief is not None
    assert alone.belief[0] > 0.8
    np.testing.assert_allclose(averaged.belief, [0.5, 0.3, 0.2], atol=1e-9)


@pytest.fixture(scope="module")
def stated() -> Run:
    return run({**BASE, **SEEN})


@pytest.mark.parametrize("more", [{}, {"permutations": 3}])
def test_the_embedded_model_chooses_what_it_would_state(stated: Run, more: dict[str, int]) -> None:
    chosen = run({**BASE, "elicitation": {"channel": "choice", **more}})
    np.testing.assert_allclose(chosen.transcript.beliefs, stated.transcript.beliefs, atol=1e-6)
    first = next(iter(chosen.contents.turns.values()))
    assert first.mass == pytest.approx(0.96)
    assert first.cost.calls == more.get("permutations", 1)


def test_a_fit_recovers_what_the_embedded_model_is_made_of() -> None:
    elicitation = {"channel": "choice"}
    played = run({**BASE, "questions": {"limit": 1}, "rounds": 8, "elicitation": elicitation})
    [end] = played.contents.items.values()
    assert end.order is None, "each agent is shown an order of its own"
    found = fit(played.transcript, resamples=0)
    np.testing.assert_allclose(found.stubbornness, end.stubbornness, atol=1e-3)
    np.testing.assert_allclose(found.self_weight, end.self_weight, atol=1e-3)


def test_a_reason_is_asked_for_in_a_second_call_where_wanted() -> None:
    scenario = {**BASE, "rounds": 1, "elicitation": {"channel": "choice", "reason": True}}
    for turn in run(scenario).contents.turns.values():
        assert "most convincing" in turn.reason
        assert turn.cost.calls == 2
        assert turn.belief is not None
