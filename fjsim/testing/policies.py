"""What a defense and a router have to keep."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.crowd.states import stacked
from fjsim.testing.samples import (
    N_AGENTS,
    N_OPTIONS,
    NETWORKS,
    record_of,
    reversed_options,
    together_of,
)
from fjsim.testing.subject import Subject, require

MEMORIES = ("none", "round0", "history")
CHANNELS = ("label", "withhold", "sample", "blend")
RESIDUALS = ("innate", "self", "renormalise")
ROUNDS = (1, 2, 6)


def _are_gates(gates: Array) -> bool:
    shapes = [(N_AGENTS, N_AGENTS), (N_AGENTS, N_AGENTS, N_OPTIONS)]
    return gates.shape in shapes and bool(((gates >= 0) & (gates <= 1)).all())


def gates_are_shares_of_the_right_shape(subject: Subject) -> None:
    """Gates are (listener, speaker), or (listener, speaker, option), in [0, 1]; input is kept."""
    defense = subject.plugin
    for network in NETWORKS:
        for number in ROUNDS:
            record = record_of(network, number)
            gates = np.asarray(defense.gates(record, defense.initial_state(N_AGENTS)))
            require(
                _are_gates(gates),
                f"{subject.name}: {network}, {number} rounds: gates have shape {gates.shape} and "
                f"range {gates.min()} to {gates.max()}",
            )


def gates_depend_on_record_and_state_alone(subject: Subject) -> None:
    """Nothing that was asked before changes the answer."""
    defense, record = subject.plugin, record_of("complete", 2)
    state = defense.initial_state(N_AGENTS)
    first = np.array(defense.gates(record, state))
    defense.gates(record_of("star", 2), defense.initial_state(N_AGENTS))
    again = np.array(defense.gates(record, state))
    fresh = np.array(subject.again().gates(record, subject.again().initial_state(N_AGENTS)))
    same = np.array_equal(first, again) and np.array_equal(first, fresh)
    require(same, f"{subject.name}: the same record gave other gates; keep nothing on self")


def it_keeps_working_after_questions(subject: Subject) -> None:
    """Its state takes questions with a key and without, and the old state is left as it was."""
    defense = subject.plugin
    for key in (None, 1):
        state = defense.initial_state(N_AGENTS)
        for _ in range(3):
            state = defense.update(record_of("complete", 1), state, key)
        gates = np.asarray(defense.gates(record_of("complete", 2), state))
        require(_are_gates(gates), f"{subject.name}: after three questions, key {key}: {gates}")


def updates_leave_the_old_state_as_it_was(subject: Subject) -> None:
    """``update`` returns a state; a run that is resumed starts from an older one again."""
    policy = subject.plugin
    ask = policy.gates if subject.entry.kind == "defense" else policy.weights
    state = policy.update(record_of("complete", 1), policy.initial_state(N_AGENTS), None)
    before = np.array(ask(record_of("star", 1), state))
    policy.update(record_of("complete", 1), state, 1)
    same = np.array_equal(before, np.array(ask(record_of("star", 1), state)))
    require(same, f"{subject.name}: update changes the state it is given; return a new one")


def memory_channel_and_residual_are_declared(subject: Subject) -> None:
    """How much of the past it needs and how it acts is one of the known words."""
    policy = subject.plugin
    require(policy.memory in MEMORIES, f"{subject.name}: memory is {policy.memory!r}")
    require(policy.channel in CHANNELS, f"{subject.name}: channel is {policy.channel!r}")
    if subject.entry.kind == "defense":
        require(policy.residual in RESIDUALS, f"{subject.name}: residual is {policy.residual!r}")


def weights_are_rows_on_the_graph(subject: Subject) -> None:
    """W(q) has rows that sum to one or are empty, with no edge that the graph lacks."""
    router = subject.plugin
    for network in NETWORKS:
        for number in ROUNDS:
            record = record_of(network, number)
            weights = np.asarray(router.weights(record, router.initial_state(N_AGENTS)))
            shaped = weights.shape == (N_AGENTS, N_AGENTS) and (weights >= 0).all()
            total = weights.sum(axis=-1)
            require(
                shaped and np.all(np.isclose(total, 1) | (total == 0)),
                f"{subject.name}: {network}, {number} rounds: rows sum to {total}",
            )
            require(
                not weights[record.influence == 0].any(),
                f"{subject.name}: {network}: weight where the graph has no edge",
            )


def many_records_are_read_as_each_of_them(subject: Subject) -> None:
    """A batched policy gives for stacked records and states what it gives for each."""
    policy = subject.plugin
    if not policy.batched:
        return
    ask = policy.gates if subject.entry.kind == "defense" else policy.weights
    for network in NETWORKS:
        for number in ROUNDS:
            records = [record_of(network, number), reversed_options(record_of(network, number))]
            fresh = policy.initial_state(N_AGENTS)
            states = [fresh, policy.update(record_of(network, 1), fresh, 1)]
            one_by_one = [
                np.asarray(ask(record, state))
                for record, state in zip(records, states, strict=True)
            ]
            together = np.asarray(ask(together_of(records), stacked(states)))
            wide = np.broadcast_to(together, (2, *together.shape[-one_by_one[0].ndim :]))
            require(
                np.allclose(wide, one_by_one, rtol=0, atol=1e-12),
                f"{subject.name}: {network}, {number} rounds: two records at once give other "
                "numbers than one by one; write it over leading axes, or do not say batched",
            )


DEFENSE_LAWS = (
    gates_are_shares_of_the_right_shape,
    gates_depend_on_record_and_state_alone,
    it_keeps_working_after_questions,
    updates_leave_the_old_state_as_it_was,
    memory_channel_and_residual_are_declared,
    many_records_are_read_as_each_of_them,
)
ROUTER_LAWS = (
    weights_are_rows_on_the_graph,
    updates_leave_the_old_state_as_it_was,
    memory_channel_and_residual_are_declared,
    many_records_are_read_as_each_of_them,
)
