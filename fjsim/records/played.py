"""How weights and gates acted on the agents of a run: what a log must say beside who was heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fjsim.contracts import Arm, Channel
from fjsim.errors import StorageError

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


def header_of(law: PlayedLaw, unread: Mapping[Arm, str]) -> dict[str, Any]:
    """Return what a log's header says of the law, with the reason of each arm.

    Parameters
    ----------
    law : PlayedLaw
        What both arms share.
    unread : mapping of arm to str
        Why no law can be read off each; empty where one can.
    """
    return {**asdict(law), "models": list(law.models), "unread": dict(unread)}


def played_law(header: Mapping[str, Any], arm: Arm) -> PlayedLaw | None:
    """Return the law of one arm as a log's header tells it.

    Parameters
    ----------
    header : mapping
        A run's header; logs of foreign runs and of early versions say nothing.
    arm : {'attacked', 'clean'}

    Returns
    -------
    PlayedLaw or None
        None where the header says nothing.
    """
    law = header.get("law")
    if law is None:
        return None
    try:
        return PlayedLaw(
            models=tuple(int(seat) for seat in law["models"]),
            router=_channel(law["router"]),
            strength=_share(law["strength"]),
            defense=None if law["defense"] is None else _channel(law["defense"]),
            self_view=bool(law["self_view"]),
            unread=str(law["unread"].get(arm, "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            "the log's first line does not say how the run was played; move the run folder away "
            "and start again"
        ) from error


def _channel(name: Any) -> Channel:
    if name not in CHANNELS:
        raise ValueError(f"{name!r} is no channel")
    return name  # type: ignore[no-any-return]


def _share(value: Any) -> float:
    if not 0 <= float(value) <= 1:
        raise ValueError(f"{value!r} is no share")
    return float(value)
