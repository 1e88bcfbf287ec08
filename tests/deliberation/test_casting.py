"""Casting votes: asked once, outside the team, where the vote is close; kept, paid, resumed."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import fjsim
from fjsim.backends.simulated import SimulatedBackend
from fjsim.cli import app
from fjsim.contracts import Request
from fjsim.errors import BudgetError, ConfigError, TrustError, UnknownNameError
from fjsim.judging.replay import replay
from fjsim.judging.source import judged_log
from fjsim.records import CASTING_SEAT, EVENTS, read_log
from fjsim.records.bounds import bounds_of
from fjsim.records.checks import check_casting
from fjsim.records.lines import DamagedLineError
from fjsim.runs.estimate import estimate
from fjsim.runs.resolve import resolve
from fjsim.runs.trust import require_trust
from fjsim.scenario import Scenario, load_scenario

LIMIT, ROUNDS = 8, 2
VALUES = {
    "agents": {"kind": "llm", "count": 5},
    "attack": {"kind": "collude", "target": "best"},
    "defense": {"kind": "casting-vote", "backend": {"kind": "simulated", "competence": 0.9}},
    "questions": {"limit": LIMIT},
    "rounds": ROUNDS,
}


def scenario(**changes):
    return Scenario(**{**VALUES, **changes})


class Asked:
    """Every request that a casting voter got."""

    def __init__(self, monkeypatch) -> None:
        self.requests: list[Request] = []
        real = SimulatedBackend.complete

        async def complete(backend, request):
            if request.sample.seat >= CASTING_SEAT:
                self.requests.append(request)
            return await real(backend, request)

        monkeypatch.setattr(SimulatedBackend, "complete", complete)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished run."""
    place = tmp_path_factory.mktemp("casting") / "run"
    fjsim.run(scenario(), out=place)
    return place


@pytest.fixture(scope="module")
def finished(folder):
    return fjsim.load_run(folder)


def close_items(transcript, n_close=2):
    """Count round-0 votes anew: where the first option is at most so far ahead."""
    tops = transcript.stated_beliefs[:, 0].argmax(axis=-1)
    tallies = np.sort([np.bincount(row, minlength=5) for row in tops], axis=-1)
    return tallies[:, -1] - tallies[:, -2] <= n_close


def test_votes_are_cast_on_close_questions_only_and_both_arms_use_the_same(finished) -> None:
    found: dict[str, list[int]] = {}
    for transcript in (finished.transcript, finished.baseline):
        close = close_items(transcript)
        cast = transcript.casting
        assert close.any(), "the team is small enough"
        assert (cast[close] >= 0).all()
        assert (cast[~close] == -1).all()
        for name, votes in zip(transcript.question_ids, cast.tolist(), strict=True):
            if -1 not in votes:
                assert found.setdefault(name, votes) == votes
    assert not close_items(finished.baseline).all()


def test_every_voter_is_asked_once_alone_and_knows_nothing_of_the_team(monkeypatch) -> None:
    asked = Asked(monkeypatch)
    run = fjsim.run(scenario(), cache=False)
    seen = [(r.messages[-1].content, r.sample.seat) for r in asked.requests]
    assert len(seen) == len(set(seen))
    assert len(seen) == 2 * (close_items(run.transcript) | close_items(run.baseline)).sum()
    for request in asked.requests:
        assert [message.role for message in request.messages] == ["system", "user"]
        assert not any(
            word in message.content.lower()
            for message in request.messages
            for word in ("team", "peer", "agent")
        )


def test_casting_votes_are_counted_among_calls_and_tokens(folder, finished) -> None:
    contents = read_log(folder / EVENTS)
    turns = sum(turn.cost.calls for turn in contents.turns.values())
    tokens = sum(turn.cost.tokens_in for turn in contents.turns.values())
    votes = [vote.cost for vote in contents.casting.values()]
    assert votes
    metrics = finished.as_dict()["metrics"]
    assert metrics["calls"] == turns + sum(cost.calls for cost in votes)
    assert metrics["tokens_in"] == tokens + sum(cost.tokens_in for cost in votes)


