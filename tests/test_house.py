"""The rooms: no module is hidden by a function of its name, and no import goes in a circle."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import grimp
import networkx as nx
import pytest

PACKAGES = (
    "fjsim",
    "fjsim_agents",
    "fjsim_topologies",
    "fjsim_routers",
    "fjsim_attacks",
    "fjsim_defenses",
)


def packages() -> list[str]:
    found = list(PACKAGES)
    for name in PACKAGES:
        root = importlib.import_module(name)
        found += [
            part.name for part in pkgutil.walk_packages(root.__path__, f"{name}.") if part.ispkg
        ]
    return found


@pytest.mark.parametrize("package", packages())
def test_no_module_is_hidden_by_a_function_or_a_class_of_its_name(package: str) -> None:
    room = importlib.import_module(package)
    for part in pkgutil.iter_modules(room.__path__):
        value = getattr(room, part.name, None)
        assert value is None or isinstance(value, ModuleType), f"{package}.{part.name}"


def test_no_import_goes_in_a_circle() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    links: nx.DiGraph[str] = nx.DiGraph()
    for module in graph.modules:
        if module.rpartition(".")[2] != "__init__":
            links.add_edges_from(
                (module, to) for to in graph.find_modules_directly_imported_by(module)
            )
    circles = [sorted(part) for part in nx.strongly_connected_components(links) if len(part) > 1]
    assert not circles
