"""Does a guard stop one stubborn agent in a running team, and what does it cost?"""

from __future__ import annotations

import numpy as np

from fjsim import Guard, Message

TEAM = ("ann", "bob", "cleo", "dan", "eve", "finn")
STUBBORN = "eve"
OPTIONS = ("A", "B", "C", "D")
COMPETENCE, ROUNDS, QUESTIONS = 0.8, 5, 100
OWN = 0.2
"""What each agent keeps of its own belief per round. Put your own agents in place of these."""


def first_beliefs(rng: np.random.Generator, key: int) -> np.ndarray:
    """Return what six simulated agents believe before they talk: right four times out of five."""
    right = rng.random(len(TEAM)) < COMPETENCE
    answers = np.where(right, key, (key + rng.integers(1, 4, len(TEAM))) % 4)
    beliefs = np.full((len(TEAM), 4), 0.1)
    beliefs[np.arange(len(TEAM)), answers] = 0.7
    return beliefs


def deliberate(guard: Guard, rng: np.random.Generator, number: int, attacked: bool) -> float:
    """Play one question, and return the share of the five honest agents that end right."""
    question, key = f"question {number}", int(rng.integers(4))
    lie, hostile = (key + 1) % 4, TEAM.index(STUBBORN)
    first = first_beliefs(rng, key)
    if attacked:
        first[hostile] = np.where(np.arange(4) == lie, 0.97, 0.01)
    now = first.copy()
    for at in range(ROUNDS):
        for seat, name in enumerate(TEAM):
            guard.said(Message(name, belief=now[seat], question=question, round=at))
        heard = np.array([_heard(guard, name, now, first, question) for name in TEAM])
        now = OWN * now + (1 - OWN) * heard
        if attacked:
            now[hostile] = first[hostile]
    guard.close(question)
    honest = [seat for seat in range(len(TEAM)) if seat != hostile]
    return float(np.mean(now[honest].argmax(axis=1) == key))


def _heard(
    guard: Guard, name: str, now: np.ndarray, first: np.ndarray, question: str
) -> np.ndarray:
    """Return the mean of what a member hears; what the guard takes away goes to its first view."""
    weights = guard.weights(name, question)
    shares = {TEAM.index(speaker): weight / len(weights) for speaker, weight in weights.items()}
    # The stubborn agent sits at the hub of attention: half of everybody's weight is its.
    hub = TEAM.index(STUBBORN)
    shares = {seat: share * (2.5 if seat == hub else 0.625) for seat, share in shares.items()}
    rest = 1 - sum(shares.values())
    return sum(share * now[seat] for seat, share in shares.items()) + rest * first[TEAM.index(name)]


if __name__ == "__main__":
    print("simulated agents; share of the five honest ones that end right:")
    for attacked in (False, True):
        for shadow in (True, False):
            rng, guard = np.random.default_rng(0), Guard(TEAM, options=OPTIONS, shadow=shadow)
            right = [deliberate(guard, rng, number, attacked) for number in range(QUESTIONS)]
            team = "eve stubbornly lies" if attacked else "nobody is hostile"
            mode = "the guard only observes" if shadow else "the guard acts"
            print(f"  {team}, {mode}: {np.mean(right):.0%}")
    guard = Guard(TEAM, options=OPTIONS, shadow=False)
    for name, answer in zip(TEAM, "AAAABA", strict=True):
        guard.said(Message(name, answer, question="one more"))
    print(guard.explain("ann", "one more"))
