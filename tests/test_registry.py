"""Plug-ins by kind and name: ours, a stranger's, and one that does not load."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest

from fjsim import registry
from fjsim.contracts import Topology
from fjsim.errors import ConfigError, PluginError, UnknownNameError

SAMPLE = Path(__file__).parent / "sample_plugin"
SAMPLE_BLOCKS = {
    "topology": {"kind": "barbell", "weight": 2.0},
    "attack": {"kind": "echo", "seat": 1, "certainty": 0.97},
    "defense": {"kind": "mute", "speakers": [1, 2]},
    "agent": {"kind": "coin", "certainty": 0.6},
    "metric": {"kind": "steadfast"},
}

SURVEY = """
import json, sys
from fjsim import errors, registry

def built(kind, block):
    try:
        return registry.describe(registry.build(kind, block), block["kind"])
    except errors.FjsimError as error:
        return f"{type(error).__name__}: {error}"

print(json.dumps({
    "third_party": {
        kind: [entry.name for entry in registry.entries(kind) if entry.third_party]
        for kind in registry.KINDS
    },
    "packages": [entry.package for kind in registry.KINDS for entry in registry.entries(kind)],
    "broken": dict(registry.broken_plugins()),
    "built": {kind: built(kind, block) for kind, block in json.loads(sys.argv[1]).items()},
}))
"""


JUDGED = """
import json, sys
import fjsim

request = json.loads(sys.argv[1])
found = fjsim.evaluate_defenses(fjsim.Scenario(**request.pop("scenario")), **request)
columns = [
    "topology", "attack", "defense", "attack_success_rate", "asr_change", "price", "steadfast"
]
print(json.dumps({
    "rows": found.table[columns].to_dict("records"),
    "ranked": found.leaderboard["defense"].tolist(),
    "imported": "fjsim_sample" in sys.modules,
}))
"""


CHECKED = """
import json, sys
from fjsim import testing

for kind, block in json.loads(sys.argv[1]).items():
    getattr(testing, f"check_{kind}")(block)
print(json.dumps("kept"))
"""


ASKED = """
import collections, json, sys
import fjsim
from fjsim.registry import find

attack = find("attack", "pied-piper").factory
answers = collections.Counter()

def watched(name, hook):
    def asked(self, *given):
        answer = hook(self, *given)
        changed = answer is not given[0] if name == "tamper" else bool(answer)
        answers[name] += changed
        return answer
    return asked

hooks = ("plan", "stance", "tamper", "forge", "recruit")
for name in hooks:
    answers[name] = 0
    setattr(attack, name, watched(name, getattr(attack, name)))
