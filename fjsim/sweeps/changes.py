"""Paired differences of a setting: what a defense changes, what it costs, what an attack does."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.metrics import Tally
from fjsim.metrics.differences import NO_DIFFERENCE, Difference, difference
from fjsim.sweeps.groups import Group, tally_of

RATE, ACCURACY = "attack_success_rate", "accuracy_final"


@dataclass(frozen=True, slots=True)
class Change:
    """A family of paired tests; Holm's control is within each.

    Parameters
    ----------
    name : str
        First part of its columns' names.
    label : str
        What pages call it.
    direction : str
        Which way is better, and against what.
    """

    name: str
    label: str
    direction: str

    @property
    def title(self) -> str:
        """The label with an arrow: less is better in all of them."""
        return f"{self.label} ↓"


CHANGES = (
    Change(
        "asr_change",
        "change against none",
        "lower is safer: against the same cells with defense none",
    ),
    Change(
        "price",
        "price, no attack",
        "lower is better: accuracy lost without attack, against defense none",
    ),
    Change(
        "attack_effect",
        "effect of the attack",
        "lower is safer: attack success minus flip rate without attack",
    ),
)


def paired_change(group: Group, name: str, seed: int = 0) -> Difference:
    """Return one paired difference of a setting.

    Parameters
    ----------
    group : Group
    name : {'asr_change', 'price', 'attack_effect'}
        Against the undefended twin under attack; against it without attack; or against the
        own arm without attack.
    seed : int
        Seed of bootstrap and test.
    """
    first, second = _sides(group, name)
    return NO_DIFFERENCE if first is None or second is None else difference(first, second, seed)


def _sides(group: Group, name: str) -> tuple[Tally | None, Tally | None]:
    if name == "price":
        return tally_of(group.bare, ACCURACY, "clean"), tally_of(group.counts, ACCURACY, "clean")
    under_attack = tally_of(group.counts, RATE, "attacked")
    if name == "attack_effect":
        return under_attack, tally_of(group.counts, RATE, "clean")
    return under_attack, tally_of(group.bare, RATE, "attacked")
