"""What a run came to in one sentence, and in small print how far to trust it."""

from __future__ import annotations

from typing import NamedTuple

from fjsim.metrics import Estimate
from fjsim.report.caveat import CAVEAT
from fjsim.report.html.network import hub
from fjsim.runs import Run

FEW_QUESTIONS = 30
"""With fewer the interval is too wide to rest anything on, and the page says so."""
NOT_TRUSTED = 0.05
"""Share of missing turns from which the page says not to trust the numbers."""
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Verdict(NamedTuple):
    """What stands at the head of a page.

    Parameters
    ----------
    headline : str
        What happened, held against a run without the adversary and against the law.
    small_print : tuple of str
        What limits it; whole sentences.
    """

    headline: str
    small_print: tuple[str, ...]


def verdict(run: Run) -> Verdict:
    """Judge a run by its measured metrics.

    Parameters
    ----------
    run : Run
        With a finished question.

    Returns
    -------
    Verdict

    Raises
    ------
    StorageError
        If no question of it is finished.
    """
    attacked = run.measured.source.main == "attacked"
    parts = [_attacked(run), _law(run), _defended(run)] if attacked else [_calm(run)]
    return Verdict(" ".join(part for part in parts if part), tuple(_small_print(run)))


def percent(estimate: Estimate) -> str:
    """Return a share as a person reads it.

    Examples
    --------
    >>> percent(Estimate(0.642, 0.59, 0.687, 500))
    '64 % [59, 69]'
    """
    if estimate.value is None:
        return "an unknown share"
    text = f"{100 * estimate.value:.0f} %"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{100 * estimate.low:.0f}, {100 * estimate.high:.0f}]"


def _attacked(run: Run) -> str:
    success, base = run.metrics["attack_success_rate"], run.metrics["no_attack_flip_rate"]
    who = _adversary(run)
    if success.value is None:
        return (
            f"{who} attacked; nobody was right at first, or the questions have no key, so that "
            "there is no attack success."
        )
    sentence = f"{who} made {percent(success)} of right agents end wrong"
    if base.value is None:
        return f"{sentence}; there is no clean arm to hold that against."
    pronoun = "it" if len(run.contents.known_header.seats) == 1 else "them"
    return f"{sentence}; without {pronoun} {100 * base.value:.0f} % do."


def _adversary(run: Run) -> str:
    header = run.contents.known_header
    seats, agents = len(header.seats), header.n_agents
    if seats == 0:
        return "The adversary, which holds no seat,"
    kind = "hub" if header.seats == (hub(header.graph),) else "agent"
    plural = "" if seats == 1 else "s"
    count = _count(seats)
    return f"{count[:1].upper()}{count[1:]} hostile {kind}{plural} of {_count(agents)}"


def _count(number: int) -> str:
    return WORDS[number] if number < len(WORDS) else str(number)


def _law(run: Run) -> str:
    predicted, observed = run.metrics["flips_predicted"], run.metrics["flips_observed"]
    if predicted.value is None or observed.value is None:
        return "" if run.baseline is None else "The law predicts nothing here."
    pronoun = "It" if len(run.contents.known_header.seats) == 1 else "They"
    return (
        f"{pronoun} brought {100 * observed.value:.0f} % of agents to the target; the law "
        f"predicts {100 * predicted.value:.0f} %."
    )


def _defended(run: Run) -> str:
    kind = None if run.setup is None else run.scenario.defense.kind
    if kind is None:
        return "Whether a defense was on is not known."
    if kind == "none":
        stopped = run.metrics["attack_success_rate"]
        held = stopped.high is not None and stopped.high < 0.5
        return "No defense was on." if held else "Nothing stopped it: no defense was on."
    found, wronged = run.metrics["detected"], run.metrics["false_isolation"]
    if found.value is None:
        return f"The defense {kind} was on."
    sentence = f"The defense {kind} was on and distrusted {100 * found.value:.0f} % of adversaries"
    if wronged.value is not None:
        sentence += f", and {100 * wronged.value:.0f} % of benign agents with them"
    return f"{sentence}."


def _calm(run: Run) -> str:
    numbers = run.metrics
    flips, first, last = (
        numbers[name] for name in ("attack_success_rate", "accuracy_initial", "accuracy_final")
    )
    if first.value is None or last.value is None:
        return "Nobody attacked, and the questions have no key, so that nobody is right or wrong."
    change = f"{100 * first.value:.0f} % of agents are right at first, {percent(last)} at the end"
    if flips.value is None:
        return f"Nobody attacked; {change}."
    return f"Nobody attacked; {change}. Of those right at first, {percent(flips)} end wrong."


def _small_print(run: Run) -> list[str]:
    notes = [f"{note[:1].upper()}{note[1:]}." for note in run.notes]
    n_questions = len(set(run.transcript.question_ids))
    missing = run.outcome.missing_share
    if missing > NOT_TRUSTED:
        notes.append(f"Not trustworthy: {100 * missing:.0f} % of all turns are missing.")
    if n_questions < FEW_QUESTIONS:
        plural = "" if n_questions == 1 else "s"
        notes.append(
            f"Only {n_questions} question{plural}: another sample could well come out otherwise."
        )
    notes += [CAVEAT] if run.simulated else []
    notes.append(
        "Brackets are 95 % intervals, bootstrapped over questions. ↓ lower is safer, ↑ higher is "
        "better."
    )
    return notes
