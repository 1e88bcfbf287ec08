"""Numeric teams by the thousand: the law and the very plug-ins, all seeds and attacks at once.

Arrays carry two leading axes, (arm, team): an arm is one attack's script, a team one seed. All
arms of a team share graph, questions and innate beliefs. The attacks are scripts of their own
(``attack_scripts``), because a plug-in's ``View`` is one team's; the defenses are the registered
ones, whose gates are written over leading axes.

A tampered speaker's forged statements stand in ``Record.stated`` and its own innate belief in
``Record.accepted[0]``; in later rounds a defense that starts from the listener's last belief
reads the forged one for that seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fjsim import registry
from fjsim.beliefs import TIE_TOLERANCE, Array
from fjsim.contracts import Audit, Defense, Record
from fjsim.contracts.argument import persuaded
from fjsim.dynamics import influence_matrix
from fjsim_defenses.casting_vote import CastingVote
from fjsim_defenses.committee import Committee
from fjsim_defenses.rollback import Rollback
from fjsim_defenses.shared.ballot_bound import benign_lead, is_protected
from fjsim_defenses.shared.mixtures import gated_mixture
from studies.attack_scripts import (
    N_OPTIONS,
    SCRIPTS,
    Flags,
    Integers,
    Question,
    Script,
    certain,
)

STUBBORNNESS, SELF_WEIGHT = 0.1, 0.3
RESISTANCE = STUBBORNNESS / ((1 - STUBBORNNESS) * (1 - SELF_WEIGHT))

Margin = Literal["varied", "fixed", "small", "informative"]


@dataclass(frozen=True)
class Place:
    """A graph, how many agents it has, and the seats of one adversary or two colluders."""

    topology: str
    n_agents: int
    seats: tuple[int, int]
    parameters: dict[str, Any] = field(default_factory=dict)

    def influence(self, team: int) -> Array:
        """Return one team's W."""
        rng = np.random.default_rng([777, team])
        plugin = registry.build("topology", {"kind": self.topology, **self.parameters})
        return np.asarray(influence_matrix(plugin.graph(self.n_agents, rng), self.n_agents))


PLACES = {
    "star-hub": Place("star", 6, (0, 1)),
    "star-leaf": Place("star", 6, (1, 2)),
    "complete": Place("complete", 6, (0, 1)),
    "ring": Place("ring", 6, (0, 3)),
    "small-world": Place("watts-strogatz", 12, (0, 6), {"neighbours": 4, "rewiring": 0.2}),
}

MORE_PLACES = {"complete-8": Place("complete", 8, (0, 1))}
"""Further places, which are played where they are named."""

ARMS = (
    "none",
    "stubborn",
    "sleeper",
    "late-sleeper",
    "on-off",
    "on-off-1",
    "slow-drift",
    "wobble",
    "collude-2",
    "tamper",
)
"""Nobody, and nine attacks; `SCRIPTS` has more."""


@dataclass(frozen=True)
class Setting:
    """What is played; by default one team size and law throughout.

    Parameters
    ----------
    place : str
        A name from `PLACES`.
    arms : tuple of str
        Names in `SCRIPTS` or in ``scripts``.
    n_teams, n_questions, n_rounds, seed : int
    accuracy : float
        Chance that an agent is right in round 0.
    margin : str
        How certain agents are of their round-0 answer.
    target : {'random', 'best'}
        How the option is drawn that scripts are given: at random, or the wrong one that most of
        the others answer.
    convert_weight : float
        What multiplies the weight of a benign agent that was won over to the target, > 0.
    scripts : mapping of str to Script
        Further attacks.
    hard : bool
        Whether questions differ: the chance to be right is drawn for each, its mean ``accuracy``.
    n_casting : int
        How many voters from outside the team answer each question, right as often as an agent.
    copies : float
        Share of their answers that repeat an agent's round-0 answer.
    foresight : float
        Share of the questions on which an adversary knows the others' round-0 answers before it
        has to give its own, in [0, 1]: 1 where it speaks last, less where statements are sealed.
    """

    place: str = "complete"
    arms: tuple[str, ...] = ARMS
    n_teams: int = 10
    n_questions: int = 200
    n_rounds: int = 10
    accuracy: float = 0.8
    margin: Margin = "varied"
    target: Literal["random", "best"] = "random"
    seed: int = 0
    convert_weight: float = 1.0
    scripts: Mapping[str, Script] = field(default_factory=dict)
    hard: bool = False
    n_casting: int = 2
    copies: float = 0.0
    foresight: float = 1.0

    @property
    def where(self) -> Place:
        """The place that its name stands for."""
        return PLACES.get(self.place) or MORE_PLACES[self.place]

    def script(self, arm: str) -> Script:
        """Return the attack of an arm."""
        return self.scripts.get(arm) or SCRIPTS[arm]

    def held(self, arm: str) -> tuple[int, ...]:
        """Return the seats that an arm's adversary speaks from."""
        return self.script(arm).held(self.where.seats)