fjsim.run(fjsim.Scenario(**json.loads(sys.argv[1])))
print(json.dumps(answers))
"""


def fresh_process(program: str, request: Mapping[str, Any], folder: Path) -> Any:
    """Return what a program prints when the packages of a folder are installed."""
    result = subprocess.run(
        [sys.executable, "-c", program, json.dumps(request)],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def survey(folder: Path, blocks: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a fresh process finds when the packages of a folder are installed."""
    return fresh_process(SURVEY, blocks, folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the sample package aside, offline."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--no-compile", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(SAMPLE)],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def stranger(installed: Path) -> dict[str, Any]:
    """Look around from a fresh process that has the sample package."""
    return survey(installed, SAMPLE_BLOCKS)


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A registry of its own for one test, and a folder to import from."""
    for name in ("_entries", "_declared", "_broken"):
        monkeypatch.setattr(registry, name, {})
    monkeypatch.setattr(registry, "load_plugins", lambda: None)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_declared_module_is_imported_when_its_name_is_asked_for(empty: Path) -> None:
    for name in ("lazy_one", "lazy_other"):
        (empty / f"{name}.py").write_text(
            "from fjsim.registry import register\n"
            f"@register('attack', '{name}')\nclass Attack:\n    'Attacks.'\n"
        )
    registry.declare("attack", {"lazy_other": "lazy_other", "lazy_one": "lazy_one"})
    assert registry.names("attack") == ["lazy_one", "lazy_other"]
    assert not {"lazy_one", "lazy_other"} & set(sys.modules)
    assert registry.find("attack", "lazy_one").package == "lazy_one"
    assert "lazy_other" not in sys.modules
    assert [entry.name for entry in registry.entries("attack")] == ["lazy_one", "lazy_other"]
    assert {registry.find("attack", "lazy_one").summary} == {"Attacks."}
    with pytest.raises(PluginError, match="registered by lazy_one and again by another; rename"):
        registry.declare("attack", {"lazy_one": "another.module"})
    with pytest.raises(PluginError, match="no plug-in kind 'atack'"):
        registry.declare("atack", {})


def test_a_declared_module_that_does_not_load_is_marked_and_said(empty: Path) -> None:
    (empty / "lazy_broken.py").write_text("import no_such_library\n")
    (empty / "lazy_empty.py").write_text("")
    registry.declare("attack", {"broken": "lazy_broken", "nothing": "lazy_empty"})
    assert registry.entries("attack") == []
    assert "no_such_library" in registry.broken_plugins()["lazy_broken"]
    assert "does not register it" in registry.broken_plugins()["lazy_empty"]
    with pytest.raises(PluginError, match="did not load: lazy_broken"):
        registry.find("attack", "broken")


def test_what_registers_a_name_that_another_declares_is_refused(empty: Path) -> None:
    registry.declare("attack", {"taken": "lazy_package.attack"})
    with pytest.raises(PluginError, match="registered by lazy_package and again by"):
        registry.register("attack", "taken")(type("Attack", (), {}))


def test_our_packages_declare_exactly_what_their_modules_register() -> None:
    for kind in registry.KINDS:
        for entry in registry.entries(kind):
            if not entry.third_party:
                assert registry._declared[kind, entry.name] == entry.factory.__module__
    ours = {home for home in registry._declared.values()}
    assert not {home for home in ours & set(registry.broken_plugins())}


def test_strangers_package_is_listed_as_third_party(stranger) -> None:
    found = {kind: names for kind, names in stranger["third_party"].items() if names}
    assert found == {
        "topology": ["barbell"],
        "attack": ["echo"],
        "defense": ["mute"],
        "agent": ["coin"],
        "metric": ["steadfast"],
    }
    assert "fjsim_sample" in stranger["packages"]
    assert stranger["broken"] == {}


def test_strangers_plugins_are_built_by_name(stranger) -> None:
    assert stranger["built"] == SAMPLE_BLOCKS


def test_strangers_plugins_keep_the_laws_that_we_ship(installed) -> None:
    assert fresh_process(CHECKED, SAMPLE_BLOCKS, installed) == "kept"


def test_strangers_defense_is_judged_beside_ours_by_its_name_alone(installed) -> None:
    """``mute`` silences seat 0, the hub, where the adversary sits."""
    team = {"kind": "numeric", "count": 4}
    request = {
        "scenario": {"agents": team, "questions": {"limit": 6}, "rounds": 3, "topology": "star"},
        "defenses": ["mute", "ballot"],
        "attacks": ["stubborn"],
        "seeds": 1,
    }
    found = fresh_process(JUDGED, request, installed)
    assert found["imported"]
    rows = {row["defense"]: row for row in found["rows"]}
    assert list(rows) == ["none", "mute", "ballot"]
    assert rows["none"]["attack_success_rate"] > 0
    assert rows["mute"]["attack_success_rate"] == 0
    assert rows["mute"]["asr_change"] == -rows["none"]["attack_success_rate"]
    assert rows["mute"]["steadfast"] > rows["none"]["steadfast"]
    assert set(found["ranked"]) == set(rows)
    assert found["ranked"][-1] == "none"


def test_strangers_defense_is_unknown_where_its_package_is_not_installed() -> None:
    with pytest.raises(UnknownNameError, match="no defense 'mute'"):
        registry.build("defense", "mute")


def write_package(folder: Path, name: str, source: str) -> None:
    """Lay a package out as an installer would, entry point included."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(source)
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[fjsim.plugins]\n{name} = {name}\n")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("broken")
    write_package(folder, "fjsim_cracked", "import a_package_that_nobody_has\n")
    return survey(folder, {"topology": {"kind": "star"}, "attack": {"kind": "cracked"}})


def test_broken_package_that_no_one_names_is_only_marked(broken) -> None:
    assert broken["built"]["topology"] == {"kind": "star"}
    assert broken["broken"] == {
        "fjsim_cracked": "ModuleNotFoundError: No module named 'a_package_that_nobody_has'"
    }


def test_broken_package_that_a_run_may_need_is_an_error(broken) -> None:
    message = broken["built"]["attack"]
    assert message.startswith("PluginError: no attack 'cracked'")
    assert "fjsim_cracked (ModuleNotFoundError: No module named" in message


def test_stranger_who_takes_our_name_is_refused(tmp_path) -> None:
    source = (
        "from fjsim.registry import register\n"
        "@register('topology', 'star')\n"
        "class Star:\n"
        "    pass\n"
    )
    write_package(tmp_path, "fjsim_rival", source)
    with pytest.raises(AssertionError, match="rename one of them"):
        survey(tmp_path, {})


def test_example_of_the_docs_works_as_it_stands(tmp_path) -> None:
    write_package(tmp_path, "my_plugins", example_of_the_docs("close-ranks"))
    block = {"kind": "close-ranks", "radius": 0.4}
    found = survey(tmp_path, {"defense": block})
    assert found["third_party"]["defense"] == ["close-ranks"]
    assert found["built"]["defense"] == block


