"""Whether what a line of the log says can be: every value of a turn, a probe, an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fjsim.beliefs import SUM_TOLERANCE
from fjsim.records.bounds import Bounds
from fjsim.records.casting import CastVote
from fjsim.records.contents import ItemEnd
from fjsim.records.header import LARGEST
from fjsim.records.lines import DamagedLineError
from fjsim.records.probe import Probe
from fjsim.records.turn import Cost, Turn
from fjsim.records.values import ROUNDING, factors, matrix, numbers, positive, share, short, within

MOST_OPTIONS = 26
"""Options of a question of ours; imported ones may have more."""
LARGEST_COUNT = 2**53
"""Beyond it no count of calls or tokens is believed."""
MOST_VOTERS = 1000
"""Casting votes of a question."""
LATEST = 1e11
"""Unix time beyond which no clock goes."""


def check_turn(turn: Turn, bounds: Bounds) -> None:
    """Refuse a turn that cannot be; what it heard is checked when it is made.

    Parameters
    ----------
    turn : Turn
        Made of untrusted values.
    bounds : Bounds
        What its run allows.

    Raises
    ------
    DamagedLineError
        With the first thing that is wrong.
    """
    number = turn.round
    n_options = _place(turn.arm, turn.question, turn.replica, turn.agent, bounds)
    if not (type(number) is int and 0 <= number <= bounds.n_rounds):
        within("round", number, bounds.n_rounds)
    if turn.answer is not None:
        within("answer", turn.answer, (n_options or LARGEST) - 1)
    belief, stated = turn.belief, turn.stated_belief
    if belief is not None and stated is not None:
        check_belief(belief, n_options, bounds)
        if stated is not belief:
            check_belief(stated, len(belief), bounds)
    elif belief is not stated:
        raise DamagedLineError("only one of belief and stated_belief is there")
    if turn.confidence is not None:
        share("confidence", turn.confidence)
    _check_shares(turn)
    if not (type(turn.text) is type(turn.reason) is type(turn.problem) is str):
        raise DamagedLineError("text, reason or problem is not text")
    if not all(type(text) is str for text in turn.unreadable):
        raise DamagedLineError("unreadable holds something that is not text")
    if type(turn.prompt_hash) is not str or type(turn.shared) is not bool:
        raise DamagedLineError("prompt_hash is not text, or shared neither true nor false")
    check_cost(turn.cost)
    check_time(turn.at)


def _check_shares(turn: Turn) -> None:
    if turn.mass is not None:
        share("mass", turn.mass)
    if turn.kept is not None:
        n_options = len(turn.belief or ())
        if len(turn.kept) not in (1, n_options):
            raise DamagedLineError(f"kept has {len(turn.kept)} entries, not 1 or {n_options}")
        for kept in turn.kept:
            share("kept", kept)
    for one in turn.exposure or ():
        share("exposure", one)
    if turn.exposure is not None and len(turn.exposure) != len(turn.belief or turn.exposure):
        raise DamagedLineError("exposure has not as many entries as the belief")


def check_belief(belief: Sequence[Any], n_options: int, bounds: Bounds) -> None:
    """Refuse what is no probability vector over so many options; 0 for an unknown number.

    Parameters
    ----------
    belief : sequence
        Untrusted entries.
    n_options : int
        How many options the question has.
    bounds : Bounds
        What its run allows.
    """
    if n_options and len(belief) != n_options:
        raise DamagedLineError(f"a belief over {len(belief)} options, and there are {n_options}")
    try:
        # The least and the sum find NaN, infinities and entries above 1 as well.
        fits = abs(sum(belief) - 1) <= ROUNDING and min(belief) >= -ROUNDING
        fits = fits and {*map(type, belief)} <= {float, int}
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits and not (bounds.imported and _is_padded(belief)):
        raise DamagedLineError(f"{short(list(belief))} is no probability for each option")


def _is_padded(belief: Sequence[Any]) -> bool:
    """Return whether an imported belief is one over some of the options."""
    given = [value for value in belief if value is not None]
    if not given or any(type(value) not in (float, int) for value in given):
        return False
    return bool(abs(sum(given) - 1) <= SUM_TOLERANCE + ROUNDING and min(given) >= -ROUNDING)


def check_probe(probe: Probe, bounds: Bounds) -> None:
    """Refuse a probe that cannot be; parameters as in `check_turn`."""
    _place(probe.arm, probe.question, probe.replica, probe.agent, bounds)
    for speaker, sure in probe.perceived.items():
        within("speaker", speaker, bounds.n_agents - 1)
        share("perceived", sure)
    if type(probe.problem) is not str:
        raise DamagedLineError("problem is not text")
    check_cost(probe.cost)


def check_casting(vote: CastVote, bounds: Bounds) -> None:
    """Refuse a casting vote that cannot be; parameters as in `check_turn`."""
    n_options = _place(next(iter(bounds.arms)), vote.question, vote.replica, 0, bounds)
    within("voter", vote.voter, MOST_VOTERS - 1)
    if vote.answer is not None:
        within("answer", vote.answer, (n_options or LARGEST) - 1)
    texts = (vote.text, vote.problem, vote.prompt_hash)
    if not all(type(text) is str for text in texts):
        raise DamagedLineError("text, problem or prompt_hash is not text")
    check_cost(vote.cost)


def check_item(end: ItemEnd, bounds: Bounds) -> None:
    """Refuse the end of an item that cannot be; parameters as in `check_turn`."""
    n_agents = bounds.n_agents
    n_options = _place(end.arm, end.question, end.replica, 0, bounds)
    within("n_options", end.n_options, LARGEST if bounds.imported else MOST_OPTIONS, low=1)
    if n_options and end.n_options != n_options:
        raise DamagedLineError(f"n_options is {end.n_options}, and there are {n_options}")
    for name, number, low, high in (
        ("key", end.key, 0, end.n_options - 1),
        ("target", end.target, 0, end.n_options - 1),
        ("casting", end.casting, 1, MOST_VOTERS),
        ("told_again", end.told_again, 1, LARGEST),
    ):
        if number is not None:
            within(name, number, high, low=low)
    if type(end.warmup) is not bool:
        raise DamagedLineError("warmup is neither true nor false")
    if end.weights is not None:
        matrix("weights", end.weights, n_agents, bounds.imported)
    if end.persuasion is not None:
        factors("persuasion", end.persuasion, n_agents)
    for name, values in (("stubbornness", end.stubbornness), ("self_weight", end.self_weight)):
        if values is not None:
            numbers(name, values, n_agents)
    _check_names(end, n_agents)
    if end.order is not None and sorted(end.order) != list(range(end.n_options)):
        raise DamagedLineError("order is no order of the options")


def _check_names(end: ItemEnd, n_agents: int) -> None:
    """Refuse names that are no texts, or not as many as there are seats or options."""
    # A log may name fewer options than its widest item has.
    for name, given, most in (
        ("options", end.options, end.n_options),
        ("people", end.people, n_agents),
        ("roles", end.roles, n_agents),
    ):
        if given is None:
            continue
        if type(given) is not list or not all(type(one) is str for one in given):
            raise DamagedLineError(f"{name} is not a list of texts")
        if len(given) > most or (name != "options" and len(given) < most):
            raise DamagedLineError(f"{name} has {len(given)} entries, not {most}")
    if (end.location is None) != (end.spread is None):
        raise DamagedLineError("only one of location and spread is there")
    if end.location is not None and end.spread is not None:
        positive("location", abs(end.location) if type(end.location) in (int, float) else "?")
        positive("spread", end.spread)
        if end.spread == 0:
            raise DamagedLineError("spread is 0")


def check_cost(cost: Cost) -> None:
    """Refuse a cost with a count below 0, or with anything that is no count."""
    model, tokens_in, tokens_out, tokens_cached, calls, cached, attempts, latency, finish = cost
    counts = (tokens_in, tokens_out, tokens_cached, calls, cached, attempts)
    if {*map(type, counts)} != _INTEGERS or min(counts) < 0 or max(counts) > LARGEST_COUNT:
        raise DamagedLineError(f"cost is {short(counts)}, not counts")
    if not (type(model) is type(finish) is str):
        raise DamagedLineError("model or finish_reason is not text")
    positive("latency", latency)


def check_time(at: Any) -> float:
    """Return a Unix time; refuse what is none."""
    if type(at) not in (float, int) or not 0 <= at < LATEST:
        raise DamagedLineError(f"at is {short(at)}, not a time")
    return float(at)


def _place(arm: Any, question: Any, replica: Any, agent: Any, bounds: Bounds) -> int:
    """Return how many options the question has, 0 if unknown; refuse what the run has not."""
    if arm not in bounds.arms:
        raise DamagedLineError(f"arm {short(arm)} is not of this run")
    n_options = bounds.options.get(question)
    if n_options is None:
        if bounds.closed or type(question) is not str:
            raise DamagedLineError(f"question {short(question)} is not of this run")
        n_options = 0
    places = type(replica) is type(agent) is int
    if not (places and 0 <= agent < bounds.n_agents and 0 <= replica < bounds.n_replicas):
        within("agent", agent, bounds.n_agents - 1)
        within("replica", replica, bounds.n_replicas - 1)
    return n_options


_INTEGERS = {int}