def test_a_run_that_was_cut_does_not_ask_for_a_vote_again(folder, tmp_path, monkeypatch) -> None:
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    kinds = [json.loads(line)["type"] for line in lines]
    at = kinds.index("casting") + 2
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "scenario.yaml").write_bytes((folder / "scenario.yaml").read_bytes())
    (tmp_path / "run" / EVENTS).write_bytes(b"".join(lines[:at]))
    before = set(read_log(tmp_path / "run" / EVENTS).casting)
    asked = Asked(monkeypatch)
    fjsim.run(scenario(), out=tmp_path / "run", cache=False)
    whole, cut = read_log(folder / EVENTS), read_log(tmp_path / "run" / EVENTS)
    assert before
    assert {key: vote.answer for key, vote in cut.casting.items()} == {
        key: vote.answer for key, vote in whole.casting.items()
    }
    assert len(asked.requests) == len(whole.casting) - len(before)
    assert {key: turn.essence() for key, turn in cut.turns.items()} == {
        key: turn.essence() for key, turn in whole.turns.items()
    }


def test_a_damaged_vote_is_asked_again_and_its_turns_are_not(folder, tmp_path, monkeypatch) -> None:
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    kinds = [json.loads(line)["type"] for line in lines]
    lines[kinds.index("casting")] = b'{"v":2,"type":"casting"}\n'
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "scenario.yaml").write_bytes((folder / "scenario.yaml").read_bytes())
    (tmp_path / "run" / EVENTS).write_bytes(b"".join(lines))
    asked = Asked(monkeypatch)
    with pytest.warns(fjsim.errors.DamagedLogWarning):
        fjsim.run(scenario(), out=tmp_path / "run", cache=False)
    assert len(asked.requests) == 1
    again, whole = read_log(tmp_path / "run" / EVENTS), read_log(folder / EVENTS)
    assert set(again.casting) == set(whole.casting)
    assert set(again.turns) == set(whole.turns)


def test_a_dry_run_counts_every_vote_that_may_be_cast(folder, tmp_path) -> None:
    without = estimate(resolve(scenario(defense="ballot")), tmp_path)
    planned = estimate(resolve(scenario()), tmp_path)
    assert planned.casting_calls == 2 * LIMIT
    assert planned.calls == without.calls + 2 * LIMIT
    assert planned.tokens_in > without.tokens_in
    done = estimate(resolve(scenario()), folder)
    assert (done.calls, done.casting_calls) == (0, 0)
    drawn = estimate(resolve(scenario(defense={"competence": 0.8})), tmp_path)
    assert drawn.casting_calls == 0, "nobody is asked where votes are drawn"


def test_a_budget_stops_before_a_vote_beyond_it() -> None:
    with pytest.raises(BudgetError):
        fjsim.run(scenario(attack="none", rounds=1, budget={"max_calls": 5 * LIMIT + 1}))


def test_a_vote_without_a_valid_answer_counts_for_nobody_and_is_no_missing_turn(tmp_path) -> None:
    mute = {"kind": "simulated", "invalid": 1.0}
    run = fjsim.run(scenario(defense={"backend": mute}), out=tmp_path / "run")
    assert run.transcript.casting is not None
    assert (run.transcript.casting == -1).all()
    results: Any = run.as_dict()
    assert results["metrics"]["missing_turns"] == 0
    votes = read_log(tmp_path / "run" / EVENTS).casting.values()
    assert all(vote.answer is None and vote.problem for vote in votes)
    close = close_items(run.transcript)
    opinions = run.transcript.beliefs[close][:, :, run.transcript.benign]
    assert (opinions.argmax(axis=-1) == opinions[:, :1].argmax(axis=-1)).all(), "nobody moved"


def test_drawn_voters_are_as_competent_as_they_say_and_independent() -> None:
    numeric = {"kind": "numeric", "count": 3}
    asked = scenario(
        agents=numeric,
        attack="none",
        rounds=1,
        questions={"limit": 100},
        replicas=2,
        defense={"competence": 0.8, "votes": 3, "close": 3},
    )
    transcript = fjsim.run(asked).transcript
    right = transcript.casting == transcript.keys[:, None]
    assert right.mean() == pytest.approx(0.8, abs=0.06)
    both = (right[:, 0] & right[:, 1]).mean()
    assert both == pytest.approx(0.64, abs=0.09)


