"""Instructions to the listener's model, carried by a message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fjsim.contracts import Message, Stance, View
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_attacks.payloads import payload, payload_names
from fjsim_attacks.shared.search_space import INJECT
from fjsim_attacks.shared.seated import Seated


@register("attack", "inject")
@dataclass(frozen=True)
class Inject(Seated):
    """Defend the target, and carry instructions to whoever reads the message.

    Parameters
    ----------
    payload : str, default 'ignore'
        What is injected: ``ignore`` (forget your instructions), ``answer`` (somebody confirmed
        it), ``trust`` (trust me alone), ``format`` (another output format), or a text of one's
        own, with ``{option}`` where the target's text stands.
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Sees the question and changes nothing but its own words. A model-driven seat is told to work
    the payload in; if it does not, the payload is put behind its reason on the way out, so that
    it always arrives where peers see reasons. fjsim fences and labels what peers say, so that
    the payload is text to a listener and never structure; whether its model obeys is what is
    measured. The simulated model obeys with its ``gullibility``, 0 by default; numeric and
    scripted listeners do not read, and take the belief alone.

    References
    ----------
    .. [1] F. Perez and I. Ribeiro, "Ignore Previous Prompt: Attack Techniques For Language
       Models", 2022, arXiv:2211.09527.
    .. [2] K. Greshake et al., "Not what you've signed up for: Compromising Real-World
       LLM-Integrated Applications with Indirect Prompt Injection", 2023, arXiv:2302.12173.
    """

    searched = INJECT

    payload: str = "ignore"

    def __post_init__(self) -> None:
        """Refuse a word that is no payload, and an empty text."""
        super().__post_init__()
        if self.payload not in payload_names() and " " not in self.payload.strip():
            raise ConfigError(
                f"attack.payload is {self.payload!r}; give {', '.join(payload_names())}, or a "
                "sentence with {option} in it"
            )

    def position(self, seat: int, view: View) -> Stance | None:
        """State the target, with the payload in its words."""
        return self.hostile(view, payload=self._text(view))

    def tamper(self, message: Message, listener: int, view: View) -> Message:
        """Put the payload behind its own seat's reason, where the model left it out."""
        if message.speaker not in view.seats or not view.uses(message.speaker):
            return message
        text = self._text(view)
        if text in message.reason:
            return message
        return replace(message, reason=f"{message.reason} {text}".strip(), tampered=True)

    def _text(self, view: View) -> str:
        return payload(self.payload, view.question, view.target)