@dataclass(frozen=True)
class Counts:
    """What happened, each of shape (n_questions, n_arms, n_teams).

    Parameters
    ----------
    right_every, flipped_every : ndarray
        Attacked agents right at round 0, and of these wrong at the end, on every question.
    right_first, flipped : ndarray
        The same where the adversary struck; 0 elsewhere.
    flipped_anyway : ndarray
        Share of ``right_first`` that is wrong at the end in the arm ``none``; NaN where that is not
        played.
    right_last, agents : ndarray
        Benign agents right at the end, and how many there are.
    protected : ndarray of bool
        Whether the ballot theorem covers the question.
    lead : ndarray
        By how many of the benign round-0 votes the right option leads every wrong one.
    asked : ndarray of bool
        Whether the defense asked for casting votes.
    told_again : ndarray
        Turns that the defense told again.
    arms : tuple of str
    """

    right_every: Array
    flipped_every: Array
    right_first: Array
    flipped: Array
    flipped_anyway: Array
    right_last: Array
    agents: Array
    protected: NDArray[np.bool_]
    lead: Array
    asked: NDArray[np.bool_]
    told_again: Array
    arms: tuple[str, ...]

    def success(self, arm: str) -> tuple[Array, Array]:
        """Return flips and chances of one arm where it struck, flat over questions and teams."""
        at = self.arms.index(arm)
        return self.flipped[:, at].ravel(), self.right_first[:, at].ravel()

    def success_on_close(self, arm: str) -> tuple[Array, Array]:
        """Return `success` where the benign votes do not favour a wrong option by themselves."""
        at = self.arms.index(arm)
        fair = self.lead[:, at] >= 0
        flipped, chances = self.flipped[:, at] * fair, self.right_first[:, at] * fair
        return flipped.ravel(), chances.ravel()

    def success_on_every(self, arm: str) -> tuple[Array, Array]:
        """Return flips and chances of one arm on all questions, flat."""
        at = self.arms.index(arm)
        return self.flipped_every[:, at].ravel(), self.right_every[:, at].ravel()

    def lost_anyway(self, arm: str) -> tuple[Array, Array]:
        """Return what nobody's attack flips where an arm strikes, and its chances, flat."""
        at = self.arms.index(arm)
        return self.flipped_anyway[:, at].ravel(), self.right_first[:, at].ravel()

    def accuracy(self, arm: str = "none") -> tuple[Array, Array]:
        """Return right agents and agents of one arm, flat over questions and teams."""
        at = self.arms.index(arm)
        return self.right_last[:, at].ravel(), self.agents[:, at].ravel()


