"""Whom first answers and first words give away on recorded teams, and what hides them.

    python -m studies.unlike_words TEAMS.json.gz

Four versions of the log are judged by the defense ``unlike``: as recorded; with the attackers'
seats left out, which says whom it cuts where nobody attacks; with the attackers' words inside
those of the most central honest agent (``benign-wrapper``); and with attackers that wrap their
words and begin undecided (``chaos-seeding``). Simulated messages carry no words worth comparing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.deliberation.likeness import likeness
from fjsim.records import Transcript
from fjsim.records.importers import read_log
from fjsim_defenses.unlike import Unlike

OWN_WORDS = 12
"""How many of its own last words a wrapped liar keeps."""


@dataclass(frozen=True)
class Team:
    """The first statements of one question.

    Parameters
    ----------
    beliefs : ndarray of shape (n_agents, n_options)
    texts : tuple of str
    hostile : ndarray of bool, shape (n_agents,)
    """

    beliefs: Array
    texts: tuple[str, ...]
    hostile: NDArray[np.bool_]

    def record(self) -> Record:
        """Return it as a defense sees it."""
        first, n_agents = self.beliefs[None], len(self.texts)
        alone = np.zeros((n_agents, n_agents))
        none = np.zeros(first.shape[:2])
        return Record(
            "q", alone, first, first, none.astype(np.int64), none, alike=likeness(self.texts)
        )


def teams(transcript: Transcript) -> Iterator[Team]:
    """Yield the teams of a log."""
    for item, texts in enumerate(transcript.openings):
        first = transcript.beliefs[item, 0]
        missing = np.isnan(first).all(axis=-1, keepdims=True)
        beliefs = np.where(missing, np.nan, np.nan_to_num(first))
        yield Team(beliefs, texts, transcript.hostile[item])


def without_attackers(team: Team) -> Team:
    """Return the honest seats alone."""
    honest = ~team.hostile
    texts = tuple(text for text, kept in zip(team.texts, honest, strict=True) if kept)
    return Team(team.beliefs[honest], texts, team.hostile[honest])


def wrapped(team: Team) -> Team:
    """Return the team with the attackers' words inside those of the most central honest agent."""
    alike = likeness(team.texts)
    if alike is None or team.hostile.all():
        return team
    among = np.where(team.hostile[:, None] | team.hostile, np.nan, alike)
    central = int(np.argmax(np.nansum(among, axis=-1)))
    texts = tuple(
        f"{team.texts[central]} {' '.join(text.split()[-OWN_WORDS:])}" if lies else text
        for text, lies in zip(team.texts, team.hostile, strict=True)
    )
    return Team(team.beliefs, texts, team.hostile)


def undecided(team: Team) -> Team:
    """Return the team with wrapped attackers that state all options alike."""
    n_options = team.beliefs.shape[-1]
    even = np.full(n_options, 1 / n_options)
    beliefs = np.where(team.hostile[:, None], even, team.beliefs)
    return Team(beliefs, wrapped(team).texts, team.hostile)


VERSIONS = {
    "as recorded": lambda team: team,
    "attackers left out": without_attackers,
    "benign-wrapper": wrapped,
    "chaos-seeding": undecided,
}


def row(name: str, changed: list[Team], defense: Unlike) -> str:
    """Return one version's line."""
    scores = [defense.unlikeness(team.record()) for team in changed]
    middle = (defense.low + defense.high) / 2
    hostile = np.concatenate([team.hostile for team in changed])
    flat = np.concatenate(scores)
    caught, false = (flat > middle)[hostile], (flat > middle)[~hostile].sum() / len(changed)
    found = f"{roc_auc_score(hostile, flat):.2f}" if hostile.any() else "-"
    share = f"{caught.mean():.2f}" if hostile.any() else "-"
    return f"{name:<20}{found:>6}{share:>8}{false:>14.2f}"


def main(path: Path) -> None:
    """Print the table."""
    log = list(teams(read_log(path).transcript))
    for words in (3.0, 0.0):
        defense = Unlike(words=words)
        print(f"unlike, words {words:g}        AUC   caught   false cuts a question")
        for name, change in VERSIONS.items():
            print(row(name, [change(team) for team in log], defense))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
