"""One law over every registered plug-in: the very laws of ``fjsim.testing``."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.contracts import ThreatModel
from fjsim.dynamics import influence_matrix
from fjsim.metrics import registered
from fjsim.registry import Entry
from fjsim.testing import Law, Subject, check_backend, laws
from fjsim_topologies.regular import Isolated

CASES = [
    pytest.param(law, entry, id=f"{kind}-{entry.name}-{law.__name__}")
    for kind in registry.KINDS
    for entry in registry.entries(kind)
    for law in laws(kind)
]


@pytest.mark.parametrize(("law", "entry"), CASES)
def test_the_law_holds(law: Law, entry: Entry, block_of: Callable[[Entry], dict[str, Any]]) -> None:
    block = block_of(entry)
    law(Subject(entry, block, registry.build(entry.kind, block)))


def test_every_kind_has_laws_of_its_own() -> None:
    for kind in registry.KINDS:
        assert len(laws(kind)) >= 7
        assert all(law.__doc__ and law.__doc__.endswith(".") for law in laws(kind))


def test_the_simulated_model_answers() -> None:
    check_backend("simulated", ask=True)


def test_an_attack_with_nothing_to_do_is_the_identity() -> None:
    attack = registry.build("attack", "none")
    assert attack.take_seats(np.eye(3), np.random.default_rng(0)) == ()
    assert attack.threat == ThreatModel()


@pytest.mark.parametrize("entry", registry.entries("topology"), ids=lambda entry: entry.name)
def test_somebody_hears_somebody(entry: Entry, block_of: Callable[[Entry], dict[str, Any]]) -> None:
    topology = registry.build("topology", block_of(entry))
    influence = influence_matrix(topology.graph(6, np.random.default_rng(0)))
    # The control without edges is the one family in which nobody hears anybody.
    assert influence.any() or isinstance(topology, Isolated)


def test_every_metric_is_registered_under_its_kind() -> None:
    assert set(registered()) == set(registry.names("metric"))
    assert next(iter(registered())) == "attack_success_rate"
