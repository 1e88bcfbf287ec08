"""What a family accepts: one line says what was given, what is allowed and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from fjsim.errors import ConfigError


def require_agents(family: str, n_agents: int, least: int) -> None:
    """Refuse a team that is too small for the family.

    Parameters
    ----------
    family : str
        Name of the topology.
    n_agents : int
        How many agents there are.
    least : int
        How many it takes.

    Raises
    ------
    ConfigError
        If there are fewer.
    """
    if n_agents < least:
        raise ConfigError(
            f"topology '{family}' needs at least {least} agents, got {n_agents}; "
            "raise agents or choose another topology"
        )


def require_probability(family: str, name: str, value: float) -> None:
    """Refuse a parameter outside [0, 1].

    Parameters
    ----------
    family, name : str
        Names of the topology and of its parameter.
    value : float
        What was given; NaN is refused too.

    Raises
    ------
    ConfigError
        If it is no probability.
    """
    if not 0 <= value <= 1:
        raise ConfigError(
            f"topology '{family}', parameter '{name}': got {value}; "
            "a probability lies in [0, 1]; change it"
        )


def require_between(
    family: str, name: str, value: int, least: int, most: int, n_agents: int
) -> None:
    """Refuse a count that does not fit the number of agents.

    Parameters
    ----------
    family, name : str
        Names of the topology and of its parameter.
    value : int
        What was given.
    least, most : int
        Smallest and largest count allowed.
    n_agents : int
        How many agents there are.

    Raises
    ------
    ConfigError
        If it lies outside.
    """
    if not least <= value <= most:
        raise ConfigError(
            f"topology '{family}', parameter '{name}': got {value}; with {n_agents} agents it lies "
            f"in {least}..{most}; change it or agents"
        )


def group_sizes(
    family: str, name: str, groups: int | Sequence[int], n_agents: int
) -> tuple[int, ...]:
    """Return how many agents each group has.

    Parameters
    ----------
    family, name : str
        Names of the topology and of its parameter.
    groups : int or sequence of int
        How many groups, as even as can be with the larger ones first, or the size of each.
    n_agents : int
        What the sizes sum to.

    Returns
    -------
    tuple of int

    Raises
    ------
    ConfigError
        If a group would be empty or the sizes do not sum to `n_agents`.

    Examples
    --------
    >>> group_sizes("layered", "layers", 3, 8)
    (3, 3, 2)
    """
    if isinstance(groups, int):
        require_between(family, name, groups, 1, n_agents, n_agents)
        small, larger = divmod(n_agents, groups)
        return (small + 1,) * larger + (small,) * (groups - larger)
    sizes = tuple(groups)
    if not sizes or min(sizes) < 1 or sum(sizes) != n_agents:
        raise ConfigError(
            f"topology '{family}', parameter '{name}': got sizes {list(sizes)}; "
            f"each must be at least 1 and they must sum to the {n_agents} agents; change one"
        )
    return sizes
