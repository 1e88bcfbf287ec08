"""One call per kind of plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fjsim.registry import KINDS
from fjsim.testing import (
    agents,
    attacks,
    backends,
    estimators,
    in_a_run,
    metrics,
    policies,
    topologies,
)
from fjsim.testing.registration import registration
from fjsim.testing.subject import Law, Subject, subject

OF_KIND: Mapping[str, tuple[Law, ...]] = {
    "agent": (*agents.LAWS, *in_a_run.LAWS),
    "topology": (*topologies.LAWS, *in_a_run.LAWS),
    "router": (*policies.ROUTER_LAWS, *in_a_run.LAWS),
    "attack": (*attacks.LAWS, *in_a_run.LAWS),
    "defense": (*policies.DEFENSE_LAWS, *in_a_run.LAWS),
    "backend": backends.LAWS,
    "metric": metrics.LAWS,
    "estimator": estimators.LAWS,
}


def laws(kind: str) -> tuple[Law, ...]:
    """Return the laws that plug-ins of a kind have to keep, registration first.

    Parameters
    ----------
    kind : {'agent', 'topology', 'router', 'attack', 'defense', 'backend', 'metric', 'estimator'}

    Returns
    -------
    tuple of callable
        Each takes a `Subject` and raises `BrokenLawError`; its name and docstring say the law.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; give one of {', '.join(KINDS)}")
    return (*registration(kind), *OF_KIND[kind])


def _check(kind: str, plugin: object) -> None:
    found: Subject = subject(kind, plugin)
    for law in laws(kind):
        law(found)


def check_topology(topology: Any) -> None:
    """Try a family of graphs: seeded, every seat there, weights that are shares, clear refusals.

    Parameters
    ----------
    topology : str, mapping or Topology
        Its name, its block, or the plug-in itself; it has to be registered.

    Raises
    ------
    BrokenLawError
        With one sentence for the first law that does not hold.
    ConfigError
        If the name is unknown, or the block wrong.
    """
    _check("topology", topology)


def check_router(router: Any) -> None:
    """Try a router: rows on the graph, nothing kept on it, the same after a resume.

    Parameters
    ----------
    router : str, mapping or Router
        See `check_topology`, also for what is raised.
    """
    _check("router", router)


def check_attack(attack: Any) -> None:
    """Try an attack: seats, targets, stances, what it may rewrite, and a run that is resumed.

    Parameters
    ----------
    attack : str, mapping or Attack
        See `check_topology`, also for what is raised.
    """
    _check("attack", attack)


def check_defense(defense: Any) -> None:
    """Try a defense: gates in [0, 1], nothing kept on it, the same after a resume.

    Parameters
    ----------
    defense : str, mapping or Defense
        See `check_topology`, also for what is raised.
    """
    _check("defense", defense)


def check_agent(agent: Any) -> None:
    """Try an agent: what it says fits the question, and is the same for the same situation.

    Parameters
    ----------
    agent : str, mapping or Agent
        See `check_topology`, also for what is raised.
    """
    _check("agent", agent)


def check_backend(backend: Any, ask: bool = False) -> None:
    """Try a backend: its identity, its pace, its end, and whether its replies can be read.

    Parameters
    ----------
    backend : str, mapping or Backend
        See `check_topology`, also for what is raised.
    ask : bool, default False
        Whether to ask it: four turns of two agents, which may cost money.
    """
    _check("backend", backend)
    if ask:
        in_a_run.it_answers_a_question(subject("backend", backend))


def check_metric(metric: Any) -> None:
    """Try a metric: counts that add up over questions, values within bounds, none of nothing.

    Parameters
    ----------
    metric : str, mapping or Metric
        See `check_topology`, also for what is raised.
    """
    _check("metric", metric)


def check_estimator(estimator: Any) -> None:
    """Try an estimator: predictions are beliefs, repeatable, and never read the future.

    Parameters
    ----------
    estimator : str, mapping or Estimator
        See `check_topology`, also for what is raised.
    """
    _check("estimator", estimator)
