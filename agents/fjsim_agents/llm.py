"""An agent that a language model plays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import yaml

from fjsim.contracts import ModelAgent
from fjsim.errors import ConfigError, nearest
from fjsim.registry import register

Level = Literal["low", "medium", "high"]

PERSUASIVENESS = {
    "low": "You mention your view briefly and leave it to others to make of it what they will.",
    "medium": "You explain your view with the reasons that matter most.",
    "high": "You argue for your view vividly, answer objections before they come, and want "
    "others to see what you see.",
}
AGREEABLENESS = {
    "low": "You are blunt, you enjoy disagreement, and you say so when others are wrong.",
    "medium": "You are friendly, and open about where you disagree.",
    "high": "You are warm and cooperative, you look for what is right in what others say, and "
    "you value harmony in the team.",
}


@register("agent", "llm")
@dataclass(frozen=True)
class LLMAgent(ModelAgent):
    """A model plays the agent: persona and traits colour its prompt, never its arithmetic.

    Parameters
    ----------
    persona : str, default 'neutral'
        Name of a persona; ``neutral`` adds nothing to the prompt.
    persuasiveness, agreeableness : {'low', 'medium', 'high'}, optional
        Traits, in words; none by default.

    Notes
    -----
    No persona states how far to move towards others: that is what is measured.
    """

    persona: str = "neutral"
    persuasiveness: Level | None = None
    agreeableness: Level | None = None

    def __post_init__(self) -> None:
        """Refuse a persona that is not there."""
        known = personas()
        if self.persona not in known:
            raise ConfigError(
                f"agent 'llm': no persona '{self.persona}'; there are {', '.join(known)}"
                + nearest(self.persona, known)
            )

    @classmethod
    def choices(cls) -> dict[str, dict[str, str]]:
        """Return what a parameter may name: its values, with what each stands for."""
        return {"persona": personas()}

    def describe(self) -> str:
        """Return persona and traits as sentences."""
        parts = [personas()[self.persona]]
        if self.persuasiveness is not None:
            parts.append(PERSUASIVENESS[self.persuasiveness])
        if self.agreeableness is not None:
            parts.append(AGREEABLENESS[self.agreeableness])
        return " ".join(part for part in parts if part)


@cache
def personas() -> dict[str, str]:
    """Return all personas: name and description, in the order of the files."""
    folder = resources.files("fjsim_agents") / "personas"
    files = sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    found: dict[str, str] = {}
    for name in files:
        found |= yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    return found