def test_attack_of_the_docs_is_asked_by_every_hook(tmp_path) -> None:
    write_package(tmp_path, "my_attacks", example_of_the_docs("pied-piper"))
    team = {"kind": "numeric", "count": 4}
    scenario = {"agents": team, "questions": {"limit": 4}, "rounds": 4, "topology": "complete"}
    found = fresh_process(ASKED, scenario | {"attack": "pied-piper"}, tmp_path)
    assert {name for name, times in found.items() if times} == set(found)


def test_metric_of_the_docs_is_counted(tmp_path) -> None:
    write_package(tmp_path, "my_metrics", example_of_the_docs("steadfast"))
    found = survey(tmp_path, {"metric": {"kind": "steadfast"}})
    assert found["built"]["metric"] == {"kind": "steadfast"}
    assert found["third_party"]["metric"] == ["steadfast"]


def example_of_the_docs(name: str) -> str:
    page = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
    shown = [block.partition("```")[0] for block in page.split("```python\n")[1:]]
    (code,) = [block for block in shown if "@register(" in block and f'"{name}"' in block]
    return code


class Mood(StrEnum):
    CALM = "calm"


@dataclass(frozen=True)
class Dial:
    level: int = 1


@dataclass(frozen=True)
class Example:
    """Serve as an example."""

    need: int
    mode: Literal["plain", "fancy"] = "plain"
    path: Path = Path("somewhere")
    mood: Mood = Mood.CALM
    dial: Dial = field(default_factory=Dial)
    tags: frozenset[str] = frozenset({"b", "a"})
    table: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    share: float = 0.5


@pytest.fixture
def example(monkeypatch):
    """Register the example for one test."""
    registry.load_plugins()
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    registry.register("topology", "example")(Example)
    return registry.find("topology", "example")


def test_rooms_are_found_without_being_imported_by_name() -> None:
    assert {"star", "complete", "from-file"} <= set(registry.names("topology"))
    assert not registry.find("topology", "star").third_party


def test_summary_is_the_first_line_of_the_docstring(example) -> None:
    assert example.summary == "Serve as an example."


def test_parameters_say_type_default_and_need(example) -> None:
    by_name = {parameter.name: parameter for parameter in example.parameters}
    assert by_name["need"].required
    assert by_name["share"].type in ("float", "<class 'float'>")
    assert by_name["share"].default == 0.5
    assert by_name["dial"].default == Dial()


def test_description_is_plain_and_builds_the_same_again(example) -> None:
    block = {"kind": "example", "need": 2, "dial": {"level": 3}, "table": {"a": [1, 2]}}
    plugin = registry.build("topology", block)
    described = registry.describe(plugin, "example")
    assert json.loads(json.dumps(described)) == described
    assert described["tags"] == ["a", "b"]
    assert described["mood"] == "calm"
    assert registry.build("topology", described) == plugin


def test_numpy_values_are_described_as_plain_numbers(example) -> None:
    whole: Any = np.int64(3)
    share: Any = np.float32(0.5)
    described = registry.describe(Example(need=whole, share=share), "example")
    assert json.dumps([described["need"], described["share"]]) == "[3, 0.5]"


def test_name_alone_is_a_block() -> None:
    assert registry.build("topology", "star") == registry.build("topology", {"kind": "star"})


def test_block_is_not_changed_by_building(example) -> None:
    block = {"kind": "example", "need": 1}
    registry.build("topology", block)
    assert block == {"kind": "example", "need": 1}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "example", "neeed": 1}, r"no parameter 'neeed'; allowed: need, .*mean 'need'\?"),
        ({"kind": "star", "hub": 1}, "no parameter 'hub'; allowed: none"),
        ({"kind": "example"}, "needs need; set it in its block"),
        ({"kind": "example", "need": "many"}, "parameter 'need': got 'many'; give a whole number"),
        ({"kind": "example", "need": 1, "mode": "odd"}, "'plain' or 'fancy'"),
        ({"need": 1}, "names no plug-in; add its kind"),
    ],
)
def test_wrong_block_is_refused_in_one_line(example, block, message) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        registry.build("topology", block)
    assert "\n" not in str(caught.value)


def test_unknown_name_lists_what_there_is_and_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"there are .*star.*did you mean 'star'\?"):
        registry.build("topology", "starr")


def test_two_plugins_cannot_share_a_name(example) -> None:
    class Other:
        """Come second."""

    with pytest.raises(PluginError, match="rename one of them"):
        registry.register("topology", "example")(Other)


def test_one_plugin_may_register_again(example) -> None:
    registry.register("topology", "example")(Example)
    assert registry.find("topology", "example").factory is Example


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(PluginError, match="no plug-in kind 'topologies'; there are agent"):
        registry.register("topologies", "example")


def test_entries_are_sorted_and_fill_their_contract() -> None:
    entries = registry.entries("topology")
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert all(issubclass(cast(type, entry.factory), Topology) for entry in entries)
