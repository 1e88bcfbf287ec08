"""The runtime hands an attack what its threat model declares, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.beliefs import certain
from fjsim.contracts import Attack, Message, Power, Sight, Stance, ThreatModel, View

OURS = sorted(
    entry.name for entry in registry.entries("attack") if entry.package == "fjsim_attacks"
)
SIGHTS = {
    Sight.GRAPH: "influence",
    Sight.BELIEFS: "stated",
    Sight.TRUST: "gates",
}


@dataclass(frozen=True)
class Curious(Attack):
    """Notes what it is shown, and tries everything."""

    allowed: ThreatModel
    views: list[tuple[str, View]]
    waits: bool = False

    @property
    def threat(self) -> ThreatModel:
        return self.allowed

    @property
    def waits_for_round0(self) -> bool:
        return self.waits

    def take_seats(self, influence: Any, rng: Any) -> tuple[int, ...]:
        return (0,)

    def pick_target(self, question: Any, benign: Any, rng: Any) -> int:
        self.views.append(("benign", benign))
        return 1

    def stance(self, seat: int, view: View) -> Stance:
        self.views.append(("stance", view))
        return Stance(view.target, certain(view.target, 4, 0.9))

    def tamper(self, message: Message, listener: int, view: View) -> Message:
        self.views.append(("tamper", view))
        return replace(message, answer=3)

    def forge(self, message: Message, listener: int, view: View) -> tuple[Message, ...]:
        return (replace(message, speaker=2, gate=1.0, weight=9.0),)

    def recruit(self, seat: int, view: View) -> Stance:
        return Stance(0, certain(0, 4, 0.8))


def curious(*granted: Sight | Power, waits: bool = False) -> Curious:
    sees = frozenset(one for one in granted if isinstance(one, Sight))
    may = frozenset(one for one in granted if isinstance(one, Power))
    return Curious(ThreatModel(sees, may), [], waits)


def shown(attack: Curious, kind: str = "stance") -> Iterator[View]:
    return (view for name, view in attack.views if name == kind)


def test_an_adversary_that_may_see_nothing_is_shown_nothing(act) -> None:
    attack = curious()
    act(attack)
    for view in shown(attack):
        assert (view.influence, view.stated, view.gates, view.messages) == (None, None, None, ())
        assert view.question.key is None


@pytest.mark.parametrize("sight", [Sight.GRAPH, Sight.BELIEFS, Sight.KEY, Sight.MESSAGES])
def test_a_sight_opens_its_own_field_and_no_other(act, sight) -> None:
    attack = curious(sight)
    act(attack)
    view = [view for view in shown(attack) if view.round == 2][-1]
    opened = {name for name in SIGHTS.values() if getattr(view, name) is not None}
    assert opened == ({SIGHTS[sight]} if sight in SIGHTS else set())
    assert (view.question.key == 2) is (sight is Sight.KEY)
    assert bool(view.messages) is (sight is Sight.MESSAGES)


def test_gates_are_shown_to_who_sees_trust_only(act) -> None:
    mute = registry.build("defense", "none")
    for sights in [(), (Sight.TRUST,)]:
        attack = curious(*sights)
        act(attack, defense=mute)
        last = list(shown(attack))[-1]
        assert (last.gates is not None) is bool(sights)


def test_what_is_stated_in_a_round_is_not_seen_in_that_round(act) -> None:
    attack = curious(Sight.BELIEFS)
    act(attack)
    rows = {view.round: view.stated.shape[0] for view in shown(attack)}
    assert rows == {0: 0, 1: 1, 2: 2, 3: 3}


def test_messages_are_cut_to_what_peers_may_see(act) -> None:
    attack = curious(Sight.MESSAGES)
    act(attack, rules={"peers_see": frozenset({"answer"})})
    view = list(shown(attack))[-1]
    assert {(m.answer, m.belief, m.confidence, m.reason) for m in view.messages} == {
        (2, None, None, "")
    }


@pytest.mark.parametrize(
    ("granted", "waits", "told"),
    [((), True, False), ((Sight.BELIEFS,), True, True), ((Sight.BELIEFS,), False, False)],
)
def test_first_beliefs_go_to_who_waits_and_may_see_them(act, granted, waits, told) -> None:
    attack = curious(*granted, waits=waits)
    act(attack)
    benign: Any = next(view for name, view in attack.views if name == "benign")
    assert (benign is not None) is told
    assert not told or benign.shape == (3, 4)


def test_who_may_not_rewrite_others_changes_its_own_words_only(act) -> None:
    played = act(curious())
    assert [m.answer for m in played.heard(0, 1)] == [2, 2, 2]
    assert [m.answer for m in played.heard(2, 1)] == [3]
    assert played.deliberation.record().answers[:, 1:].tolist() == [[2, 2, 2]] * 4


def test_who_may_rewrite_others_rewrites_everybody_and_the_record(act) -> None:
    played = act(curious(Power.REWRITE))
    assert [m.answer for m in played.heard(0, 1)] == [3, 3, 3]
    assert played.deliberation.record().answers.tolist() == [[3, 3, 3, 3]] * 4


def test_an_attack_without_the_power_to_rewrite_cannot_tamper(act) -> None:
    tamper: Any = type(registry.build("attack", "tamper"))

    @dataclass(frozen=True)
    class Handcuffed(tamper):
        @property
        def threat(self) -> ThreatModel:
            return ThreatModel(frozenset({Sight.GRAPH}))

    played = act(Handcuffed(target=1))
    assert [(m.answer, m.tampered) for m in played.heard(2, 1)] == [(2, False)]


def test_identities_are_forged_by_who_may_and_never_those_of_others(act) -> None:
    assert len(act(curious()).heard(2, 1)) == 1
    real, forged = act(curious(Power.FORGE_IDENTITIES)).heard(2, 1)
    assert (real.speaker, forged.speaker) == (0, 4)
    assert forged.weight == real.weight == 1.0


def test_recruits_speak_for_who_may_recruit_only(act) -> None:
    assert act(curious()).belief(2, 1) == [0.1, 0.1, 0.7, 0.1]
    assert act(curious(Power.RECRUIT)).belief(2, 1) == pytest.approx(certain(0, 4, 0.8).tolist())


@pytest.mark.parametrize("kind", OURS)
def test_no_attack_needs_more_than_its_threat_model(act, kind) -> None:
    attack = registry.build("attack", kind)
    played = act(attack, n_rounds=2)
    powers = attack.threat.may
    changed = [m for seat in played.agents for m in played.heard(seat, 1) if m.tampered]
    foreign = [m for m in changed if m.speaker not in played.deliberation.team.adversary_seats]
    assert not foreign or {Power.REWRITE, Power.FORGE_IDENTITIES} & powers


@pytest.mark.parametrize("kind", OURS)
def test_a_stance_is_a_function_of_the_view(view, kind) -> None:
    attack = registry.build("attack", kind)
    twin = registry.build("attack", kind)
    stated = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 4))
    seen = {"influence": np.ones((4, 4)) / 4, "stated": stated}

    def said(one: Attack) -> Any:
        stance = one.stance(0, view(one, round=3, rng=np.random.default_rng(1), **seen))
        return None if stance is None else (stance.target, stance.belief.tolist(), stance.brief)

    first = said(attack)
    for number in range(3):
        attack.stance(0, view(attack, round=number, **seen))
    assert said(attack) == first == said(twin)