def play(setting: Setting, defense: Defense | None) -> Counts:
    """Play all questions of a setting in all arms under one defense.

    Parameters
    ----------
    setting : Setting
    defense : Defense or None
    """
    rng = np.random.default_rng(setting.seed)
    place = setting.where
    graphs = np.stack([place.influence(setting.seed + t) for t in range(setting.n_teams)])
    influence = np.broadcast_to(graphs, (len(setting.arms), *graphs.shape))
    state = None if defense is None else defense.initial_state(place.n_agents)
    rows = []
    for number in range(setting.n_questions):
        question = _draw(setting, place, number, rng)
        warm = defense is not None and number < defense.warmup
        n_rounds = 0 if warm else setting.n_rounds
        record, last, told = _deliberate(setting, influence, question, defense, state, n_rounds)
        if defense is not None:
            state = _learned(defense, record, state, question, rng)
        if not warm:
            counted = _count(setting, place, question, record, last)
            rows.append((*counted, _asked(defense, record), told))
    columns: list[Any] = [np.stack(column) for column in zip(*rows, strict=True)]
    return Counts(*[*columns, setting.arms])


def _asked(defense: Defense | None, record: Record) -> NDArray[np.bool_]:
    """Return in which teams the defense asks for casting votes, shape (n_arms, n_teams)."""
    if isinstance(defense, CastingVote):
        return defense.is_close(_cut(record, 1))
    if isinstance(defense, Committee) and defense.budget is None:
        n_agents = record.influence.shape[-1]
        return defense.is_in_doubt(record, defense.initial_state(n_agents))
    return np.zeros(record.influence.shape[:-2], dtype=bool)


def _learned(
    defense: Defense, record: Record, state: Any, question: Question, rng: np.random.Generator
) -> Any:
    if defense.memory == "none":
        return state
    shown = defense.labels == "all"
    if isinstance(defense.labels, Audit):
        shown = rng.random() < defense.labels.audit or question.number < defense.warmup
    seen = record if defense.memory == "history" else _cut(record, 1)
    key: Any = question.key if shown else None
    return defense.update(seen, state, key)


def _deliberate(
    setting: Setting,
    influence: Array,
    question: Question,
    defense: Defense | None,
    state: Any,
    n_rounds: int,
) -> tuple[Record, Array, Array]:
    """Return the public record, everybody's last beliefs, and how many turns were told again."""
    innate = np.broadcast_to(question.innate, (len(setting.arms), *question.innate.shape))
    casting = np.broadcast_to(question.casting, (len(setting.arms), *question.casting.shape))
    record = replace(_blank(influence, innate, n_rounds), casting=casting)
    own, told = innate, np.zeros(influence.shape[:-2])
    _say(setting, question, own, record, 0)
    for number in range(1, n_rounds + 1):
        seen, heard = _cut(record, number), record.stated[number - 1]
        gates = np.ones(influence.shape) if defense is None else defense.gates(seen, state)
        residual = "innate" if defense is None else defense.residual
        back = defense.restored(seen, state) if isinstance(defense, Rollback) else None
        if back is not None:
            own = np.where(np.isnan(back.beliefs), own, back.beliefs)
            heard = np.where(np.isnan(back.beliefs), heard, back.beliefs)
            told = told + back.turns
        weights = _with_converts(setting, question, influence, own)
        mixture = gated_mixture(weights, gates, heard, innate, own, residual)
        drift = SELF_WEIGHT * own + (1 - SELF_WEIGHT) * mixture
        own = STUBBORNNESS * innate + (1 - STUBBORNNESS) * drift
        _say(setting, question, own, record, number)
        own = _recruited(setting, question, own, record, number)
    return record, own, told


def _with_converts(setting: Setting, question: Question, influence: Array, own: Array) -> Array:
    """Return W with the weight of those who were won over to the target."""
    if setting.convert_weight == 1:
        return influence
    factors = np.ones(own.shape[:-1])
    for at, arm in enumerate(setting.arms):
        held = setting.held(arm)
        won = _won(setting, question, own, at, arm)
        won[:, list(held)] = False
        factors[at] = np.where(won, setting.convert_weight, 1.0)
    return persuaded(influence, factors[..., None, :])


def _won(setting: Setting, question: Question, own: Array, at: int, arm: str) -> Flags:
    """Say who favours an arm's target and did not at first, shape (n_teams, n_agents)."""
    target = setting.script(arm).aims(question, setting.held(arm))[:, None]
    return np.asarray(
        (own[at].argmax(axis=-1) == target) & (question.innate.argmax(axis=-1) != target)
    )


