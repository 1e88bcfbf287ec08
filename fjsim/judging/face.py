"""One call from a recorded deliberation to what defenses would have made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fjsim.contracts import Defense
from fjsim.errors import ConfigError
from fjsim.foreign_text import shown
from fjsim.judging.counterfactual import FittedLaw, counterfactual, fitted_law
from fjsim.judging.detecting import detection
from fjsim.judging.findings import Judged, Judgement
from fjsim.judging.replay import replay
from fjsim.judging.source import JudgedLog, judged_log
from fjsim.judging.unlike import reference
from fjsim.records import Transcript
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.source import HasArms
from fjsim.registry import build

DEFENSES = (
    "ballot", "trust-adaptive", "peer-agreement", "stubbornness-detector", "beta-reputation",
)  # fmt: skip
"""What is judged unless others are asked for."""

DefenseLike = str | Mapping[str, Any] | Defense


def judge(
    source: Transcript | HasArms | ImportedLog | str | Path,
    defenses: Iterable[DefenseLike] = DEFENSES,
    *,
    labels: bool = False,
    threshold: float = 0.5,
    law: str = "auto",
    seed: int = 0,
) -> Judgement:
    """Judge defenses on a deliberation that was recorded without them.

    Parameters
    ----------
    source : Run, Transcript, ImportedLog, str or Path
        What was recorded, or the path of a run folder or of a foreign log. Of a run the attacked
        arm is judged; its clean arm tells false cuts, and is what the law is fitted to.
    defenses : iterable of str, mapping or Defense
        Names, blocks as in a scenario (``{"kind": "trust-adaptive", "margin": 1}``), or defenses
        made by hand.
    labels : bool, default False
        Whether they are shown keys, as their own ``labels`` ask; else they see none.
    threshold : float, default 0.5
        Mean gate below which a speaker counts as cut, in (0, 1].
    law : str, default 'auto'
        Estimator of the counterfactual; see ``fjsim.judging.counterfactual.fitted_law``.
    seed : int, default 0
        Seed of the bootstrap over questions, and of audits where the log does not name its own.

    Returns
    -------
    Judgement
        By defense: whom it would have gated and when, what that costs benign speakers, and the
        last round under its gates by the fitted law, which is no observation.

    Raises
    ------
    ConfigError
        If there is no such source, defense or law.
    ParameterError
        If nothing was heard in the log.

    Examples
    --------
    >>> import fjsim  # doctest: +SKIP
    >>> found = fjsim.judge("their_log.csv", defenses=["trust-adaptive"])  # doctest: +SKIP
    >>> found["trust-adaptive"].detection.auc.text  # doctest: +SKIP
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"threshold is {threshold:g}; give a number above 0, at most 1")
    made = _made(defenses)
    log = judged_log(source)
    transcript = log.main.transcript
    fitted = fitted_law(log, law)
    judged = {
        name: _judged(log, defense, fitted, labels, threshold, seed)
        for name, defense in made.items()
    }
    hostile = transcript.hostile
    clean = hostile if log.clean is None else log.clean.transcript.hostile
    return Judgement(
        defenses=judged,
        reference=reference(transcript, seed),
        threshold=threshold,
        labels=labels,
        n_items=transcript.n_items,
        n_agents=transcript.n_agents,
        n_rounds=transcript.n_rounds,
        n_hostile=int(hostile.sum()),
        simulated=transcript.simulated,
        n_clean=int((~clean.any(axis=1)).sum()),
        warnings=(*log.notes, *_warnings(log, made, fitted, labels)),
    )


def _made(defenses: Iterable[DefenseLike]) -> dict[str, Defense]:
    """Make the defenses, each under the name that it was asked for by."""
    made: dict[str, Defense] = {}
    for given in [defenses] if isinstance(defenses, (str, Mapping, Defense)) else defenses:
        if isinstance(given, Defense):
            name, defense = type(given).__name__, given
        else:
            name = given if isinstance(given, str) else str(given.get("kind", ""))
            defense = build("defense", given)
        if isinstance(given, Mapping) and len(given) > 1:
            name += (
                f" ({', '.join(f'{key} {shown(given[key])}' for key in given if key != 'kind')})"
            )
        if name in made:
            raise ConfigError(f"defense {name} is asked for twice; give each once")
        made[name] = defense
    if not made:
        raise ConfigError("no defense is given; name at least one, or leave it to the default")
    return made


def _judged(
    log: JudgedLog,
    defense: Defense,
    fitted: FittedLaw | str,
    labels: bool,
    threshold: float,
    seed: int,
) -> Judged:
    audits = seed if log.seed is None else log.seed
    replayed = replay(log.main, defense, labels, audits)
    clean = None if log.clean is None else replay(log.clean, defense, labels, audits)
    told = None
    if isinstance(fitted, FittedLaw):
        told = counterfactual(fitted, replayed, defense, log.main.graph, seed)
    return Judged(detection(log.main, replayed, clean, threshold, seed), told)


def _warnings(
    log: JudgedLog, made: Mapping[str, Defense], fitted: FittedLaw | str, labels: bool
) -> tuple[str, ...]:
    transcript = log.main.transcript
    notes = []
    if not (transcript.heard_round >= 0).any():
        notes.append("nobody hears anybody in this log: there is nothing to gate")
    if not transcript.hostile.any():
        notes.append("nobody is marked as hostile: there is nothing to find, only false cuts")
    if isinstance(fitted, str):
        notes.append(f"the last round is not told again: {fitted}")
    blind = [name for name, one in made.items() if one.labels != "none" and not labels]
    if blind:
        notes.append(
            f"keys that a defense asks for are not shown ({', '.join(blind)}); --labels shows them"
        )
    remembers = [name for name, one in made.items() if one.memory != "none"]
    if remembers and (transcript.exchangeable or _wanders(transcript)):
        notes.append(
            f"memory is by seat ({', '.join(remembers)}), and in this log hostile speakers do not "
            "keep theirs from item to item"
            if not transcript.exchangeable
            else f"memory is by seat ({', '.join(remembers)}), and in this log other people sit in "
            "it from item to item"
        )
    return tuple(notes)


def _wanders(transcript: Transcript) -> bool:
    """Say whether some seat is hostile in some items and benign in others."""
    hostile = transcript.hostile
    return bool((hostile.any(axis=0) & ~hostile.all(axis=0)).any())
