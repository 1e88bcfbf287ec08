"""What judging a log finds: whom a defense would have gated, when, and at what price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fjsim.html_table import html_table
from fjsim.metrics import Estimate
from fjsim.metrics.differences import Difference


@dataclass(frozen=True, slots=True)
class SpeakerCut:
    """The first round of an item in which a speaker's mean gate is below the threshold.

    Parameters
    ----------
    item : str
        Question of the item.
    replica, round : int
    speaker : str
        Name of the seat.
    role : str
        Role of the speaker in that item.
    weight : float
        Its mean gate over its listeners there, in [0, 1].
    """

    item: str
    replica: int
    round: int
    speaker: str
    role: str
    weight: float


@dataclass(frozen=True)
class Detection:
    """Whom a defense tells apart, and whom it wrongs.

    Parameters
    ----------
    auc : Estimate
        Chance that a hostile speaker's last mean gate is below a benign one's, ties one half.
    gate_by_role : mapping of str to Estimate
        Mean gate over all messages of speakers in that role; interval over questions.
    gate_by_seat : mapping of str to float or None
        Mean gate over all messages of a seat; None for one that nobody heard.
    caught : Estimate
        Share of the hostile (item, speaker) that is cut in any round.
    first_round : Estimate
        Mean first round of those that are cut.
    first_item : str or None
        The first item, in the order of play, on which a hostile speaker is cut.
    items_before : int or None
        How many items came before it.
    false_cuts_per_clean_question : Estimate
        Benign messages below the threshold per item without a hostile speaker.
    false_cuts_per_attacked_question : Estimate
        The same per item with one.
    cuts : tuple of SpeakerCut
        In the order of play.
    """

    auc: Estimate
    gate_by_role: Mapping[str, Estimate]
    gate_by_seat: Mapping[str, float | None]
    caught: Estimate
    first_round: Estimate
    first_item: str | None
    items_before: int | None
    false_cuts_per_clean_question: Estimate
    false_cuts_per_attacked_question: Estimate
    cuts: tuple[SpeakerCut, ...]


@dataclass(frozen=True)
class Counterfactual:
    """The last round as the fitted law gives it under a defense's gates: not an observation.

    Parameters
    ----------
    recorded : Estimate
        Attack success as it was recorded.
    without, under : Estimate
        Attack success by the law, with the gates of the log and with those of the defense.
    change : Difference
        ``under`` minus ``without``, paired by question: what the law gives to the defense.
    against_recorded : Difference
        ``under`` minus ``recorded``, paired; it holds the error of the law as well.
    law : str
        Estimator that was fitted.
    fitted_on : str
        Arm that it was fitted to.
    expected : bool
        Whether the law's beliefs are taken for chances of answers, as in a log of answers alone.
    """

    recorded: Estimate
    without: Estimate
    under: Estimate
    change: Difference
    against_recorded: Difference
    law: str
    fitted_on: str
    expected: bool


@dataclass(frozen=True)
class Judged:
    """What one defense makes of a log.

    Parameters
    ----------
    detection : Detection
    counterfactual : Counterfactual or None
        None where nobody is hostile, where there are no keys, or where no law can be fitted.
    """

    detection: Detection
    counterfactual: Counterfactual | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        found = self.detection
        values = {
            "auc": found.auc.as_dict(),
            "gate_by_role": {role: one.as_dict() for role, one in found.gate_by_role.items()},
            "gate_by_seat": dict(found.gate_by_seat),
            "caught": found.caught.as_dict(),
            "first_round": found.first_round.as_dict(),
            "first_item": found.first_item,
            "items_before": found.items_before,
            "false_cuts_per_clean_question": found.false_cuts_per_clean_question.as_dict(),
            "false_cuts_per_attacked_question": found.false_cuts_per_attacked_question.as_dict(),
            "cuts": [asdict(cut) for cut in found.cuts],
        }
        return {**values, "counterfactual": self._counterfactual()}

    def _counterfactual(self) -> dict[str, Any] | None:
        made = self.counterfactual
        if made is None:
            return None
        return {
            "law": made.law,
            "fitted_on": made.fitted_on,
            "expected": made.expected,
            "attack_success_recorded": made.recorded.as_dict(),
            "attack_success_by_the_law": made.without.as_dict(),
            "attack_success_under_the_defense": made.under.as_dict(),
            "change": asdict(made.change),
            "against_recorded": asdict(made.against_recorded),
        }


@dataclass(frozen=True)
class Judgement:
    """Defenses side by side on one log.

    Parameters
    ----------
    defenses : mapping of str to Judged
        By name, in the order asked for.
    reference : mapping of str to Estimate
        AUC of scores that need no defense: how unlike the others' a seat's ``answer`` of round 0
        is, its ``words``, and ``both``; the latter two only where the log holds texts.
    threshold : float
        Mean gate below which a speaker counts as cut.
    labels : bool
        Whether defenses were shown keys.
    n_items, n_agents, n_rounds, n_hostile, n_clean : int
        Size of the log; how many (item, agent) are hostile, and how many items have none such.
    warnings : tuple of str
        What a reader must know before believing a number.
    simulated : bool
        Whether no language model took part.
    """

    defenses: Mapping[str, Judged]
    reference: Mapping[str, Estimate]
    threshold: float
    labels: bool
    n_items: int
    n_agents: int
    n_rounds: int
    n_hostile: int
    n_clean: int
    warnings: tuple[str, ...] = ()
    simulated: bool = False

    def __getitem__(self, name: str) -> Judged:
        """Return what one defense makes of the log."""
        return self.defenses[name]

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``fjsim judge --json`` prints; None where nothing was counted."""
        sizes = (
            "n_items", "n_agents", "n_rounds", "n_hostile", "n_clean", "threshold", "labels",
            "simulated",
        )  # fmt: skip
        return {
            "defenses": {name: one.as_dict() for name, one in self.defenses.items()},
            "reference": {name: one.as_dict() for name, one in self.reference.items()},
            **{name: getattr(self, name) for name in sizes},
            "warnings": list(self.warnings),
        }

    def _repr_html_(self) -> str:
        rows = [
            (
                name,
                one.detection.auc.text,
                one.detection.caught.text,
                one.detection.false_cuts_per_clean_question.text,
                "n/a" if one.counterfactual is None else one.counterfactual.under.text,
            )
            for name, one in self.defenses.items()
        ]
        headers = ("defense", "AUC", "hostile cut", "false cuts", "attack success by the law")
        return html_table(headers, rows, f"{self.n_items} items judged", self.warnings)
