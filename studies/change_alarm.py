"""When the change alarm goes off, and how often for nothing.

    python -m studies.change_alarm

Numeric teams on a complete graph whose members follow the law, alike or each with parameters of
its own. A delay counts rounds from an attack's first hostile statement of a question to the
statement that sets the alarm off; a false alarm is one for a seat that nobody holds, per 1000
rounds of teams that nobody attacks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

import fjsim
from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.judging.replay import replay
from fjsim.judging.source import judged_log
from fjsim_defenses.change_alarm import ChangeAlarm, Usual
from studies.numeric_teams import Setting, play

ATTACKS = ("sleeper", "on-off", "on-off-1", "late-sleeper", "slow-drift", "stubborn")
NEVER = -1


@dataclass(frozen=True, kw_only=True)
class Watched(ChangeAlarm):
    """A change alarm that keeps the round of each alarm, question by question.

    Parameters
    ----------
    alarms : list of ndarray of int, shape (n_arms, n_teams, n_agents)
        `NEVER` where there was none.
    """

    alarms: list[Array] = field(default_factory=list)

    def update(self, record: Record, state: Usual, key: int | None) -> Usual:
        """Keep the alarms of the question, and learn from it."""
        alarmed = self.watched(record, state).alarmed
        self.alarms.append(np.where(alarmed.any(axis=0), 1 + alarmed.argmax(axis=0), NEVER))
        return super().update(record, state, key)


def delays(setting: Setting, arm: str, alarms: Array) -> Array:
    """Return the delays of one arm's attacker over its hostile questions; infinite for none.

    Parameters
    ----------
    setting : Setting
    arm : str
    alarms : ndarray of shape (n_questions, n_arms, n_teams, n_agents)
    """
    script, at = setting.script(arm), setting.arms.index(arm)
    numbers = np.arange(len(alarms)) - script.honest_questions
    phase = numbers % (script.honest_phase + script.hostile_phase)
    hostile = (numbers >= 0) & (phase >= script.honest_phase)
    found = alarms[hostile, at][..., setting.held(arm)[0]]
    return np.where(found == NEVER, np.inf, found - script.honest_rounds).ravel()


def table(
    n_teams: int = 10, n_questions: int = 100, attacks: Sequence[str] = ATTACKS
) -> Iterator[str]:
    """Yield the lines of the table of numeric teams."""
    setting = Setting(arms=("none", *attacks), n_teams=n_teams, n_questions=n_questions)
    watched = Watched()
    counts = play(setting, watched)
    alarms = np.stack(watched.alarms)
    rounds = n_questions * n_teams * setting.n_rounds
    false = (alarms[:, 0] != NEVER).sum()
    yield f"false alarms per 1000 clean rounds: {1000 * false / rounds:.2f}"
    yield f"{'attack':<14}{'median delay':>14}{'found':>8}{'attack success':>17}"
    for arm in attacks:
        waited = delays(setting, arm, alarms)
        flipped, right = counts.success(arm)
        rate = flipped.sum() / max(right.sum(), 1)
        found = np.isfinite(waited).mean()
        yield f"{arm:<14}{np.median(waited):>14.0f}{found:>8.2f}{rate:>17.3f}"


def simulated(limit: int = 100) -> float:
    """Return false alarms per 1000 clean rounds of the embedded model, whose agents differ."""
    run = fjsim.run({"questions": {"limit": limit}, "rounds": 10, "topology": "complete"})
    gates = replay(judged_log(run).main, ChangeAlarm()).gates
    cut = (gates == 0).any(axis=2)
    first = cut.any(axis=1).sum()
    return float(1000 * first / (limit * 10))


def main() -> None:
    """Print the table."""
    for line in table():
        print(line, flush=True)
    if "simulated" in sys.argv[1:]:
        print(f"embedded model: {simulated():.2f} false alarms per 1000 clean rounds")


if __name__ == "__main__":
    main()
