"""Under which condition nobody of a team can be flipped, said for that team."""

from __future__ import annotations

from collections.abc import Iterable

from fjsim.contracts import Defense
from fjsim.guard.question import OpenQuestion


def condition(
    defense: Defense,
    name: str,
    n_agents: int,
    accuracy: float | None,
    questions: Iterable[OpenQuestion],
) -> str:
    """Return the condition in sentences.

    Parameters
    ----------
    defense : Defense
        Its ``guarantee`` says what is proved of it.
    name : str
    n_agents : int
    accuracy : float or None
        Share of first answers that were right, where outcomes were given.
    questions : iterable of OpenQuestion
        Each is said how many hostile members it withstands as it stands.
    """
    guarantee = defense.guarantee(n_agents, accuracy)
    if guarantee is None:
        return (
            f"Nothing is proved of {name}: there is no condition under which nobody can be flipped."
        )
    lines = [guarantee.sentence]
    if accuracy is not None:
        lines.append(f"So far {accuracy:.0%} of the first answers were right where it was known.")
    lines += [
        f"With {hostile} hostile of {n_agents}, at most {share:.1%} of the members who are right "
        f"at first can be flipped{'' if accuracy is not None else ' at a competence of 80 %'}."
        for hostile, share in guarantee.most_flipped
    ]
    if guarantee.counted:
        lines += [_as_it_stands(question, guarantee.margin) for question in questions]
    return "\n".join(lines)


def _as_it_stands(question: OpenQuestion, margin: float) -> str:
    first = question.rounds[0].values() if question.rounds else ()
    votes = [said.answer for said in first if said.answer is not None]
    counts = sorted(((votes.count(option), option) for option in set(votes)), reverse=True)
    name = f"Question {question.name!r}" if question.name else "The open question"
    if not counts:
        return f"{name}: nobody has answered yet."
    lead = counts[0][0] - (counts[1][0] if len(counts) > 1 else 0)
    withstands = int((lead + margin) // 2)
    return (
        f"{name}: {question.options.name(counts[0][1])} leads by {lead} first answers; whoever "
        f"gave it cannot be flipped by any {withstands} of the team."
    )
