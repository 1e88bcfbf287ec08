"""``fjsim list``: all names on a screen or two, a kind a line each, one plug-in explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fjsim.cli.catalogue import PLURALS
from fjsim.plugin_docs import explained
from fjsim.registry import entries

Call = Callable[..., Any]


@pytest.fixture
def listed(fjsim: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("COLUMNS", "80")

    def ask(*words: str) -> str:
        printed = fjsim("list", *words)
        assert printed.code == 0, printed.err
        assert all(len(line) <= 80 for line in printed.out.splitlines()) or "--json" in words
        return str(printed.out)

    return ask


def test_everything_there_is_fits_on_two_screens(listed: Call) -> None:
    text = listed()
    assert len(text.splitlines()) <= 48
    for kind in PLURALS.values():
        for entry in entries(kind):
            assert entry.name in text


def test_a_kind_is_a_line_each_and_says_what_each_does(listed: Call) -> None:
    lines = listed("defenses").splitlines()
    found = [line.split()[0] for line in lines[:-1]]
    assert found == [entry.name for entry in entries("defense")]
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ("attacks", "stubborn"),
            ("certainty : float, default 0.97", "in (0, 1].", "n_seats : int", "arXiv:2603.15809"),
        ),
        (("backends", "simulated"), ("stubbornness : float, default 0.38", "Mean stubbornness")),
        (("defenses", "fixed-trust"), ("level : ", "[0, 1]")),
        (("agents", "llm"), ("persona : str, default neutral", "historian")),
        (("metrics", "displacement"), ("needs: a pair of arms", "lower is safer")),
        (("personas", "historian"), ("ask what is documented", "persona: historian")),
        (("questions", "builtin:general"), ("100 questions", "geography 10")),
    ],
)
def test_one_of_them_is_explained(
    listed: Call, words: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    text = " ".join(listed(*words).split())
    assert not [part for part in parts if part not in text]


def test_json_has_the_range_and_the_meaning_of_a_parameter(listed: Call) -> None:
    found = json.loads(listed("attacks", "stubborn", "--json"))
    (certainty,) = [one for one in found["parameters"] if one["name"] == "certainty"]
    assert (certainty["range"], certainty["default"]) == ("(0, 1]", 0.97)
    assert certainty["meaning"].startswith("Probability that it states")
    assert found["source"]
    personas = json.loads(listed("personas", "--json"))["personas"]
    assert {"neutral", "historian"} <= {one["name"] for one in personas}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("attacks", "stuborn"), "did you mean 'stubborn'?"),
        (("personas", "histrian"), "did you mean 'historian'?"),
        (("questions", "builtn"), "did you mean 'builtin'?"),
    ],
)
def test_a_wrong_name_gets_the_nearest_one(
    fjsim: Call, words: tuple[str, ...], message: str
) -> None:
    printed = fjsim("list", *words)
    assert message in printed.error


@pytest.mark.parametrize("kind", [kind for kind in PLURALS.values() if kind != "metric"])
def test_every_parameter_of_ours_has_a_meaning(kind: str) -> None:
    silent = [
        f"{entry.name}.{parameter.name}"
        for entry in entries(kind)
        if not entry.third_party
        for parameter in explained(entry).parameters
        if not parameter.meaning
    ]
    assert silent == []
