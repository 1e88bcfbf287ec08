"""A defense as a small library call inside somebody's running team."""

from fjsim.guard.decision import Decision, Explanation
from fjsim.guard.face import Guard
from fjsim.guard.message import Message
from fjsim.guard.reading import in_own_words

__all__ = ["Decision", "Explanation", "Guard", "Message", "in_own_words"]
