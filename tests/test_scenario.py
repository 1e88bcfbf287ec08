"""The description of a run: YAML in and out, short forms, overrides, and what is refused."""

import re

import pytest
import yaml
from pydantic import ValidationError

import fjsim.backends  # noqa: F401  (registers the backends)
from fjsim import registry
from fjsim.errors import ConfigError, UnknownNameError
from fjsim.scenario import Scenario, identity, load_scenario, run_hash

INTERFACE = """
# How far does one stubborn hub move a star of six?
name: star-stubborn
questions: {source: builtin, limit: 100}          # or a path
replicas: 1
warmup: 0
agents: {kind: llm, count: 6, persona: neutral}   # `agents: 6` is short for this
topology: {kind: star}                            # `topology: star` is short for {kind: star}
router: uniform
attack: {kind: stubborn, seat: hub, target: random-wrong}
defense: none                                     # {kind: trust-adaptive, channel: blend}
protocol: synchronous
rounds: 10
peers_see: [answer, reason, confidence, belief]
elicitation: {channel: stated}
backend: {kind: simulated}                        # {kind: openai, model: ..., base_url: ...}
baseline: true
seed: 0
"""
SCENARIOS = [
    Scenario(),
    Scenario(topology="ring", attack={"kind": "stubborn", "seat": [0, 2]}, agents=4, seed=3),
    Scenario(agents=["llm", {"kind": "numeric", "count": 2, "backend": "simulated"}], name="mixed"),
    Scenario(questions="my.jsonl", peers_see=["answer"], budget={"max_calls": 5}, baseline=False),
]


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_file_of_the_interface_page_loads_as_it_stands(written) -> None:
    scenario = load_scenario(written(INTERFACE))
    assert scenario.name == "star-stubborn"
    assert scenario.n_agents == 6
    assert scenario.attack.parameters == {"seat": "hub", "target": "random-wrong"}
    assert scenario.arms == ("attacked", "clean")
    assert all(seat.as_dict() == {"kind": "llm", "persona": "neutral"} for seat in scenario.seats)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_yaml_out_is_yaml_in(written, scenario) -> None:
    assert load_scenario(written(scenario.to_yaml())) == scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_plain_values_are_yaml_values(scenario) -> None:
    assert yaml.safe_load(scenario.to_yaml()) == scenario.as_dict()


def test_defaults_are_the_decided_ones() -> None:
    scenario = Scenario()
    kinds = [getattr(scenario, field).kind for field in ("topology", "router", "attack", "defense")]
    assert kinds == ["complete", "uniform", "none", "none"]
    assert (scenario.n_agents, scenario.rounds, scenario.replicas, scenario.seed) == (6, 10, 1, 0)
    assert (scenario.backend.kind, scenario.protocol) == ("simulated", "synchronous")
    assert scenario.questions.resolved_limit == 100
    assert scenario.peers_see == ("answer", "reason", "confidence", "belief")


@pytest.mark.parametrize(
    ("source", "limit", "resolved"),
    [
        ("builtin", None, 100),
        ("builtin", 150, 150),
        ("builtin:tools", None, None),
        ("x.csv", None, None),
    ],
)
def test_builtin_set_is_cut_to_a_hundred_and_a_file_is_not(source, limit, resolved) -> None:
    block = {"source": source, "limit": limit}
    assert Scenario(questions=block).questions.resolved_limit == resolved


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"topology": "star"}, {"topology": {"kind": "star"}}),
        ({"backend": "openai"}, {"backend": {"kind": "openai"}}),
        ({"questions": "a.csv"}, {"questions": {"source": "a.csv"}}),
        ({"agents": 4}, {"agents": {"kind": "llm", "count": 4}}),
        ({"agents": "numeric"}, {"agents": {"kind": "numeric", "count": 6}}),
        ({"agents": ["llm", "numeric"]}, {"agents": [{"kind": "llm"}, {"kind": "numeric"}]}),
    ],
)
def test_short_form_means_its_block(short, long) -> None:
    assert Scenario(**short) == Scenario(**long)


def test_list_gives_each_seat_its_own() -> None:
    scenario = Scenario(agents=[{"kind": "llm", "persona": "expert"}, {"kind": "llm", "count": 2}])
    assert [seat.as_dict() for seat in scenario.seats] == [
        {"kind": "llm", "persona": "expert"},
        {"kind": "llm"},
        {"kind": "llm"},
    ]


@pytest.mark.parametrize(
    ("values", "arms"),
    [
        ({}, ("clean",)),
        ({"baseline": True}, ("clean",)),
        ({"attack": "stubborn"}, ("attacked", "clean")),
        ({"attack": "stubborn", "baseline": False}, ("attacked",)),
    ],
)
def test_baseline_is_run_iff_there_is_an_attack(values, arms) -> None:
    assert Scenario(**values).arms == arms


def test_scenario_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Scenario().seed = 3