def test_the_team_own_backend_votes_where_no_other_is_named(monkeypatch) -> None:
    asked = Asked(monkeypatch)
    fjsim.run(scenario(defense="casting-vote", questions={"limit": 3}), cache=False)
    assert asked.requests


def test_a_defense_block_without_a_kind_is_the_default_one() -> None:
    assert scenario(defense={"competence": 0.9}).defense.kind == "casting-vote"
    assert scenario(defense={"backend": "simulated"}).defense.kind == "casting-vote"
    assert scenario(defense={"margin": 1}).defense.kind == "trust-adaptive"
    set_ = load_scenario(None, settings=["defense.backend.kind=simulated"])
    assert set_.defense.kind == "casting-vote"


def test_backend_and_competence_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave one out"):
        resolve(scenario(defense={"backend": "simulated", "competence": 0.9}))
    with pytest.raises(UnknownNameError, match="no backend 'simulate'"):
        resolve(scenario(defense={"backend": "simulate"}))


def test_a_file_may_not_start_a_casting_voter_by_itself(tmp_path) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text(
        "defense: {kind: casting-vote, backend: {kind: openai, model: m, api_key_env: HOME}}\n"
    )
    with pytest.raises(TrustError, match=r"defense\.backend"):
        require_trust([load_scenario(path)])
    with pytest.raises(ConfigError, match=r"defense\.backend\.api_key"):
        scenario(defense={"backend": {"kind": "openai", "model": "m", "api_key": "x1y2z3"}})


def test_concurrency_of_the_voters_does_not_make_another_run() -> None:
    def named(**more):
        return resolve(scenario(defense={"backend": {"kind": "openai", "model": "m", **more}})).hash

    assert named(max_concurrency=3) == named(max_concurrency=9)
    assert named() != named(base_url="http://localhost:9/v1")


def test_a_log_judged_by_the_same_defense_uses_the_votes_that_were_cast(finished) -> None:
    defense = finished.setup.plugins.defense
    log = judged_log(finished)
    for arm in (log.main, log.clean):
        gates = replay(arm, defense).gates
        heard = ~np.isnan(gates)
        assert heard.any()
        np.testing.assert_allclose(gates[heard], arm.transcript.gates[heard], atol=1e-9)


def test_a_vote_line_that_cannot_be_is_damaged(folder) -> None:
    contents = read_log(folder / EVENTS)
    vote = next(iter(contents.casting.values()))
    bounds = bounds_of(contents.known_header)
    check_casting(vote, bounds)
    for wrong in ({"answer": 5}, {"answer": "A"}, {"voter": -1}, {"question": "?"}, {"text": 3}):
        with pytest.raises(DamagedLineError):
            check_casting(replace(vote, **wrong), bounds)


def test_votes_are_shown_beside_the_deliberation_that_they_decided(folder, finished) -> None:
    transcript = finished.transcript
    at = int(np.flatnonzero((transcript.casting >= 0).all(axis=1))[0])
    name = transcript.question_ids[at]
    votes = " ".join("ABCDEFGH"[vote] for vote in transcript.casting[at].tolist())
    told = CliRunner().invoke(app, ["show", str(folder), name], env={"COLUMNS": "200"})
    assert f"voters from outside the team: {votes}" in told.stdout
    plain = CliRunner().invoke(app, ["show", str(folder), name, "--json"])
    found = [vote["answer"] for vote in json.loads(plain.stdout)["casting"]]
    assert found == transcript.casting[at].tolist()


def test_a_dry_run_says_how_many_votes_may_be_cast(tmp_path) -> None:
    asked = ["run", "--defense", "casting-vote", "--limit", "3", "--dry-run", "--out"]
    told = CliRunner().invoke(app, [*asked, str(tmp_path / "none")])
    assert "casting votes, at most" in told.stdout
