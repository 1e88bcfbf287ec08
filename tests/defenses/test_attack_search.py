"""The attack that breaks the default defense, and that a budgeted search finds it."""

import numpy as np
import pytest

from studies.attack_scripts import SCRIPTS, Script
from studies.attack_search import STARTS, damage_of, judged, script_of, search, trial_counts
from studies.defense_grid import made
from studies.numeric_teams import ARMS, Setting, play

DEFAULT = "trust-adaptive"
SMALL = Setting(n_teams=6, n_questions=40, seed=7)
CHOOSY = {"seats": "0+1", "target": "popular", "lead": 1}
"""Two colluders that strike only where the others' votes nearly balance."""


def choosy(block, setting=SMALL):
    counts = trial_counts(setting, made(block), [CHOOSY])
    return counts, damage_of("every")(counts, "try 0"), damage_of("struck")(counts, "try 0")


def test_colluders_that_strike_only_where_it_pays_beat_the_default() -> None:
    counts, every, struck = choosy(DEFAULT)
    always = play(SMALL, made(DEFAULT)).success("collude-2")
    assert every > 0.03
    assert every > 3 * always[0].sum() / always[1].sum()
    assert struck > 0.2
    flips, chances = counts.lost_anyway("try 0")
    assert flips.sum() / chances.sum() < 0.1, "without the attack those questions are not lost"


def test_margin_buys_safety_from_them_for_accuracy() -> None:
    counts, every, _ = choosy(DEFAULT)
    cautious, guarded, _ = choosy({"kind": DEFAULT, "margin": 1.0})
    assert guarded < every / 2
    assert cautious.accuracy()[0].sum() < counts.accuracy()[0].sum()


def test_search_finds_what_the_nine_attacks_do_not_do() -> None:
    trials = search("complete", DEFAULT, "every", budget=12, setting=SMALL)
    known = play(SMALL, made(DEFAULT))
    rates = [known.success(arm) for arm in ARMS[1:]]
    worst = max(flips.sum() / max(chances.sum(), 1) for flips, chances in rates)
    assert len(trials) == 12
    assert trials[0].damage > worst
    found = judged("complete", DEFAULT, trials[0], 12, SMALL)
    assert found.every.value == pytest.approx(trials[0].damage)
    assert found.share <= 1


def test_search_stays_within_its_budget() -> None:
    setting = Setting(n_teams=2, n_questions=5)
    assert len(search("ring", None, "struck", budget=3, setting=setting)) == 3
    assert len(search("ring", None, "every", budget=9, n_seats=1, setting=setting)) == 9


def test_script_strikes_on_its_phase_and_where_votes_are_close() -> None:
    counts = play(
        Setting(
            n_teams=4,
            n_questions=12,
            arms=("none", "some"),
            scripts={"some": Script(honest_questions=4, honest_phase=1, hostile_phase=1, lead=1)},
        ),
        None,
    )
    struck = counts.right_first[:, 1] > 0
    assert not struck[:5].any()
    assert not struck[4::2].any()
    assert (counts.right_first[:, 1] <= counts.right_every[:, 1]).all()
    assert (counts.flipped_every[:, 1] >= counts.flipped[:, 1]).all()


def test_colluders_in_turn_are_never_both_hostile() -> None:
    setting = Setting(
        n_teams=3,
        n_questions=6,
        arms=("both", "turns"),
        scripts={"both": Script(n_seats=2), "turns": Script(n_seats=2, takes_turns=True)},
    )
    counts = play(setting, made("ballot"))
    assert counts.flipped[:, 1].sum() <= counts.flipped[:, 0].sum()
    assert np.isnan(counts.flipped_anyway).all(), "nobody's attack was not played"


def test_every_start_is_a_script() -> None:
    assert all(script_of({"seats": "0+1", **start}).seats == (0, 1) for start in STARTS)
    assert set(ARMS) <= set(SCRIPTS)