def test_with_values_leaves_the_first_alone() -> None:
    first = Scenario(seed=1)
    assert (first.with_values(seed=2).seed, first.seed) == (2, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"topologgy": "star"}, r"unknown key 'topologgy'; allowed: .*mean 'topology'\?"),
        (
            {"questions": {"sorce": "a"}},
            r"'questions\.sorce'; allowed: source, limit; .*'source'\?",
        ),
        ({"team": 1}, r"unknown key 'team'; allowed: name"),
        ({"elicitation": {"chanel": "x"}}, r"'elicitation\.chanel'; .*mean 'channel'\?"),
        ({"sampling": {"temprature": 1}}, r"'sampling\.temprature'; .*mean 'temperature'\?"),
        ({"budget": {"max_call": 1}}, r"'budget\.max_call'; .*mean 'max_calls'\?"),
    ],
)
def test_unknown_key_is_refused_with_the_nearest_name(values, message) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Scenario(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "kind", "block", "message"),
    [
        ("topology", "topology", {"kind": "tree", "branchng": 3}, r"mean 'branching'\?"),
        ("attack", "attack", {"kind": "stubborn", "seet": "hub"}, r"mean 'seat'\?"),
        ("agents", "agent", {"kind": "llm", "persna": "expert"}, r"mean 'persona'\?"),
        ("backend", "backend", {"kind": "openai", "modle": "m"}, r"mean 'model'\?"),
    ],
)
def test_unknown_key_of_a_plugin_is_refused_when_it_is_built(field, kind, block, message) -> None:
    built = getattr(Scenario(**{field: block}), field).as_dict()
    with pytest.raises(ConfigError, match=message):
        registry.build(kind, built)


def test_unknown_plugin_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"no topology 'starr'; .*did you mean 'star'\?"):
        registry.build("topology", Scenario(topology="starr").topology.as_dict())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rounds": "ten"}, "rounds: got 'ten'; give a whole number"),
        ({"rounds": -1}, "rounds: got -1; input should be greater than or equal to 0"),
        ({"seed": -1}, "seed: got -1"),
        ({"agents": 0}, r"agents\.count: got 0"),
        ({"agents": []}, r"agents: got \[\]; .* at least 1"),
        ({"agents": True}, "agents: got True; a name or a block of keys belongs here"),
        ({"agents": [{"kind": 5}]}, r"agents\.0\.kind: got 5"),
        ({"agents": {"backend": {"model": "m"}}}, r"agents\.backend\.kind: is missing"),
        ({"attack": {"seat": "hub"}}, r"attack\.kind: is missing; add it to \{'seat': 'hub'\}"),
        ({"router": None}, "router: got None; a name or a block"),
        ({"protocol": "async"}, "'synchronous' or 'sequential'"),
        ({"peers_see": ["answer", "mood"]}, r"peers_see\.1: got 'mood'"),
        ({"peers_see": ["answer", "answer"]}, "names something twice"),
        ({"questions": {"limit": 0}}, r"questions\.limit: got 0"),
        ({"name": "../up"}, "name: got '../up'"),
        ({"max_missing": 1.5}, "max_missing: got 1.5"),
    ],
)
def test_wrong_value_is_refused_with_its_key(values, message) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Scenario(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rounds: 3\n\tseed: 1\n", "line 2: found character"),
        ("rounds: [3\n", r"line \d: expected"),
        ("- star\n", "a mapping of keys is needed, got list"),
        ("seed: 1\nrounds: 2\nseed: 2\n", "line 3: key 'seed' stands twice"),
        ("attack: {kind: none, kind: stubborn}\n", "line 1: key 'kind' stands twice"),
        ("on: 1\n", "line 1: key True is no text; put it in quotes"),
        ("a: !!python/name:os.system\n", "line 1: could not determine a constructor"),
        ("a: " + "[" * 10_000, "nested too deeply"),
    ],
)
def test_broken_yaml_is_named_with_its_file_and_line(written, text, message) -> None:
    path = written(text)
    with pytest.raises(ConfigError, match=re.escape(str(path)) + f".*{message}") as caught:
        load_scenario(path)
    assert "\n" not in str(caught.value)


def test_missing_or_unreadable_file_is_one_clear_line(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_scenario(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario(tmp_path / "binary.yaml")


def test_empty_file_is_the_defaults(written) -> None:
    assert load_scenario(written("")) == load_scenario(None) == Scenario()


def test_anchors_and_merges_are_read(written) -> None:
    path = written("attack: &a {kind: stubborn}\ndefense: {<<: *a, kind: none}\n")
    assert load_scenario(path).defense.kind == "none"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("seed=5", {"seed": 5}),
        ("topology=ring", {"topology": "ring"}),
        ("attack.seat=leaf", {"attack": {"kind": "none", "seat": "leaf"}}),
        ("attack={kind: stubborn, seat: [0, 1]}", {"attack": {"kind": "stubborn", "seat": [0, 1]}}),
        ("agents.count=3", {"agents": 3}),
        ("agents.backend.kind=openai", {"agents": {"backend": "openai"}}),
        ("backend.model=a=b", {"backend": {"kind": "simulated", "model": "a=b"}}),
        ("questions.limit=5", {"questions": {"limit": 5}}),
        ("elicitation.channel=logprobs", {"elicitation": {"channel": "logprobs"}}),
        ("peers_see=[answer]", {"peers_see": ["answer"]}),
        ("baseline=false", {"baseline": False}),
    ],
)
def test_set_reaches_every_depth(setting, expected) -> None:
    assert load_scenario(None, settings=[setting]) == Scenario(**expected)


