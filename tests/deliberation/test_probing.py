"""The probe: asked separately after round 0, recorded, paid for, resumed, and heard by nobody."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fjsim.deliberation.replies import UnreadableReplyError, probe_schema, read_probe
from fjsim.errors import ConfigError
from fjsim.ledger.proxies import PERCEIVED, observable_proxies
from fjsim.records import ProbeKey, TurnKey, counted, read_log
from fjsim.runs import run
from fjsim.runs.estimate import estimate
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario, run_hash

Make = Callable[..., Scenario]
ROUTER = {"kind": "perceived-confidence"}


def test_every_listener_is_asked_once_per_item_and_arm(small: Make) -> None:
    finished = run(small(router=ROUTER, topology="complete"))
    probes, turns = finished.contents.probes, finished.contents.turns
    assert len(probes) == len(finished.contents.items) * 4
    for key, probe in probes.items():
        assert sorted(probe.perceived) == [seat for seat in range(4) if seat != key.agent]
        for speaker, sure in probe.perceived.items():
            turn = turns[TurnKey(key.arm, key.question, key.replica, 0, speaker)]
            assert sure == pytest.approx(turn.confidence, abs=1e-4)


def test_no_other_router_asks_aside(small: Make) -> None:
    assert not run(small(router={"kind": "self-confidence"})).contents.probes


def test_the_probe_is_written_back_into_no_chat(small: Make) -> None:
    probed = run(small(router={**ROUTER, "sharpness": 0.0}))
    plain = run(small())
    said = {turn.essence() for turn in probed.contents.turns.values()}
    assert said == {turn.essence() for turn in plain.contents.turns.values()}


def test_listeners_heed_whom_they_find_sure(small: Make) -> None:
    finished = run(small(router={**ROUTER, "sharpness": 50.0}, topology="complete", attack="none"))
    end = next(iter(finished.contents.items.values()))
    probe = finished.contents.probes[ProbeKey(end.arm, end.question, end.replica, 0)]
    assert end.weights is not None
    assert int(np.argmax(end.weights[0])) == max(probe.perceived, key=probe.perceived.__getitem__)


def test_agents_without_a_model_take_a_speakers_word(small: Make) -> None:
    team = small(router=ROUTER, agents={"kind": "numeric", "count": 4}, topology="complete")
    finished = run(team)
    assert all(len(probe.perceived) == 3 for probe in finished.contents.probes.values())
    assert all(probe.cost.calls == 0 for probe in finished.contents.probes.values())


def test_the_transcript_and_the_proxies_of_influence_hold_what_was_perceived(small: Make) -> None:
    transcript = run(small(router=ROUTER, topology="complete")).transcript
    perceived = transcript.perceived
    assert perceived is not None
    assert np.isnan(perceived[:, range(4), range(4)]).all()
    changed = replace(transcript, perceived=np.where(np.isnan(perceived), np.nan, 0.25))
    proxies = observable_proxies(changed)
    np.testing.assert_allclose(proxies.values[..., proxies.names.index(PERCEIVED)], 0.25)
    assert transcript.select(np.array([0])).perceived.shape == (1, 4, 4)


def test_an_unreadable_probe_is_missing_and_weights_fall_back_to_the_graph(small: Make) -> None:
    scenario = small(router=ROUTER, backend={"kind": "simulated", "invalid": 1.0}, attack="none")
    with pytest.warns(UserWarning, match="the first 20 turns are all missing"):
        finished = run(scenario)
    probe = next(iter(finished.contents.probes.values()))
    assert probe.perceived == {}


def test_probes_are_in_the_log_counted_and_asked_once_over_sessions(
    small: Make, tmp_path: Path
) -> None:
    scenario = small(router=ROUTER)
    before = estimate(resolve(scenario), tmp_path / "r")
    first = run(scenario, out=tmp_path / "r")
    assert counted(first.contents)["calls"] == before.calls
    asked_in_turns = sum(turn.cost.calls for turn in first.contents.turns.values())
    assert before.calls == asked_in_turns + len(first.contents.probes)
    log = tmp_path / "r" / "events.jsonl"
    kept = log.read_bytes().splitlines(keepends=True)
    probes = [line for line in kept if b'"type":"probe"' in line]
    assert len(probes) == len(first.contents.probes)
    last = max(at for at, line in enumerate(kept) if b'"type":"probe"' in line)
    log.write_bytes(b"".join(kept[: last + 1]))
    again = run(scenario, out=tmp_path / "r")
    assert read_log(log).probes == first.contents.probes
    assert log.read_bytes().count(b'"type":"probe"') == len(probes)
    said = {turn.essence() for turn in again.contents.turns.values()}
    assert said == {turn.essence() for turn in first.contents.turns.values()}


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        '{"perceived": {"Agent 1": 0.5}}',
        '{"perceived": {"Agent 1": 0.5, "Agent 2": 1.5}}',
        '{"perceived": {"Agent 1": 0.5, "Agent 2": "high"}}',
        '{"perceived": {"Agent 1": 0.5, "Agent 2": 0.1, "Agent 3": 0.1}}',
        '{"belief": {}}',
    ],
)
def test_a_reply_that_is_no_probe_is_refused(text: str) -> None:
    with pytest.raises(UnreadableReplyError):
        read_probe(text, ["Agent 1", "Agent 2"])


def test_a_probe_is_read_in_the_order_asked_also_out_of_prose() -> None:
    text = '<think>hm</think>Here: {"perceived": {"Agent 2": 0, "Agent 1": 0.25}} Bye.'
    assert read_probe(text, ["Agent 1", "Agent 2"]) == (0.25, 0.0)
    assert probe_schema(("Agent 1",)) is probe_schema(("Agent 1",))


def test_the_probe_is_asked_by_itself_under_any_router(small: Make) -> None:
    probed = run(small(probe="perceived-confidence", topology="complete"))
    plain = run(small(topology="complete"))
    assert len(probed.contents.probes) == len(probed.contents.items) * 4
    said = {turn.essence() for turn in probed.contents.turns.values()}
    assert said == {turn.essence() for turn in plain.contents.turns.values()}
    assert probed.transcript.perceived is not None
    assert plain.transcript.perceived is None


def test_a_run_without_the_probe_keeps_the_name_that_it_had(small: Make) -> None:
    plain = resolve(small())
    before = {name: value for name, value in plain.resolved.items() if name != "probe"}
    assert run_hash(before) == plain.hash
    assert resolve(small(probe="perceived-confidence")).hash != plain.hash


def test_the_estimate_counts_the_probe_that_is_asked_by_itself(small: Make, tmp_path: Path) -> None:
    without = estimate(resolve(small(topology="complete")), tmp_path)
    with_probe = estimate(
        resolve(small(topology="complete", probe="perceived-confidence")), tmp_path
    )
    assert with_probe.calls > without.calls


def test_what_is_no_probe_is_refused_with_what_there_is(small: Make) -> None:
    with pytest.raises(ConfigError, match="perceived-confidence"):
        small(probe="mood")