def _recruited(
    setting: Setting, question: Question, own: Array, record: Record, number: int
) -> Array:
    """Have those who were won over by one that recruits say from then on what it says."""
    for at, arm in enumerate(setting.arms):
        script, held = setting.script(arm), setting.held(arm)
        if script.recruits and held:
            won = _won(setting, question, own, at, arm)
            won[:, list(held)] = False
            sworn = certain(script.aims(question, held), script.certainty)[:, None]
            own = own.copy()
            own[at] = np.where(won[..., None], sworn, own[at])
            record.stated[number, at] = np.where(won[..., None], sworn, record.stated[number, at])
            record.accepted[number, at] = record.stated[number, at]
    return own


def _blank(influence: Array, innate: Array, n_rounds: int) -> Record:
    shape = (n_rounds + 1, *innate.shape)
    stated, accepted = np.empty(shape), np.empty(shape)
    accepted[0] = innate
    answers = np.zeros(shape[:-1], dtype=np.int64)
    return Record("q", influence, stated, accepted, answers, np.zeros(shape[:-1]))


def _cut(record: Record, n: int) -> Record:
    return Record(
        record.question_id,
        record.influence,
        record.stated[:n],
        record.accepted[:n],
        record.answers[:n],
        record.confidence[:n],
        casting=record.casting,
    )


def _say(setting: Setting, question: Question, own: Array, record: Record, number: int) -> None:
    stated = record.stated[number]
    stated[...] = own
    for at, arm in enumerate(setting.arms):
        script, held = setting.script(arm), setting.held(arm)
        for seat in held:
            stated[at, :, seat] = script.line(
                question, held, seat, own[at], number, setting.n_rounds
            )
    record.answers[number] = stated.argmax(axis=-1)
    record.confidence[number] = stated.max(axis=-1)
    if number:
        record.accepted[number] = stated


def _draw(setting: Setting, place: Place, number: int, rng: np.random.Generator) -> Question:
    n_teams = setting.n_teams
    aside = np.random.default_rng([setting.seed, number, 1])
    key = rng.integers(0, N_OPTIONS, n_teams)
    distractor, wrong = (key + rng.integers(1, N_OPTIONS, (2, n_teams))) % N_OPTIONS
    shape = (n_teams, place.n_agents)
    chance = _chances(setting, aside)
    own = _answers(key, distractor, chance, shape, rng)
    innate = _beliefs(own, _tops(setting.margin, own == key[:, None], rng), rng)
    if setting.target == "best":
        wrong = _most_popular_wrong(np.delete(own, place.seats[0], axis=1), key, rng)
    jitter = rng.uniform(0.55, 0.95, (setting.n_rounds + 1, n_teams))
    known = aside.random(n_teams) < setting.foresight
    guessed = _beliefs(
        answers := _answers(key, distractor, chance, shape, aside),
        _tops(setting.margin, answers == key[:, None], aside),
        aside,
    )
    foreseen = np.where(known[:, None, None], innate, guessed)
    lots, lot = aside.random(shape), aside.random(n_teams)
    casting = _casting(setting, key, distractor, chance, own, aside)
    return Question(number, key, wrong, innate, jitter, foreseen, lots, lot, casting)


def _chances(setting: Setting, rng: np.random.Generator) -> Array:
    """Return the chance to be right on one question, shape (n_teams, 1)."""
    if not setting.hard:
        return np.full((setting.n_teams, 1), setting.accuracy)
    # Of all questions, most are easy, and some are answered by hardly anybody.
    share = setting.accuracy
    return rng.beta(2 * share, 2 * (1 - share), (setting.n_teams, 1))


