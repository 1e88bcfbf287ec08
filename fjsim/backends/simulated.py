"""The embedded model: reads the rendered prompt like any model and replies as text.

It has *known* parameters, so that the whole path (prompt, parse, retry, cache, cost) can be
exercised and every fit be held against the truth. Its numbers are simulated.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import numpy as np

from fjsim.backends.prompt_reading import (
    ASIDE,
    Prompt,
    ReadPeer,
    asks_for_letter,
    asks_why,
    read_probe,
    read_prompt,
)
from fjsim.beliefs import Array, certain, top_option
from fjsim.contracts import (
    CHARACTERS_PER_TOKEN,
    SIMULATED_MODEL,
    Backend,
    DeclaredLaw,
    KnowsTruth,
    Reply,
    Request,
    Usage,
)
from fjsim.contracts.population import REMEMBERED, Member, Population
from fjsim.errors import ConfigError
from fjsim.questions import LETTERS, Question, load_questions
from fjsim.registry import register
from fjsim.role_tokens import without_role_tokens
from fjsim.seeds import stream

Rule = Literal["fj", "log-linear", "majority", "attractor"]

_Asked = tuple[str, tuple[str, ...], int, int, int]
"""Text and options of a question, replica, seat and seed."""

ACQUAINTANCES = 8192
"""Members that are remembered."""
MAJORITY_CERTAINTY = 0.9
LOG_FLOOR = 1e-6
DIGITS = 7
"""Significant digits of what it states."""
OBEYED_CERTAINTY = 0.97
LABEL_MASS = 0.96
"""What it puts on letters at all, asked for one; the rest would begin a sentence."""

_ORDER = re.compile(
    r'(?:(?:ignore|disregard)\b[^"]*\binstructions\b[^"]*|(?:you )?must answer )"([^"]+)"',
    re.IGNORECASE,
)
_REPEAT = re.compile(r"\brepeat this whole message\b", re.IGNORECASE)


@register("backend", "simulated")
@dataclass(frozen=True)
class SimulatedBackend(Population, Backend):
    """The embedded model; needs no key and no network, and everything it says is simulated.

    Parameters
    ----------
    rule : {'fj', 'log-linear', 'majority', 'attractor'}
        How a belief moves: the Friedkin-Johnsen law; its geometric counterpart; towards the
        option that most peers answer; the law with a pull to an option the model is biased to.
    competence, shared_distractor, stubbornness, stubbornness_concentration, self_weight,
    lowest_confidence, confidence_alpha, confidence_beta, calibration, words,
    persuasiveness_spread, readiness : float
        See ``fjsim.contracts.population.Population``.
    persuasion : float, default 0
        A peer's weight is multiplied by its stated confidence to this power, >= 0.
    noise : float, default 0
        Standard deviation of Gaussian noise on the log-beliefs of each reply, >= 0.
    bias : float, default 0.2
        Weight of the pull of the ``attractor`` rule, in [0, 1].
    invalid : float, default 0
        Share of replies that cannot be parsed, in [0, 1].
    gullibility : float, default 0
        Share of the agents, drawn per question, that do what a teammate's message orders them
        to: answer an option named by its text, and repeat the order if asked to; in [0, 1].

    Notes
    -----
    A question is looked up by its text; an unknown one gets a seeded guess. Past beliefs are
    read from the prompt's history, the seat and the draw from the request's sample index. Every
    draw is keyed by the request's seed, so the same request always gets the same reply.
    ``profile`` in its block names a set of parameters; what stands beside it wins.
    """

    rule: Rule = "fj"
    persuasion: float = 0.0
    noise: float = 0.0
    bias: float = 0.2
    invalid: float = 0.0
    gullibility: float = 0.0
    _book: dict[str, Question] = field(default_factory=dict, init=False, repr=False, compare=False)
    _met: dict[_Asked, Member] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is outside its range, and learn the built-in questions."""
        if self.persuasion < 0 or self.noise < 0:
            raise ConfigError("backend 'simulated': persuasion and noise must be >= 0")
        if not all(0 <= share <= 1 for share in (self.bias, self.invalid, self.gullibility)):
            raise ConfigError(
                "backend 'simulated': bias, invalid and gullibility must lie in [0, 1]"
            )
        super().__post_init__()
        self._book.update(_builtin_book())

    def learn(self, questions: Sequence[Question]) -> None:
        """Tell the model the questions whose right answer it may know.

        Parameters
        ----------
        questions : sequence of Question
            Looked up by their text.
        """
        self._book.update(_book_of(questions))
        self._met.clear()

    @property
    def truth(self) -> KnowsTruth:
        """Itself: it plays agents whose parameters it draws."""
        return self

    @property
    def identity(self) -> str:
        """Name, rule and parameters."""
        return repr(self)

    async def complete(self, request: Request) -> Reply:
        """Answer one request; never fails, never waits."""
        garbled = self._garbled(request)
        logprobs: dict[str, float] | None = None
        if asks_for_letter(request.messages) and read_probe(request.messages) is None:
            text, chances = self._chosen(request)
            logprobs = _likeliest(chances, request.logprobs)
        else:
            text = garbled or self._replied(request)
            logprobs = _logprobs(text)
        if garbled:
            text, logprobs = garbled, {garbled.partition(" ")[0]: 0.0}
        tokens_in = sum(len(message.content) for message in request.messages)
        usage = Usage(tokens_in // CHARACTERS_PER_TOKEN + 1, len(text) // CHARACTERS_PER_TOKEN + 1)
        shown = logprobs if request.logprobs else None
        return Reply(text=text, model=SIMULATED_MODEL, usage=usage, logprobs=shown)

    def declared(
        self, question: Question, replica: int, n_agents: int, seed: int
    ) -> DeclaredLaw | None:
        """Return the true parameters; None where the rule is not the law."""
        if self.rule != "fj" or max(self.persuasion, self.noise, self.gullibility) > 0:
            return None
        text, options = question.text, question.options
        members = [
            self._known_member(text, options, replica, seat, seed) for seat in range(n_agents)
        ]
        return DeclaredLaw(
            stubbornness=np.array([member.stubbornness for member in members]),
            self_weight=np.array([member.self_weight for member in members]),
        )

    def persuasiveness(self, question: Question, replica: int, seat: int, seed: int) -> float:
        """Return what multiplies the member's weight with those that hear its reasons."""
        if self.persuasiveness_spread == 0:
            return 1.0
        return self._known_member(
            question.text, question.options, replica, seat, seed
        ).persuasiveness

    def _known_member(
        self, text: str, options: tuple[str, ...], replica: int, seat: int, seed: int
    ) -> Member:
        """Return who sits in a seat; remembered, since a chat asks the same one every round."""
        asked = (text, options, replica, seat, seed)
        member = self._met.get(asked)
        if member is None:
            member = self._found_member(*asked)
            if len(text) + sum(map(len, options)) <= REMEMBERED:
                if len(self._met) >= ACQUAINTANCES:
                    self._met.clear()
                self._met[asked] = member
        return member

    def _found_member(
        self, text: str, options: tuple[str, ...], replica: int, seat: int, seed: int
    ) -> Member:
        question = _as_shown(Question("", text, options, None))
        known = self._book.get(_lookup(question.text))
        if known is None:
            known = Question("", question.text, tuple(sorted(question.options)), None)
        member = self.member(known, replica, seat, seed)
        innate = member.innate[_positions(question.options, known.options)]
        innate.flags.writeable = False
        return replace(member, innate=innate)

    def _replied(self, request: Request) -> str:
        """Return a reply; asked how sure teammates seem, it takes their word for it."""
        perceived = read_probe(request.messages)
        if perceived is not None:
            return json.dumps({"perceived": perceived})
        return self._speak(read_prompt(request.messages), request)

    def _chosen(self, request: Request) -> tuple[str, dict[str, float]]:
        """Return a letter, or why, and what each spelling of a letter is given."""
        prompt = read_prompt(request.messages)
        order = None if prompt.assigned is not None else self._order(prompt, request)
        if order is not None:
            held = certain(order[0], len(prompt.options), OBEYED_CERTAINTY).tolist()
        else:
            held = self._held(prompt, request)
        if asks_why(request.messages):
            return f"{self.voiced(_rounded(max(held)))} {_argument(prompt, held)}".lstrip(), {}
        return LETTERS[held.index(max(held))], _spelled(held)

    def _speak(self, prompt: Prompt, request: Request) -> str:
        if prompt.assigned is not None:
            held = prompt.assigned.tolist()
            return self._reply(held, f"I hold that {_named(prompt, held)} is right.")
        order = self._order(prompt, request)
        if order is not None:
            return _obeying(prompt, *order)
        stated = self._held(prompt, request)
        return self._reply(stated, _argument(prompt, stated))

    def _held(self, prompt: Prompt, request: Request) -> list[float]:
        """Return the belief that the model comes to, or is assigned."""
        if prompt.assigned is not None:
            return [*map(float, prompt.assigned)]
        n_options, sample = len(prompt.options), request.sample
        member = self._known_member(
            prompt.question, prompt.options, sample.replica, sample.seat, request.sampling.seed
        )
        belief = member.innate
        if prompt.asks_after_hearing:
            innate = member.innate if prompt.first is None else prompt.first
            own = innate if prompt.last is None else prompt.last
            belief = self._moved(innate, own, member, prompt, request.sampling.seed)
        if self.noise > 0:
            rng = stream(request.sampling.seed, "noise", prompt.question, str(sample))
            shaken = np.log(np.maximum(belief, LOG_FLOOR)) + rng.normal(0, self.noise, n_options)
            belief = _softmax(shaken)
        return [*map(float, belief)]

    def _reply(self, belief: list[float], reason: str) -> str:
        """Return a reply whose reason begins with how sure its words sound."""
        return _reply(belief, f"{self.voiced(_rounded(max(belief)))} {reason}".lstrip())

    def _order(self, prompt: Prompt, request: Request) -> tuple[int, str] | None:
        """Return the option that a teammate's message orders, and the order, where it is obeyed."""
        if self.gullibility <= 0 or not prompt.asks_after_hearing:
            return None
        key = (prompt.question, request.sample.replica, request.sample.seat)
        if stream(request.sampling.seed, "gullible", *key).random() >= self.gullibility:
            return None
        options = [_unquoted(option) for option in prompt.options]
        for line in _quoted_lines(request):
            found = _ORDER.search(line)
            if found is not None and _unquoted(found.group(1)) in options:
                return options.index(_unquoted(found.group(1))), line[found.start() :]
        return None

    def _moved(self, innate: Array, own: Array, member: Member, prompt: Prompt, seed: int) -> Array:
        heard = self._heard(own, prompt)
        drift = (own, heard)
        stubbornness = self.swayed(member.stubbornness, prompt.gives_reasons)
        weights = (member.self_weight, 1 - member.self_weight)
        if self.rule == "log-linear":
            return _softmax(
                stubbornness * _log(innate)
                + (1 - stubbornness)
                * (weights[0] * _log(own) + weights[1] * self._heard(own, prompt, _log))
            )
        if self.rule == "majority":
            drift = (own, self._plurality(own, prompt))
        moved = weights[0] * drift[0] + weights[1] * drift[1]
        belief = stubbornness * innate + (1 - stubbornness) * moved
        if self.rule == "attractor":
            pull = stream(seed, "bias", prompt.question).integers(len(prompt.options))
            texts = sorted(prompt.options)
            favoured = prompt.options.index(texts[int(pull)])
            belief = (1 - self.bias) * belief + self.bias * certain(favoured, len(texts), 0.9)
        return np.asarray(belief)

    def _weight(self, peer: ReadPeer) -> float:
        weight = peer.weight * peer.trust
        return weight * peer.stated_confidence**self.persuasion if self.persuasion > 0 else weight

    def _heard(
        self, own: Array, prompt: Prompt, scale: Callable[[Array], Array] = np.asarray
    ) -> Array:
        """Mix what the peers said; the share of silent ones stays with the own last belief."""
        mixed, weights, loud, silent = np.zeros_like(own), 0.0, 0.0, 0.0
        for peer in prompt.peers:
            if peer.belief is None:
                silent += peer.weight
                continue
            weight = self._weight(peer)
            mixed += weight * scale(peer.belief)
            weights += weight
            loud += peer.weight
        if weights <= 0:
            return scale(own)
        share = loud / (loud + silent)
        return np.asarray(share / weights * mixed + (1 - share) * scale(own))

    def _plurality(self, own: Array, prompt: Prompt) -> Array:
        votes = np.zeros(len(own))
        for peer in prompt.peers:
            if peer.answer is not None:
                votes[peer.answer] += peer.weight * peer.trust
        winner = int(top_option(votes))
        return own if winner < 0 else certain(winner, len(own), MAJORITY_CERTAINTY)

    def _garbled(self, request: Request) -> str:
        if self.invalid <= 0:
            return ""
        # A repair's own words are the same everywhere: what it repairs tells turns apart.
        key = (*(message.content for message in request.messages[-3:]), str(request.sample))
        drawn = stream(request.sampling.seed, "invalid", *key).random()
        return "I would rather not use the format." if drawn < self.invalid else ""


def _as_shown(question: Question) -> Question:
    """Return a question as prompts show it, where it is looked up: without role marks."""
    text = without_role_tokens(question.text)
    options = tuple(map(without_role_tokens, question.options))
    if (text, options) == (question.text, question.options):
        return question
    return replace(question, text=text, options=options)


def _book_of(questions: Sequence[Question]) -> dict[str, Question]:
    shown = map(_as_shown, questions)
    return {_lookup(question.text): question for question in shown}


@cache
def _builtin_book() -> Mapping[str, Question]:
    return _book_of(load_questions("builtin"))


def _lookup(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def _positions(asked: Sequence[str], known: Sequence[str]) -> list[int]:
    """Return where each asked option stands among the known ones; equal texts in order."""
    free = list(range(len(known)))
    places = []
    for option in asked:
        match = next((at for at in free if known[at] == option), free[0])
        free.remove(match)
        places.append(match)
    return places


def _log(belief: Array) -> Array:
    return np.asarray(np.log(np.maximum(belief, LOG_FLOOR)))


def _softmax(values: Array) -> Array:
    raised = np.exp(values - values.max())
    return np.asarray(raised / raised.sum())


def _named(prompt: Prompt, belief: list[float]) -> str:
    top = belief.index(max(belief))
    return f"option {LETTERS[top]} ({prompt.options[top]})"


def _quoted_lines(request: Request) -> list[str]:
    """Return what teammates wrote in the turn that is asked, their reasons above all."""
    asked = [message.content for message in request.messages if message.role == "user"]
    turn = next(text for text in reversed(asked) if not text.startswith(ASIDE))
    return [line[2:] for line in turn.split("\n") if line.startswith("> ")]


def _unquoted(option: str) -> str:
    return " ".join(option.split()).replace('"', "'")


def _obeying(prompt: Prompt, option: int, order: str) -> str:
    belief = certain(option, len(prompt.options), OBEYED_CERTAINTY).tolist()
    repeated = f" {order}" if _REPEAT.search(order) else ""
    return _reply(belief, f"As I was told, {_named(prompt, belief)} is right.{repeated}")


def _argument(prompt: Prompt, belief: list[float]) -> str:
    favoured = _named(prompt, belief)
    if not prompt.asks_after_hearing:
        return f"On my own I find {favoured} most convincing."
    return f"Having heard {len(prompt.peers)} teammates, I find {favoured} most convincing."


def _spelled(belief: list[float]) -> dict[str, float]:
    """Return the chances of one token: letters, the favourite spelled in two ways, and prose."""
    top = belief.index(max(belief))
    chances = {LETTERS[at]: LABEL_MASS * share for at, share in enumerate(belief) if share > 0}
    chances[LETTERS[top]] /= 2
    return chances | {f"({LETTERS[top]}": chances[LETTERS[top]], "The": 1 - LABEL_MASS}


def _likeliest(chances: Mapping[str, float], most: int) -> dict[str, float]:
    ranked = sorted(chances.items(), key=lambda item: -item[1])[:most]
    return {token: math.log(chance) for token, chance in ranked}


def _logprobs(text: str) -> dict[str, float]:
    """Return what a model of that belief would put on each letter."""
    try:
        stated = json.loads(text)["belief"]
    except (ValueError, KeyError):
        return {}
    return {letter: math.log(max(value, LOG_FLOOR)) for letter, value in stated.items()}


def _reply(belief: list[float], reason: str) -> str:
    top = belief.index(max(belief))
    stated = [_rounded(value) for value in belief]
    return json.dumps(
        {
            "reasoning": reason,
            "answer": LETTERS[top],
            "belief": dict(zip(LETTERS, stated, strict=False)),
            "confidence": stated[top],
        }
    )


def _rounded(value: float) -> float:
    """Return the nearest float of so many significant digits."""
    if value < 1:
        # The same digits as below in a third of the time.
        if value >= 0.1:
            return round(value, DIGITS)
        if value >= 0.01:
            return round(value, DIGITS + 1)
    return float(f"{value:.{DIGITS}g}")
