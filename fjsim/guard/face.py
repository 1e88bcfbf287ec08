"""The guard: what a running team tells it, and what it says back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.contracts import Defense, Record
from fjsim.contracts import Message as SeatMessage
from fjsim.deliberation.hearing import as_read
from fjsim.deliberation.learning import remembered
from fjsim.errors import UsageError
from fjsim.foreign_text import shown
from fjsim.guard.condition import condition
from fjsim.guard.decision import IN_FULL, Decision, Explanation
from fjsim.guard.journal import GuardJournal, read_state, write_state
from fjsim.guard.memory import as_values, from_values
from fjsim.guard.message import Message
from fjsim.guard.options import Options
from fjsim.guard.question import OpenQuestion, Said
from fjsim.guard.reading import Extractor
from fjsim.guard.reasons import reason
from fjsim.guard.team import NamedTeam, influence_of
from fjsim.registry import build

DefenseLike = str | Mapping[str, Any] | Defense


class Guard:
    """Any defense inside a running team: tell it what is said, ask it who to listen to.

    Parameters
    ----------
    team : sequence of str
        Names of the members, two or more, each once.
    defense : str, mapping or Defense, default 'trust-adaptive'
        As in a scenario: a name, or ``{"kind": name, parameter: value}``.
    influence : array-like of shape (n_agents, n_agents), mapping or None, default None
        ``influence[listener][speaker]``: who hears whom, and with what share; rows are scaled to
        sum to 1. A mapping gives each listener the list of its speakers. None lets everybody hear
        everybody alike.
    options : sequence of str or None, default None
        Options of every question that is not opened with its own. None takes answers in own words.
    extract : callable or None, default None
        Reads an answer off a text; None takes the guard's rules (`in_own_words`).
    shadow : bool, default True
        Whether the guard only observes: it says and logs what it would do, and tells the team to
        go on as before. Begin so; switch it off when its decisions look right to you.
    path : path-like or None, default None
        File of the guard's state, in JSON; beside it, ``.audit.jsonl``, stands what it was told
        and every decision with its reason. What is there already is gone on with.

    Raises
    ------
    UsageError
        With what was given and what is allowed.

    Notes
    -----
    No model is called, and no key is needed. Everything is plain arithmetic under one lock, so
    that threads and tasks may share a guard. A decision equals that of the same defense in a run
    that has the same record.

    Examples
    --------
    >>> guard = Guard(team=["ann", "bob", "cleo", "eve"], options=["yes", "no"], shadow=False)
    >>> for name, answer in zip(guard.team, ["yes", "yes", "yes", "no"]):
    ...     guard.said(Message(name, answer=answer))
    >>> guard.weights("ann")
    {'bob': 1.0, 'cleo': 1.0, 'eve': 0.0}
    """

    def __init__(
        self,
        team: Sequence[str],
        defense: DefenseLike = "trust-adaptive",
        *,
        influence: ArrayLike | Mapping[str, Sequence[str]] | None = None,
        options: Sequence[str] | None = None,
        extract: Extractor | None = None,
        shadow: bool = True,
        path: str | Path | None = None,
    ) -> None:
        self._team = NamedTeam(team)
        self._influence = influence_of(influence, self._team)
        self._block = None if isinstance(defense, Defense) else _block(defense)
        self._defense: Defense = (
            defense if isinstance(defense, Defense) else build("defense", defense)
        )
        self._options = None if options is None else tuple(options)
        self._extract, self.shadow = extract, shadow
        self._state = self._defense.initial_state(len(self._team))
        self._open: dict[str, OpenQuestion] = {}
        self._gates: dict[str, tuple[Record, Array]] = {}
        self._right, self._known, self.n_closed = 0, 0, 0
        self._lock = threading.RLock()
        self._journal: GuardJournal | None = None
        if path is not None:
            self._keep_in(Path(path))

    @property
    def team(self) -> tuple[str, ...]:
        """Names of the members."""
        return self._team.names

    @property
    def defense(self) -> str:
        """Name of the defense."""
        return str(self._block["kind"]) if self._block else type(self._defense).__name__

    def open(self, question: str, options: Sequence[str] | None = None) -> None:
        """Begin a question, where it has options of its own; else the first message does.

        Parameters
        ----------
        question : str
        options : sequence of str or None
            None takes those of the guard.

        Raises
        ------
        UsageError
            If it is open already.
        """
        with self._lock:
            if question in self._open:
                raise UsageError(f"question {shown(question)} is open already; close it first")
            self._begin(question, self._options if options is None else tuple(options))

    def said(self, message: Message) -> None:
        """Put a statement on record that everybody may know of, the speaker's own above all.

        Raises
        ------
        UsageError
            If its speaker or answer is unknown.
        """
        with self._lock:
            question = self._of(message.question)
            seat = self._team.seat(message.speaker)
            said = question.understood(message)
            number = question.next_round(seat) if message.round is None else message.round
            self._put(question, seat, number, said)

    def heard(self, listener: str, message: Message) -> Decision:
        """Say how far a listener should listen to a message.

        Parameters
        ----------
        listener : str
        message : Message
            Where it is not on record yet, it is put there. Words other than those on record are
            judged for themselves: a speaker may say one thing here and another there.

        Returns
        -------
        Decision
            Made of what is on record now; ``applied`` is what to multiply the speaker's weight by.
        """
        with self._lock:
            question = self._of(message.question)
            ear, seat = self._team.seat(listener), self._team.seat(message.speaker)
            if ear == seat:
                raise UsageError(f"{shown(listener)} hears itself; tell it to said()")
            said = question.understood(message)
            number = question.heard.get((ear, seat), 0) if message.round is None else message.round
            recorded = question.on_record(seat, number)
            if recorded is None:
                recorded = said
                self._put(question, seat, number, said)
            question.heard[ear, seat] = number + 1
            gate = self._gate(question, ear, seat, number, said, recorded)
            decision = self._decision(question, ear, seat, number, gate, said)
            if self._journal is not None:
                self._journal.heard(question.name, ear, seat, number, decision)
            return decision

    def weights(self, listener: str, question: str | None = None) -> dict[str, float]:
        """Return what to multiply each speaker's weight by, for a listener's next turn.

        Parameters
        ----------
        listener : str
        question : str or None
            None is the only open one.

        Returns
        -------
        dict of str to float
            In [0, 1], for everybody whom the listener hears; all 1 in shadow mode. The weight
            that is taken away belongs to the listener's own first view.
        """
        with self._lock:
            opened = self._asked(question)
            ear = self._team.seat(listener)
            gates = self._row(opened, ear)
            if self._journal is not None:
                held_back = self._decisions(opened, [ear], below=IN_FULL)
                self._journal.weighed(opened.name, listener, len(gates), held_back)
            names = self._team.names
            return {
                names[seat]: 1.0 if self.shadow else gates.get(seat, 1.0)
                for seat in np.flatnonzero(self._influence[ear]).tolist()
            }

    def close(self, question: str | None = None, outcome: str | int | None = None) -> None:
        """End a question: the defense remembers it, and the guard forgets its words.

        Parameters
        ----------
        question : str or None
            None is the only open one.
        outcome : str, int or None
            The right option, where it is known by now. A defense that asks for ``labels`` learns
            from it; without, every guard works all the same.
        """
        with self._lock:
            opened = self._asked(question)
            key = None if outcome is None else opened.options.read(Message("", answer=outcome))
            record = opened.record()
            if self._defense.memory != "none":
                shown_key = key if self._defense.labels != "none" else None
                seen = remembered(self._defense, record)
                self._state = self._defense.update(seen, self._state, shown_key)
            if key is not None:
                first = record.answers[0]
                self._right += int((first == key).sum())
                self._known += int((first >= 0).sum())
            del self._open[opened.name]
            self._gates.pop(opened.name, None)
            self.n_closed += 1
            if self._journal is not None:
                self._journal.closed(opened.name, outcome)
                self._save(self._journal.state)

    def explain(self, listener: str | None = None, question: str | None = None) -> Explanation:
        """Return every decision on what is on record, with its reason; prints as sentences.

        Parameters
        ----------
        listener : str or None
            None is everybody.
        question : str or None
            None is the only open one.
        """
        with self._lock:
            opened = self._asked(question)
            ears = range(len(self._team)) if listener is None else [self._team.seat(listener)]
            decisions = self._decisions(opened, ears)
            return Explanation(opened.name, self.defense, self.shadow, tuple(decisions))

    def condition(self) -> str:
        """Return, in sentences, when nobody of this team can be flipped.

        Returns
        -------
        str
            The defense's condition; how much it withstands on each open question; and the largest
            share that can be flipped at the competence seen so far, where outcomes were given.
        """
        with self._lock:
            accuracy = self._right / self._known if self._known else None
            return condition(
                self._defense, self.defense, len(self._team), accuracy, self._open.values()
            )

    def save(self, path: str | Path) -> None:
        """Write the state into one JSON file: the old one stays whole until the new one is."""
        with self._lock:
            self._save(Path(path))

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        defense: Defense | None = None,
        extract: Extractor | None = None,
        shadow: bool | None = None,
    ) -> Guard:
        """Return a guard as `save` left it.

        Parameters
        ----------
        path : path-like
        defense : Defense or None
            Needed where the guard was made with an object of one's own.
        extract : callable or None
            As in `Guard`; no file holds a function.
        shadow : bool or None
            None keeps the mode.

        Raises
        ------
        StorageError, LogFormatError
            If the file cannot be read, or is no guard's.
        """
        values = read_state(Path(path))
        block = values["defense"]
        if block is None and defense is None:
            raise UsageError(f"{path}: the guard had a defense of its own; give it as defense=")
        guard = cls(
            values["team"],
            defense if defense is not None else block,
            influence=values["influence"],
            options=values["options"],
            extract=extract,
            shadow=values["shadow"] if shadow is None else shadow,
        )
        guard._take(values)
        return guard

    # What stands below is called under the lock.

    def _of(self, name: str) -> OpenQuestion:
        if name not in self._open:
            return self._begin(name, self._options)
        return self._open[name]

    def _begin(self, name: str, options: Sequence[str] | None) -> OpenQuestion:
        opened = OpenQuestion(name, self._influence, Options(options, self._extract))
        self._open[name] = opened
        if self._journal is not None:
            self._journal.opened(name, options)
        return opened

    def _asked(self, name: str | None) -> OpenQuestion:
        if name is None and len(self._open) == 1:
            return next(iter(self._open.values()))
        if name is not None and name in self._open:
            return self._open[name]
        listed = ", ".join(map(shown, sorted(self._open))) or "none"
        asked = "several are open" if name is None else f"question {shown(name)} is not open"
        raise UsageError(f"{asked if self._open else 'no question is open'}; open are: {listed}")

    def _put(self, question: OpenQuestion, seat: int, number: int, said: Said) -> None:
        question.keep(seat, number, said)
        if self._journal is not None:
            self._journal.said(question, seat, number, said)

    def _matrix(self, question: OpenQuestion) -> Array:
        """Return the gates on the record as it stands, (listener, speaker[, option])."""
        record = question.record()
        known = self._gates.get(question.name)
        if known is not None and known[0] is record:
            return known[1]
        gates = np.asarray(self._defense.gates(record, self._state), dtype=float)
        self._gates[question.name] = (record, gates)
        return gates

    def _gate(
        self, question: OpenQuestion, ear: int, seat: int, number: int, said: Said, recorded: Said
    ) -> float:
        last = question.last(seat)
        if last is not None and last[0] == number and said.same(recorded):
            return float(np.mean(self._matrix(question)[ear, seat]))
        words = SeatMessage(seat, number, said.answer, said.belief, said.confidence)
        read = as_read(question.record(), words, seat)
        return float(np.mean(self._defense.gates(read, self._state)[ear, seat]))

    def _row(self, question: OpenQuestion, ear: int) -> dict[int, float]:
        """Return the gates of everybody who spoke and whom a listener hears, by seat."""
        heard = [seat for seat in np.flatnonzero(self._influence[ear]).tolist() if seat != ear]
        spoke = [seat for seat in heard if question.last(seat) is not None]
        if not spoke:
            return {}
        row = self._matrix(question)[ear]
        gates = row if row.ndim == 1 else row.mean(axis=-1)
        return {seat: float(gates[seat]) for seat in spoke}

    def _decisions(
        self, question: OpenQuestion, ears: Iterable[int], below: float = np.inf
    ) -> list[Decision]:
        found = []
        for ear in ears:
            for seat, gate in self._row(question, ear).items():
                last = question.last(seat)
                if gate < below and last is not None:
                    found.append(self._decision(question, ear, seat, last[0], gate, last[1]))
        return found

    def _decision(
        self, question: OpenQuestion, ear: int, seat: int, number: int, gate: float, said: Said
    ) -> Decision:
        names = self._team.names
        why = reason(question, ear, seat, said, names)
        applied = 1.0 if self.shadow else gate
        return Decision(question.name, names[ear], names[seat], number, gate, applied, why)

    def _values(self) -> dict[str, Any]:
        return {
            "defense": self._block,
            "team": list(self._team.names),
            "influence": self._influence.tolist(),
            "options": None if self._options is None else list(self._options),
            "shadow": self.shadow,
            "closed": self.n_closed,
            "right": self._right,
            "known": self._known,
            "memory": as_values(self._state),
            "open": {name: question.as_json() for name, question in self._open.items()},
            "audited": 0 if self._journal is None else self._journal.end,
        }

    def _save(self, path: Path) -> None:
        write_state(path, self._values())

    def _take(self, values: Mapping[str, Any]) -> None:
        self._state = from_values(values["memory"], self._state)
        self.n_closed, self._right = values["closed"], values["right"]
        self._known = values["known"]
        for name, question in values["open"].items():
            options = question["options"]
            self._open[name] = OpenQuestion(name, self._influence, Options(options, self._extract))
            self._open[name].take(question)

    def _keep_in(self, path: Path) -> None:
        journal = GuardJournal(path)
        if path.exists():
            values = read_state(path)
            self._check_same(path, values)
            self._take(values)
            for line in journal.since(int(values["audited"])):
                self._replay(line)
        self._journal = journal
        if not path.exists():
            self._save(path)

    def _check_same(self, path: Path, values: Mapping[str, Any]) -> None:
        for name, own in (("team", list(self._team.names)), ("defense", self._block)):
            if values[name] != own:
                raise UsageError(
                    f"{path} is the file of another guard: its {name} is {shown(values[name])}, "
                    f"not {shown(own)}; give another path, or Guard.load it"
                )

    def _replay(self, line: Mapping[str, Any]) -> None:
        name = line["question"]
        if line["type"] == "open":
            self._begin(name, line["options"])
        elif line["type"] == "said":
            belief = line["belief"]
            array = None if belief is None else np.array(belief, dtype=float)
            opened = self._of(name)
            if opened.options.is_open:
                opened.options.names = list(line["collected"])
            opened.keep(
                line["seat"], line["round"], Said(line["answer"], array, line["confidence"])
            )
        elif line["type"] == "decision":
            self._of(name).heard[line["ear"], line["seat"]] = line["round"] + 1
        elif line["type"] == "closed":
            self.close(name, line["outcome"])


def _block(defense: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": defense} if isinstance(defense, str) else dict(defense)
