"""How an agent would have ended had one other agent been silent, by the law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option, total_variation
from fjsim.contracts import Arm, Sight
from fjsim.errors import FjsimError
from fjsim.fitting import predicted_beliefs
from fjsim.fitting.predict.beliefs import Law, law_rows
from fjsim.fitting.predict.forecast import quick_fit
from fjsim.fitting.rows.hearing import PEERS, hearing, spoken_beliefs
from fjsim.questions import LETTERS
from fjsim.records import Transcript
from fjsim.runs import Run
from fjsim.runs.law.effective import EffectiveLaw

EXACT = 1e-6
"""A replay that is no further than this from what was recorded reproduces it."""
MOST_WORK = 400_000_000
"""Multiply-adds that all replays together may take; beyond it fewer seats are silenced."""
MOST_PULLS = 20_000_000
"""Messages of one arm beyond which no pull is computed."""


class _Tops(NamedTuple):
    """The favoured options of one arm, shape (n_items, n_agents) each."""

    began: NDArray[np.int64]
    ended: NDArray[np.int64]
    by_law: NDArray[np.int64]
    silenced: Mapping[int, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class WhatIf:
    """One arm replayed by the law with everybody, and with one seat silent at a time.

    Parameters
    ----------
    transcript : Transcript
        The arm as it was recorded.
    law : FJFit or None
        None for the parameters that the transcript declares.
    source : str
        Where the parameters come from, as a person reads it.
    replayed : bool
        Whether the agents follow the law exactly: numeric agents, with no gate at work.
    because : str
        Why there is no replay; empty where there is one.
    """

    transcript: Transcript
    law: Law
    source: str
    replayed: bool = False
    because: str = ""

    @cached_property
    def whole(self) -> Array:
        """Beliefs by the law with everybody; like ``transcript.beliefs``."""
        return predicted_beliefs(self.transcript, self.law)

    @cached_property
    def silenced(self) -> Mapping[int, Array]:
        """Last beliefs without each seat, shape (n_items, n_agents, n_options)."""
        return {seat: self._without(seat) for seat in self._seats}

    @property
    def _seats(self) -> tuple[int, ...]:
        """The seats to silence: all, or the adversary's first where that is too much work."""
        items, rounds, agents, options = self.transcript.beliefs.shape
        affordable = MOST_WORK // max(1, items * rounds * agents**2 * options)
        hostile = self.transcript.adversary_seats
        ordered = (*hostile, *(seat for seat in range(agents) if seat not in hostile))
        return ordered[: max(affordable, len(hostile), 1)]

    def _without(self, seat: int) -> Array:
        heard = self.transcript.heard_round.copy()
        heard[..., seat] = -1
        quiet = replace(self.transcript, heard_round=heard)
        return predicted_beliefs(quiet, self.law)[:, -1]

    @cached_property
    def error(self) -> Array:
        """Total variation between replay and record at the end, shape (n_items, n_agents)."""
        return np.asarray(total_variation(self.whole[:, -1], self.transcript.beliefs[:, -1]))

    @cached_property
    def pulls(self) -> Array | None:
        """How far each message moves its listener towards `towards`, by the law.

        Shape (n_items, n_rounds, n_agents, n_agents), ``[item, round - 1, listener, speaker]``;
        None where it cannot be told message by message.
        """
        arm = self.transcript
        items, rounds, agents, _ = arm.beliefs.shape
        if self.because or items * rounds * agents**2 > MOST_PULLS:
            return None
        heard = hearing(arm)
        if not heard.is_plain:
            return None
        rows = law_rows(arm, self.law)[..., PEERS:]
        spoken, own = (self._at_option(b) for b in (spoken_beliefs(arm), arm.beliefs[:, :-1]))
        said = spoken[
            np.arange(items)[:, None, None, None],
            heard.said_in,
            np.arange(agents)[None, None, None],
        ]
        return np.asarray(np.where(heard.heard, rows * heard.gate * (said - own[..., None]), 0.0))

    @cached_property
    def towards(self) -> NDArray[np.int64]:
        """The option that pulls are counted towards: the target, else the key; shape (n_items,)."""
        arm = self.transcript
        if arm.targets is None:
            return arm.keys
        return np.where(arm.targets >= 0, arm.targets, arm.keys)

    def _at_option(self, beliefs: Array) -> Array:
        option = np.maximum(self.towards, 0)[:, None, None, None]
        return np.asarray(np.take_along_axis(beliefs, option, axis=3)[..., 0])

    def item(self, question: str, replica: int = 0) -> int | None:
        """Return where a question stands on the first axis; None where it is not finished."""
        return self._places.get((question, replica))

    @cached_property
    def _places(self) -> dict[tuple[str, int], int]:
        names = zip(self.transcript.question_ids, self.transcript.replicas.tolist(), strict=True)
        return {name: at for at, name in enumerate(names)}

    def sentences(self, at: int, agent: int) -> tuple[str, ...]:
        """Say how an agent would have ended without each of the others.

        Parameters
        ----------
        at : int
            Which item.
        agent : int
            A seat.
        """
        if self.because:
            return (
                f"How it would have ended without another is not known, because {self.because}.",
            )
        name = self._name(agent)
        if self._unknown[at, agent]:
            return (f"Not known: {name} has no belief at the end, or none at the start.",)
        ended, by_law = (int(tops[at, agent]) for tops in (self._tops.ended, self._tops.by_law))
        if ended != by_law:
            return (
                f"Not known: by the law {name} ends at {_letter(by_law)}, and it ended at "
                f"{_letter(ended)}, so the law does not speak for it here.",
            )
        return (*self._changes(at, agent, ended), self._basis(at, agent))

    @cached_property
    def _unknown(self) -> NDArray[np.bool_]:
        ends = np.stack([self.transcript.beliefs[:, -1], self.whole[:, -1]])
        return np.asarray(np.isnan(ends).all(axis=-1).any(axis=0))

    @cached_property
    def _tops(self) -> _Tops:
        recorded = self.transcript.beliefs
        return _Tops(
            began=top_option(recorded[:, 0]),
            ended=top_option(recorded[:, -1]),
            by_law=top_option(self.whole[:, -1]),
            silenced={seat: top_option(beliefs) for seat, beliefs in self.silenced.items()},
        )

    def _changes(self, at: int, agent: int, ended: int) -> list[str]:
        name, said, unmoved = self._name(agent), [], 0
        began = int(self._tops.began[at, agent])
        for seat, beliefs in self.silenced.items():
            if seat == agent:
                continue
            top = int(self._tops.silenced[seat][at, agent])
            if top == ended:
                unmoved += 1
                continue
            verb = "stays" if top == began else "ends"
            share = "" if top < 0 else f" ({beliefs[at, agent, top]:.2f})"
            right = " right, at" if top >= 0 and top == self.transcript.keys[at] else " at"
            said.append(
                f"Without {self._name(seat)}, {name} {verb}{right} {_letter(top)}{share} "
                f"instead of {_letter(ended)}."
            )
        if unmoved:
            others = "any other one" if said else "any one of the others"
            said.append(f"Without {others}, {name} still ends at {_letter(ended)}.")
        return said

    def _basis(self, at: int, agent: int) -> str:
        error = float(self.error[at, agent])
        if error < EXACT:
            if self.replayed and self.law is None:
                return "Replayed exactly: numeric agents follow the law."
            return f"By the law with {self.source}, which reproduces this end."
        return f"By the law with {self.source}, which misses this end by {error:.2f}."

    def _name(self, seat: int) -> str:
        return self.transcript.agents[seat] if self.transcript.agents else f"agent-{seat}"


