"""Why no law can be read off a run: the one place that knows, for predictions and fits alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.contracts import Arm, Attack, ModelAgent, Power, SpeakingAgent

if TYPE_CHECKING:
    from fjsim.runs.resolve import Plugins

INVENTED = "invented speakers change the weights from listener to listener"
RECRUITED = "recruits stop following the law"
REWRITTEN = "a fit cannot see which messages were forged"
RESTORED = "the defense takes beliefs back, which no law of what is heard explains"
MIXED = "models and numeric agents make different things of a gate that is shown"


def rewrites_others(attack: Attack | None) -> bool:
    """Say whether an attack changes what agents outside its seats are heard to say."""
    return attack is not None and Power.REWRITE in attack.threat.may


def silent_because(plugins: Plugins, arm: Arm = "attacked") -> str:
    """Return why no parameters can predict one arm of a run.

    Parameters
    ----------
    plugins : Plugins
        Plug-ins of the run.
    arm : {'attacked', 'clean'}
        An attack changes the attacked arm alone.

    Returns
    -------
    str
        Empty where they can.
    """
    models = any(isinstance(agent, ModelAgent) for agent in plugins.agents)
    speaking = any(isinstance(agent, SpeakingAgent) for agent in plugins.agents)
    defense = plugins.defense
    if defense is not None and defense.channel == "label" and models and speaking:
        return MIXED
    if defense is not None and defense.restores:
        return RESTORED
    if plugins.attack is None or arm == "clean":
        return ""
    may = plugins.attack.threat.may
    if Power.FORGE_IDENTITIES in may:
        return INVENTED
    return RECRUITED if Power.RECRUIT in may and speaking else ""


def unread_because(plugins: Plugins, arm: Arm) -> str:
    """Return why no law can be fitted to one arm of a run.

    Parameters
    ----------
    plugins : Plugins
        Plug-ins of the run.
    arm : {'attacked', 'clean'}

    Returns
    -------
    str
        Empty where one can. Whatever cannot be predicted cannot be fitted; the reverse does not
        hold, since a prediction may ask the attack again what it forged.
    """
    forged = REWRITTEN if arm == "attacked" and rewrites_others(plugins.attack) else ""
    return silent_because(plugins, arm) or forged
