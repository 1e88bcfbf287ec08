"""Agents at work: prompts, replies, who hears whom, and the order of it all."""

from fjsim.deliberation.choosing import ChoiceElicitor
from fjsim.deliberation.elicitation import Elicitor
from fjsim.deliberation.item import Item
from fjsim.deliberation.journal import Journal
from fjsim.deliberation.learning import learned, shown_key
from fjsim.deliberation.loop import Deliberation
from fjsim.deliberation.schedule import deliberate, memory_of, seeded_order
from fjsim.deliberation.team import ChosenToken, Rules, Team

__all__ = [
    "ChosenToken",
    "ChoiceElicitor",
    "Deliberation",
    "Elicitor",
    "Item",
    "Journal",
    "Rules",
    "Team",
    "deliberate",
    "learned",
    "memory_of",
    "seeded_order",
    "shown_key",
]