def what_if(run: Run, arm: Arm) -> WhatIf | None:
    """Return the replays of one arm; None where none of its questions is finished.

    Parameters
    ----------
    run : Run
    arm : {'attacked', 'clean'}
    """
    transcript = run.arms.get(arm)
    if transcript is None or not transcript.n_items:
        return None
    law, source, because = _law(run, transcript)
    gated = bool(np.nanmin(transcript.gates, initial=1.0) < 1)
    adapts = arm == "attacked" and _adversary_adapts(run)
    made = WhatIf(transcript, law, source, _numeric(transcript) and not (gated or adapts))
    if not because:
        try:
            _ = made.whole
        except FjsimError as error:
            because = str(error)
    fixed = ["the gates"] * gated + ["what the adversary said"] * adapts
    if fixed and not because:
        source = f"{source} and {' and '.join(fixed)} as recorded"
    return replace(made, source=source, because=because)


def _numeric(transcript: Transcript) -> bool:
    """Say whether no seat is played by a model."""
    return transcript.played is not None and not transcript.played.models


def _adversary_adapts(run: Run) -> bool:
    """Say whether the adversary might have spoken otherwise to other agents, as far as is known."""
    if run.setup is None:
        return True
    attack = run.setup.plugins.attack
    return attack is not None and bool(attack.threat.sees & {Sight.MESSAGES, Sight.BELIEFS})


def _law(run: Run, transcript: Transcript) -> tuple[Law, str, str]:
    """Return the parameters, where they come from, and why there are none."""
    because = _silent(run, transcript)
    if because:
        return None, "", because
    if transcript.stubbornness is not None:
        return None, "the parameters that the agents declare", ""
    clean = run.arms.get("clean")
    if clean is None:
        return None, "", "no parameters are declared, and there is no clean arm to fit them on"
    try:
        return quick_fit(clean), "parameters fitted on the clean arm", ""
    except FjsimError as error:
        return None, "", str(error)


def _silent(run: Run, transcript: Transcript) -> str:
    if run.setup is not None:
        law = EffectiveLaw(run.setup)
        if law.silent_because:
            return law.silent_because
        return law.own_fit_fails_because if transcript.arm == "attacked" else ""
    return "" if transcript.played is None else transcript.played.unread


def _letter(option: int) -> str:
    return LETTERS[option] if 0 <= option < len(LETTERS) else "no answer"