@pytest.mark.parametrize(
    ("text", "setting", "expected"),
    [
        ("attack: stubborn", "attack.seat=leaf", {"attack": {"kind": "stubborn", "seat": "leaf"}}),
        ("agents: 4", "agents.persona=expert", {"agents": {"count": 4, "persona": "expert"}}),
        ("questions: a.csv", "questions.limit=3", {"questions": {"source": "a.csv", "limit": 3}}),
    ],
)
def test_set_spells_out_a_short_form_on_its_way(written, text, setting, expected) -> None:
    assert load_scenario(written(text), settings=[setting]) == Scenario(**expected)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("seed", r"write it as dotted\.key=value"),
        ("=3", r"write it as dotted\.key=value"),
        ("seed=[", "the value is not YAML"),
        ("seed=" + "[" * 10_000, "the value is not YAML"),
        ("seeed=1", r"unknown key 'seeed'; .*mean 'seed'\?"),
        ("questions.limt=1", r"unknown key 'questions\.limt'; .*mean 'limit'\?"),
        ("seed.x=1", "seed: got"),
        ("agents.count=3", "'agents' is list .*not a block"),
    ],
)
def test_wrong_setting_is_refused(written, setting, message) -> None:
    path = written("agents: [llm, numeric]\n")
    with pytest.raises(ConfigError, match=message):
        load_scenario(path, settings=[setting])


def test_flags_go_before_the_file_and_settings_before_flags(written) -> None:
    path = written("seed: 1\nrounds: 1\nreplicas: 1\n")
    scenario = load_scenario(path, {"seed": 2, "rounds": 2, "warmup": None}, ["seed=3"])
    assert (scenario.seed, scenario.rounds, scenario.replicas, scenario.warmup) == (3, 2, 1, 0)


def test_flag_replaces_the_whole_block_of_its_plugin(written) -> None:
    path = written("attack: {kind: stubborn, seat: leaf}\n")
    assert load_scenario(path, {"attack": "sleeper"}).attack.as_dict() == {"kind": "sleeper"}


def test_settings_do_not_change_the_flags_that_were_given() -> None:
    flags = {"attack": {"kind": "stubborn"}}
    load_scenario(None, flags, ["attack.seat=leaf"])
    assert flags == {"attack": {"kind": "stubborn"}}


@pytest.mark.parametrize(
    "values",
    [
        {"name": "other"},
        {"budget": {"max_calls": 9}},
        {"backend": {"kind": "simulated", "max_concurrency": 7}},
        {"backend": {"kind": "simulated", "timeout": 7, "total_timeout": 70, "max_attempts": 2}},
        {"agents": {"backend": {"kind": "simulated", "max_concurrency": 7}}},
        {"agents": [{"count": 6, "backend": {"kind": "simulated", "timeout": 7}}]},
    ],
)
def test_name_concurrency_timeouts_and_budgets_make_no_other_run(values) -> None:
    plain = Scenario(**{key: _without_limits(value) for key, value in values.items()})
    assert run_hash(Scenario(**values).as_dict()) == run_hash(plain.as_dict())


def _without_limits(value):
    """Return a field as it would be without the limits."""
    if isinstance(value, str) or "max_calls" in value:
        return "" if isinstance(value, str) else {}
    if isinstance(value, list):
        return [_without_limits(item) for item in value]
    if "backend" in value:
        return {**value, "backend": _without_limits(value["backend"])}
    return {"kind": value["kind"]}


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 1},
        {"topology": "star"},
        {"attack": "stubborn"},
        {"agents": 5},
        {"questions": {"limit": 5}},
        {"replicas": 2},
        {"backend": {"kind": "openai", "model": "m"}},
        {"agents": {"backend": {"kind": "openai", "model": "m"}}},
        {"peers_see": ["answer"]},
        {"sampling": {"temperature": 0}},
    ],
)
def test_whatever_changes_what_is_said_makes_another_run(values) -> None:
    assert run_hash(Scenario(**values).as_dict()) != run_hash(Scenario().as_dict())


def test_identity_leaves_the_resolved_scenario_alone() -> None:
    resolved = Scenario(backend={"kind": "openai", "timeout": 3}).as_dict()
    before = Scenario(**resolved)
    assert "timeout" not in identity(resolved)["backend"]
    assert Scenario(**resolved) == before


def test_run_hash_does_not_depend_on_the_order_of_keys() -> None:
    resolved = Scenario().as_dict()
    assert run_hash(dict(reversed(resolved.items()))) == run_hash(resolved)
    assert re.fullmatch(r"[0-9a-f]{10}", run_hash(resolved))


def test_title_names_what_is_special() -> None:
    assert Scenario(topology="star", attack="stubborn").title == "star-stubborn"
    assert Scenario(name="mine").title == "mine"
