"""What was played of a crowd, as a run keeps it."""

from __future__ import annotations

import numpy as np

from fjsim.crowd.play import Crowd
from fjsim.records.columns import ABSTAINED, MISSING, OK, Columns


def columns_of(crowd: Crowd, routed: bool, at: float) -> Columns:
    """Return a finished crowd as a run keeps it.

    Parameters
    ----------
    crowd : Crowd
        With all its rounds played.
    routed : bool
        Whether W(q) is a router's.
    at : float
        Unix time.
    """
    batch, table, adversary = crowd.batch, crowd.table, crowd.adversary
    team, questions = batch.team, [item.question for item in batch.items]
    validity = np.where(table.missing, MISSING, np.where(table.abstained, ABSTAINED, OK))
    declared = batch.declared()
    orders = {question.id: team.question_view(question).order for question in questions}
    benign = (seat for seat in range(team.n_agents) if seat not in team.adversary_seats)
    n_items, groups = batch.n_items, batch.by_seat
    return Columns(
        arm=crowd.arm,
        questions=tuple(question.id for question in questions),
        warmup=batch.items[0].is_warmup,
        words=tuple(group.agent.manner.words for group in groups),
        arguments=tuple(group.agent.argument for group in groups),
        problems=tuple(table.problems.get(seat, "") for seat in range(team.n_agents)),
        shared=tuple(benign) if crowd.twin and adversary is not None else (),
        orders=tuple(orders[question.id] for question in questions),
        at=at,
        replicas=np.array([item.replica for item in batch.items]),
        keys=np.array([-1 if one.key is None else one.key for one in questions]),
        targets=np.full(n_items, -1) if adversary is None else adversary.targets,
        beliefs=table.beliefs,
        answers=table.answers,
        confidence=table.confidence,
        validity=validity,
        heard_round=table.heard_round,
        gates=table.gates,
        weights=table.weights,
        option_gates=table.option_gates,
        tampered=table.tampered,
        routed=crowd.weights if routed else None,
        persuasion=crowd.persuasion,
        perceived=crowd.perceived,
        stubbornness=None if declared is None else declared[0],
        self_weight=None if declared is None else declared[1],
    )
