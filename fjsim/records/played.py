"""How weights and gates acted on the agents of a run: what a log must say beside who was heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fjsim.contracts import Arm, Channel
from fjsim.records.lines import DamagedLineError
from fjsim.records.values import within

CHANNELS: frozenset[str] = frozenset({"label", "withhold", "sample", "blend"})


@dataclass(frozen=True, slots=True)
class PlayedLaw:
    """The rules by which one arm of a run was played.

    Parameters
    ----------
    models : tuple of int
        Seats that a model plays; channels act on these alone.
    router : {'label', 'withhold', 'sample', 'blend'}
        The router's channel.
    strength : float
        Share of a blending router's mixture in what is accepted, in [0, 1].
    defense : {'label', 'withhold', 'sample', 'blend'} or None
        The defense's channel; None without a defense.
    self_view : bool
        Whether a model is shown its own last view.
    unread : str
        Why no law can be read off the arm; empty where one can.
    """

    models: tuple[int, ...] = ()
    router: Channel = "label"
    strength: float = 0.0
    defense: Channel | None = None
    self_view: bool = True
    unread: str = ""

    @property
    def router_blends(self) -> bool:
        """Whether a router mixes outside the models what their turns came to."""
        return self.router == "blend" and bool(self.models)

    @property
    def defense_blends(self) -> bool:
        """Whether a defense mixes outside the models what their turns came to."""
        return self.defense == "blend" and bool(self.models)

    @property
    def shows_routed_weights(self) -> bool:
        """Whether the models themselves mix by W(q), and not by the graph's W."""
        return self.router == "label"


def plain_law(law: PlayedLaw, unread: Mapping[Arm, str]) -> dict[str, Any]:
    """Return what a log's header says of the law, with the reason of each arm.

    Parameters
    ----------
    law : PlayedLaw
        What both arms share.
    unread : mapping of arm to str
        Why no law can be read off each; empty where one can.
    """
    return {**asdict(law), "models": list(law.models), "unread": dict(unread)}


def law_of(told: Any, n_agents: int) -> tuple[PlayedLaw, dict[Arm, str]]:
    """Return the law that a log's header tells, and why none can be read off each arm.

    Parameters
    ----------
    told : object
        Untrusted.
    n_agents : int
        How many seats there are.

    Raises
    ------
    DamagedLineError
        If it does not say how the run was played.
    """
    try:
        models = told["models"]
        for seat in models:
            within("seat of a model", seat, n_agents - 1)
        law = PlayedLaw(
            models=tuple(models),
            router=_channel(told["router"]),
            strength=_share(told["strength"]),
            defense=None if told["defense"] is None else _channel(told["defense"]),
            self_view=bool(told["self_view"]),
        )
        unread: dict[Arm, str] = {arm: str(why) for arm, why in told["unread"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedLineError("law does not say how the run was played") from error
    return law, unread


def _channel(name: Any) -> Channel:
    if name not in CHANNELS:
        raise ValueError(f"{name!r} is no channel")
    return name  # type: ignore[no-any-return]


def _share(value: Any) -> float:
    if type(value) not in (float, int) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is no share")
    return float(value)