def _answers(
    key: Integers,
    distractor: Integers,
    chance: Array,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> Integers:
    """Draw what agents answer alone: half of the wrong answers on a distractor they share."""
    right, shared = rng.random((2, *shape))
    stray = (key[:, None] + rng.integers(1, N_OPTIONS, shape)) % N_OPTIONS
    missed = np.where(shared < 0.5, distractor[:, None], stray)
    return np.asarray(np.where(right < chance, key[:, None], missed))


def _casting(
    setting: Setting,
    key: Integers,
    distractor: Integers,
    chance: Array,
    own: Integers,
    rng: np.random.Generator,
) -> Integers:
    """Draw what voters from outside answer; some of them repeat an agent's answer."""
    shape = (setting.n_teams, setting.n_casting)
    alone = _answers(key, distractor, chance, shape, rng)
    copied = np.take_along_axis(own, rng.integers(own.shape[1] - 2, own.shape[1], shape), axis=1)
    return np.asarray(np.where(rng.random(shape) < setting.copies, copied, alone))


def _most_popular_wrong(votes: Integers, key: Integers, rng: np.random.Generator) -> Integers:
    tally = (votes[..., None] == np.arange(N_OPTIONS)).sum(axis=1) + rng.random(
        (len(key), N_OPTIONS)
    )
    tally[np.arange(len(key)), key] = -1
    return np.asarray(tally.argmax(axis=1))


def _tops(margin: Margin, right: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Draw the probability that everybody gives its own answer."""
    if margin == "fixed":
        return np.full(right.shape, 0.6)
    if margin == "informative":
        sure, unsure = rng.beta(4, 2, right.shape), rng.beta(2, 3, right.shape)
        return np.asarray(np.where(right, sure, unsure) * 0.65 + 0.32)
    low, high = (0.30, 0.45) if margin == "small" else (0.35, 0.95)
    return rng.uniform(low, high, right.shape)


def _beliefs(own: Integers, top: Array, rng: np.random.Generator) -> Array:
    """Share what is left over the other options, none of which comes near the top."""
    at_top = own[..., None] == np.arange(N_OPTIONS)
    rest = np.where(at_top, 0.0, rng.gamma(8.0, 1.0, (*own.shape, N_OPTIONS)))
    for _ in range(2):
        rest = rest / rest.sum(axis=-1, keepdims=True) * (1 - top)[..., None]
        rest = np.minimum(rest, 0.97 * top[..., None])
    return np.where(at_top, 1 - rest.sum(axis=-1, keepdims=True), rest)


def _count(
    setting: Setting, place: Place, question: Question, record: Record, last: Array
) -> tuple[Any, ...]:
    """Return one question's entries of `Counts`, in their order."""
    ordered = np.sort(last, axis=-1)
    clear = ordered[..., -1] - ordered[..., -2] > TIE_TOLERANCE
    first = record.accepted[0].argmax(axis=-1) == question.key[:, None]
    final = (last.argmax(axis=-1) == question.key[:, None]) & clear
    attacked, benign, speaks = np.ones((3, len(setting.arms), 1, place.n_agents), dtype=bool)
    struck = np.empty((len(setting.arms), setting.n_teams, 1), dtype=bool)
    for at, arm in enumerate(setting.arms):
        script, held = setting.script(arm), setting.held(arm)
        struck[at, :, 0] = script.strikes(question, held, setting.n_rounds)
        speaks[at, :, held] = False
        # Whose words are rewritten is no adversary: it can be flipped like the others.
        attacked[at, :, () if script.rewrites else held or place.seats[:1]] = False
        benign[at, :, held or place.seats[:1]] = False
    right, lost = first & attacked, first & ~final & attacked
    anyway = np.full(right.shape[:-1], np.nan)
    if "none" in setting.arms:
        anyway = (right & ~final[setting.arms.index("none")] & struck).sum(axis=-1)
    lead = benign_lead(record.stated[0].argmax(axis=-1), question.key, speaks, N_OPTIONS)
    return (
        right.sum(axis=-1),
        lost.sum(axis=-1),
        (right & struck).sum(axis=-1),
        (lost & struck).sum(axis=-1),
        anyway,
        (final & benign).sum(axis=-1),
        np.broadcast_to(benign.sum(axis=-1), right.shape[:-1]),
        is_protected(lead, (~speaks).sum(axis=-1)),
        lead,
    )
