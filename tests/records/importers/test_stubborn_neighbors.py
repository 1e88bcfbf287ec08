"""Belief CSVs of the public Stubborn Neighbors code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fjsim.errors import LogFormatError
from fjsim.fitting import fit
from fjsim.records.importers import read_log


def joined(beliefs: np.ndarray) -> str:
    """Write beliefs of shape (rounds, agents, options) as the code's joined CSV."""
    n_agents, n_options = beliefs.shape[1:]
    letters = [chr(65 + option) for option in range(n_options)]
    header = ["round", *(letter for letter in letters for _ in range(n_agents))]
    lines = [",".join(header), "," + ",".join(letters * n_agents)]
    for at, values in enumerate(beliefs):
        lines.append(f"round{at}," + ",".join(map(str, values.ravel())))
    return "\n".join(lines) + "\n"


@pytest.fixture
def beliefs() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(5), (4, 3))


def logs(folder: Path, scenario: str = "complete-3a") -> Path:
    target = folder / scenario / "sample0" / "belief_logs"
    target.mkdir(parents=True)
    return target


def test_joined_and_single_files_say_the_same(tmp_path: Path, beliefs: np.ndarray) -> None:
    one, other = logs(tmp_path / "a"), logs(tmp_path / "b")
    (one / "deadbeef_beliefs.csv").write_text(joined(beliefs))
    for at, values in enumerate(beliefs):
        lines = ["A,B,C,D,E", *(",".join(map(str, row)) for row in values)]
        (other / f"belief_after_item_deadbeef_round{at}.csv").write_text("\n".join(lines))
    first, second = read_log(tmp_path / "a"), read_log(tmp_path / "b")
    assert np.allclose(first.transcript.beliefs[0], beliefs)
    assert np.allclose(second.transcript.beliefs, first.transcript.beliefs)
    assert first.transcript.question_ids == ("deadbeef",)


def test_joined_files_replace_the_rounds_they_were_made_from(
    tmp_path: Path, beliefs: np.ndarray
) -> None:
    folder = logs(tmp_path)
    (folder / "deadbeef_beliefs.csv").write_text(joined(beliefs))
    (folder / "belief_after_item_deadbeef_round0.csv").write_text("A,B\n1,0\n0,1\n")
    assert read_log(tmp_path).transcript.n_items == 1


def test_a_star_is_read_from_the_path(tmp_path: Path, beliefs: np.ndarray) -> None:
    (logs(tmp_path, "pure_star-3a") / "ab_beliefs.csv").write_text(joined(beliefs))
    log = read_log(tmp_path)
    assert log.transcript.heard_round[0, 2].tolist() == [[-1, 1, 1], [1, -1, -1], [1, -1, -1]]
    assert "star, hub 0" in log.warnings[0]


def test_samples_of_one_question_are_replicas_and_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for sample in range(3):
        folder = tmp_path / "complete" / f"sample{sample}" / "belief_logs"
        folder.mkdir(parents=True)
        for name in ("aa", "bb"):
            text = joined(rng.dirichlet(np.ones(5), (4, 3)))
            (folder / f"{name}_beliefs.csv").write_text(text)
    transcript = read_log(tmp_path).transcript
    assert sorted(transcript.replicas.tolist()) == [0, 0, 1, 1, 2, 2]
    found = fit(transcript, resamples=20)
    assert found.intervals is not None
    assert found.intervals.n_questions == 2


def test_broken_belief_files_give_their_line(tmp_path: Path, beliefs: np.ndarray) -> None:
    path = logs(tmp_path) / "ab_beliefs.csv"
    good = joined(beliefs).splitlines()
    cases = {
        "line 3": [*good[:2], good[2].replace(good[2].split(",")[1], "7"), *good[3:]],
        "line 4": [*good[:3], good[3] + ",0.5", *good[4:]],
        "line 5": [*good[:4], good[3], *good[5:]],
        "line 1": good[1:],
    }
    for line, lines in cases.items():
        path.write_text("\n".join(lines))
        with pytest.raises(LogFormatError, match=line):
            read_log(path)
