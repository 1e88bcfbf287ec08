"""The facts behind a decision, in words."""

from __future__ import annotations

from collections.abc import Sequence

from fjsim.guard.question import OpenQuestion, Said


def reason(question: OpenQuestion, ear: int, seat: int, said: Said, names: Sequence[str]) -> str:
    """Return what was on record when a message was judged.

    Parameters
    ----------
    question : OpenQuestion
    ear, seat : int
        Listener and speaker.
    said : Said
        What the speaker said to this listener.
    names : sequence of str

    Returns
    -------
    str
        Both answers, how many first answers of others back each, and whether the speaker moved.
    """
    option = question.options.name
    own = question.on_record(ear, 0)
    if said.answer is None:
        return f"{names[seat]} gave no answer"
    if own is None or own.answer is None:
        return f"{names[seat]} says {option(said.answer)}; {names[ear]} had no answer at first"
    begun = question.on_record(seat, 0)
    moved = (
        f", after {option(begun.answer)} at first"
        if begun is not None and begun.answer is not None and begun.answer != said.answer
        else ""
    )
    if said.answer == own.answer:
        return f"{names[seat]} says {option(said.answer)}{moved}, as {names[ear]} did at first"
    return (
        f"{names[seat]} says {option(said.answer)}{moved}; first answers without its own: "
        f"{question.backing(said.answer, seat)} for that, "
        f"{question.backing(own.answer, seat)} for {option(own.answer)}, {names[ear]}'s own"
    )
