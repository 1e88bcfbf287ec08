"""What casting votes were worth on a run, and what follows for its team."""

import json
from dataclasses import replace

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import fjsim
from fjsim.cli.theory import theory
from fjsim.dynamics.attacked.colluders import (
    AlikeTeam,
    casting_bound,
    casting_failures,
    lead_chances,
)
from fjsim.errors import ParameterError
from fjsim.metrics.casting import measure_casting
from fjsim.scenario import Scenario


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clean run of numeric agents with drawn voters, on many questions."""
    place = tmp_path_factory.mktemp("casting") / "run"
    calibration = Scenario(
        agents={"kind": "numeric", "count": 6},
        defense={"competence": 0.8},
        questions={"limit": 200, "source": "builtin"},
        replicas=2,
        rounds=1,
    )
    fjsim.run(calibration, out=place)
    return place


@pytest.fixture(scope="module")
def transcript(folder):
    return fjsim.load_run(folder).transcript


def test_measured_bound_holds_the_bound_of_the_crowd_that_was_drawn(transcript) -> None:
    found = measure_casting(transcript, n_colluders=2)
    crowd = AlikeTeam(6, 2)
    assert found.n_items == 400
    assert 30 < found.n_close < 150
    assert found.right.value == pytest.approx(0.8, abs=0.08)
    assert found.unprotected.low < lead_chances(crowd).unprotected < found.unprotected.high
    for n, bound in found.bounds.items():
        truth = casting_bound(lead_chances(crowd), casting_failures(crowd, n))
        assert bound.low < truth < bound.high
    assert found.bounds[2].value < found.bounds[1].value < found.unprotected.value


def test_votes_that_never_failed_do_not_promise_perfection(transcript) -> None:
    right = np.where(transcript.casting >= 0, transcript.keys[:, None], -1)
    found = measure_casting(replace(transcript, casting=right), n_colluders=2)
    assert found.right.value == 1
    assert found.failures[0].value == 0 < found.failures[0].high
    assert found.bounds[2].value == pytest.approx(
        found.unprotected.value - _close_share(transcript), abs=1e-9
    )
    assert found.bounds[2].high > found.bounds[2].value


def _close_share(transcript):
    """Return P(0 <= beta < 2 | right) by counting anew, each pair of seats left out in turn."""
    votes = transcript.beliefs[:, 0].argmax(axis=-1)
    close = chances = 0
    for first in range(6):
        for second in range(first + 1, 6):
            rest = np.delete(votes, [first, second], axis=1)
            for row, key in zip(rest, transcript.keys, strict=True):
                tally = np.bincount(row, minlength=5)
                lead = tally[key] - max(np.delete(tally, key))
                chances += tally[key]
                close += tally[key] * (0 <= lead < 2)
    return close / chances


def test_votes_that_are_always_wrong_promise_no_more_than_the_ballot(transcript) -> None:
    wrong = np.where(transcript.casting >= 0, (transcript.keys[:, None] + 1) % 5, -1)
    found = measure_casting(replace(transcript, casting=wrong), n_colluders=2)
    assert found.right.value == 0
    assert found.bounds[1].value == pytest.approx(found.unprotected.value)
    assert found.bounds[2].value > found.unprotected.value


def test_run_without_votes_or_keys_is_refused(transcript) -> None:
    with pytest.raises(ParameterError, match="no casting vote"):
        measure_casting(replace(transcript, casting=None))
    with pytest.raises(ParameterError, match="no question with a key"):
        measure_casting(replace(transcript, keys=np.full_like(transcript.keys, -1)))
    with pytest.raises(ParameterError, match="leave at least one"):
        measure_casting(transcript, n_colluders=6)


def test_command_tells_what_votes_were_worth(folder) -> None:
    app = typer.Typer()
    app.command()(theory)
    told = CliRunner().invoke(app, ["--casting", str(folder)], catch_exceptions=False).stdout
    assert told.startswith("A casting vote is right on 0.")
    assert "with 2 casting votes 0.0" in told
    assert max(map(len, told.splitlines())) <= 80
    plain = CliRunner().invoke(app, ["--casting", str(folder), "--json"], catch_exceptions=False)
    values = json.loads(plain.stdout)["casting"]
    assert set(values["casting_bounds"]) == {"1", "2"}
    assert values["colluders"] == 2
