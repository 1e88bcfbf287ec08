"""The description of one run: frozen, strict, YAML in and out."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    model_validator,
)

from fjsim.confidential import hide_keys, refuse_secrets
from fjsim.errors import ConfigError
from fjsim.explained import explain
from fjsim.foreign_text import LONGEST_VALUE, shortened, shown
from fjsim.limits import check_size, check_turns
from fjsim.origin import Origin
from fjsim.plugin_files import load_plugin_files
from fjsim.registry import place_of
from fjsim.serial.yaml import parse_yaml, read_yaml, yaml_of

Protocol = Literal["synchronous", "sequential"]
Shown = Literal["answer", "reason", "confidence", "belief"]
Events = Literal["auto", "full"]
ProbeKind = Literal["perceived-confidence"]
ElicitationChannel = Literal["stated", "choice", "logprobs", "frequency"]

PLUGIN_FIELDS = ("agents", "topology", "router", "attack", "defense", "backend")
BUILTIN_LIMIT = 100
CASTING_KEYS = frozenset({"backend", "competence"})
"""Who gives casting votes: a defense's block without a kind that says so is `casting-vote`."""
PROVENANCE = ("versions", "models", "questions_digest")
"""What a run folder's scenario says beyond the scenario; left out when it is read as one."""

NOT_IN_HASH = frozenset({"name", "budget", "max_missing", "events", "versions", "models"})
NOT_IN_HASH_OF_BACKEND = frozenset(
    {"client", "max_concurrency", "timeout", "total_timeout", "max_attempts"}
)
LATER_FIELDS: Mapping[str, Any] = {"probe": None, "sealed": False, "plugins": []}
"""Fields that older run folders lack, at the values at which they are the same run without them."""
LATER_ELICITATION: Mapping[str, Any] = {
    "permutations": 1,
    "reason": False,
    "alternatives": 20,
}
"""The same of an elicitation block."""
NEUTRAL = {"words": 0.0, "persuasiveness_spread": 0.0, "readiness": 0.0}
"""Parameters that older run folders lack, at the values at which they change nothing."""


class Strict(BaseModel):
    """Base of everything read from a scenario file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(BaseModel):
    """One plug-in: its name and its parameters, checked when it is built."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str

    def as_dict(self) -> dict[str, Any]:
        """Return ``{"kind": ..., parameter: value, ...}``."""
        return self.model_dump()

    @property
    def parameters(self) -> dict[str, Any]:
        """All but the name."""
        return dict(self.model_extra or {})


def _short(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _short_defense(value: Any) -> Any:
    """Return a defense's block with its kind: the default one, where parameters stand alone."""
    if not isinstance(value, Mapping) or "kind" in value or not value:
        return _short(value)
    by_vote = not CASTING_KEYS.isdisjoint(value)
    return {"kind": "casting-vote" if by_vote else "trust-adaptive", **value}


def _short_questions(value: Any) -> Any:
    return {"source": str(value)} if isinstance(value, (str, Path)) else value


def _short_agents(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"count": value}
    if isinstance(value, (list, tuple)):
        return [_short(item) for item in value]
    return _short(value)


def _as_written(value: Any) -> Any:
    """Return a field as it would stand in a file, where it is given as an object."""
    if isinstance(value, (list, tuple)):
        return [_as_written(item) for item in value]
    return value.model_dump() if isinstance(value, BaseModel) else value


def _branch(value: Any) -> str:
    return "seats" if isinstance(value, (list, tuple)) else "team"


PluginBlock = Annotated[Block, BeforeValidator(_short)]
DefenseBlock = Annotated[Block, BeforeValidator(_short_defense)]


class AgentBlock(BaseModel):
    """One seat's occupant, or ``count`` seats alike."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str = "llm"
    count: int = Field(default=1, ge=1)
    backend: PluginBlock | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the block that builds the agent, without count and backend."""
        return {"kind": self.kind, **(self.model_extra or {})}


AGENT_KEYS = tuple(name for name in AgentBlock.model_fields if name != "kind")
"""What the block of an agent may hold beside its kind and the agent's own parameters."""


class UniformAgents(AgentBlock):
    """All seats alike."""

    count: int = Field(default=6, ge=1)


Agents = Annotated[
    Annotated[UniformAgents, Tag("team")]
    | Annotated[tuple[AgentBlock, ...], Field(min_length=1), Tag("seats")],
    Discriminator(_branch),
    BeforeValidator(_short_agents),
]


class QuestionsBlock(Strict):
    """Which questions: ``builtin``, ``builtin:general``, ``builtin:tools`` or a file."""

    source: str = "builtin"
    limit: int | None = Field(default=None, ge=1)

    @property
    def resolved_limit(self) -> int | None:
        """How many are taken: 100 of the built-in set, all of a file, unless said."""
        if self.limit is None and self.source == "builtin":
            return BUILTIN_LIMIT
        return self.limit


class ElicitationBlock(Strict):
    """How an answer becomes a belief, and how prompts are laid out.

    Parameters
    ----------
    channel : {'stated', 'choice', 'logprobs', 'frequency'}
        The belief is stated, is read off the log-probabilities of one letter, off those of the
        letter in a stated answer, or is how often each option was answered.
    samples : int
        Replies of one turn under `frequency`.
    permutations : int
        Orders of the options over which `choice` averages; as many as there are options remove a
        bias to a position.
    reason : bool
        Whether `choice` asks why in a second call.
    alternatives : int
        Alternatives of a token that `choice` and `logprobs` ask for; some servers give 5 at most.
    """

    channel: ElicitationChannel = "stated"
    permutations: int = Field(default=1, ge=1, le=26)
    reason: bool = False
    alternatives: int = Field(default=20, ge=1, le=100)
    samples: int = Field(default=1, ge=1, le=1000)
    permute_options: bool = True
    shuffle_peers: bool = True
    repairs: int = Field(default=1, ge=0, le=5)
    context_budget: int | None = Field(default=None, ge=256)


class SamplingBlock(Strict):
    """Sampling parameters of every request."""

    temperature: float = Field(default=0.7, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=1024, ge=16)


class BudgetBlock(Strict):
    """What a run may spend over all its sessions; the next call beyond it is not made."""

    max_calls: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_cost: float | None = Field(default=None, gt=0)
    prices: str | None = None


class PluginFileBlock(Strict):
    """A file of plug-ins; its hash is filled in where it is used, and checked where it is given."""

    file: str = Field(pattern=r"^[^\x00-\x1f]+$", max_length=1000)
    digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")


def _short_plugins(value: Any) -> Any:
    listed = value if isinstance(value, (list, tuple)) else [value]
    return [{"file": str(one)} if isinstance(one, (str, Path)) else one for one in listed]


PluginFiles = Annotated[tuple[PluginFileBlock, ...], BeforeValidator(_short_plugins)]


class Scenario(Strict):
    """One run.

    Parameters
    ----------
    name : str
        Names the run folder.
    questions : QuestionsBlock, str
        Question set; a path or ``"builtin"`` is short for its block.
    replicas : int
        How often each question is deliberated, >= 1.
    warmup : int
        How many questions of the seeded order play round 0 only, and leave every metric.
    agents : int, str, AgentBlock or list of AgentBlock
        The seats; a number is short for that many neutral model agents, a name for its block.
    plugins : list of str
        Files of plug-ins, whose code is run: a scenario that is read from a file may name none
        that its user has not allowed. The hash of each stands in the hash of the run.
    topology, router, attack, defense, backend : str or Block
        Plug-ins by name, or by ``{"kind": name, ...}``. A defense's block without a kind is that
        of the default one: ``casting-vote`` where it says who gives casting votes (``backend`` or
        ``competence``), else ``trust-adaptive``.
    protocol : {'synchronous', 'sequential'}
        Whether speakers of the same round are heard.
    sealed : bool
        Whether everybody, the adversary too, has to give its first statement before any is shown.
    rounds : int
        Rounds after round 0, >= 0.
    peers_see : list out of 'answer', 'reason', 'confidence', 'belief'
        What listeners are shown.
    self_view : bool
        Whether an agent sees its own earlier turns.
    probe : 'perceived-confidence' or None
        What listeners are asked aside after round 0, whatever the router: how sure each speaker
        seems to them. No agent hears of it.
    elicitation, sampling, budget : blocks
        See their classes.
    baseline : bool or None
        Whether the clean arm is run too; by default iff there is an attack.
    max_missing : float
        Share of missing turns above which the run is not trustworthy.
    events : {'auto', 'full'}
        Whether agents without a model are played many questions at once and kept as arrays, where
        everything in the scenario allows, or turn by turn, each with a line of its own in the log.
        It makes no other run of it.
    seed : int
        Root of all random streams.

    Examples
    --------
    >>> Scenario(topology="star", attack="stubborn", agents=4).n_agents
    4
    """

    name: str = Field(default="", pattern=r"^[A-Za-z0-9._-]*$", max_length=120)
    questions: Annotated[QuestionsBlock, BeforeValidator(_short_questions)] = QuestionsBlock()
    replicas: int = Field(default=1, ge=1)
    warmup: int = Field(default=0, ge=0)
    plugins: PluginFiles = ()
    agents: Agents = UniformAgents()
    topology: PluginBlock = Block(kind="complete")
    router: PluginBlock = Block(kind="uniform")
    attack: PluginBlock = Block(kind="none")
    defense: DefenseBlock = Block(kind="none")
    protocol: Protocol = "synchronous"
    sealed: bool = False
    rounds: int = Field(default=10, ge=0)
    peers_see: tuple[Shown, ...] = get_args(Shown)
    self_view: bool = True
    probe: ProbeKind | None = None
    elicitation: ElicitationBlock = ElicitationBlock()
    sampling: SamplingBlock = SamplingBlock()
    backend: PluginBlock = Block(kind="simulated")
    budget: BudgetBlock = BudgetBlock()
    baseline: bool | None = None
    max_missing: float = Field(default=0.05, ge=0, le=1)
    events: Events = "auto"
    seed: int = Field(default=0, ge=0)
    _origin: Origin | None = PrivateAttr(default=None)

    def __init__(self, **values: Any) -> None:
        refuse_secrets({name: _as_written(value) for name, value in values.items()})
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(explain(error, type(self))) from error

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        if len(set(self.peers_see)) != len(self.peers_see):
            raise ValueError(f"peers_see names something twice: {list(self.peers_see)}; keep one")
        for name, value in (
            ("agents", self.n_agents),
            ("rounds", self.rounds),
            ("replicas", self.replicas),
        ):
            check_size(name, value)
        check_turns(self.n_agents, self.rounds, self.replicas)
        return self

    def __eq__(self, other: object) -> bool:
        """Compare values; where they come from is no part of what they are."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    @property
    def origin(self) -> Origin | None:
        """The file that its values come from; None for one made in code, or trusted."""
        return self._origin

    def coming_from(self, origin: Origin | None) -> Scenario:
        """Return the same scenario with another origin; None trusts it like one made in code."""
        copied = self.model_copy()
        copied._origin = origin
        return copied

    @property
    def seats(self) -> tuple[AgentBlock, ...]:
        """One block per seat."""
        if isinstance(self.agents, UniformAgents):
            return (self.agents,) * self.agents.count
        return tuple(block for block in self.agents for _ in range(block.count))

    @property
    def shown_to_peers(self) -> tuple[Shown, ...]:
        """What peers are shown: no reason where models are asked for a letter alone."""
        mute = self.elicitation.channel == "choice" and not self.elicitation.reason
        return tuple(one for one in self.peers_see if not (mute and one == "reason"))

    @property
    def n_agents(self) -> int:
        """How many seats there are."""
        blocks = (self.agents,) if isinstance(self.agents, UniformAgents) else self.agents
        return sum(block.count for block in blocks)

    @property
    def arms(self) -> tuple[Literal["attacked", "clean"], ...]:
        """Which arms are run; without an attack there is only the clean one."""
        if self.attack.kind == "none":
            return ("clean",)
        return ("attacked", "clean") if self.baseline is not False else ("attacked",)

    @property
    def title(self) -> str:
        """Its name, or one made of its topology, attack and defense."""
        parts = [self.topology.kind, self.attack.kind, self.defense.kind]
        return self.name or "-".join(part for part in parts if part != "none")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as they stand in a YAML file."""
        return json.loads(self.model_dump_json())  # type: ignore[no-any-return]

    def to_yaml(self) -> str:
        """Return the scenario as YAML."""
        return yaml_of(self.as_dict())

    def with_values(self, **values: Any) -> Scenario:
        """Return a copy with some fields replaced."""
        return type(self)(**{**self.as_dict(), **values}).coming_from(self.origin)


def identity(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes two runs the same run: no name, concurrency, timeouts, budgets.

    Parameters
    ----------
    resolved : mapping
        A scenario's plain values, plug-in defaults included.
    """
    kept = {key: value for key, value in resolved.items() if key not in NOT_IN_HASH}
    for name, without in LATER_FIELDS.items():
        if kept.get(name) == without:
            kept.pop(name, None)
    if "plugins" in kept:
        kept["plugins"] = sorted(str(one.get("digest")) for one in kept["plugins"])
    return {
        **kept,
        "warmup": _warmup_played(kept),
        # A recorded scenario may lack them, where somebody cut it short.
        "agents": _lasting(kept.get("agents")),
        "backend": _lasting(kept.get("backend")),
        "defense": _lasting(kept.get("defense")),
        "elicitation": _elicited(kept.get("elicitation")),
    }


def _elicited(block: Any) -> Any:
    """Drop what older run folders lack from an elicitation block, where it changes nothing."""
    if not isinstance(block, Mapping):
        return block
    return {
        key: value
        for key, value in block.items()
        if not (key in LATER_ELICITATION and value == LATER_ELICITATION[key])
    }


def _warmup_played(resolved: Mapping[str, Any]) -> Any:
    """Return the warm-up with what the defense asks for, which old folders leave out."""
    defense = resolved.get("defense")
    asked = defense.get("warmup", 0) if isinstance(defense, Mapping) else 0
    return max(resolved.get("warmup", 0), asked)


def _lasting(block: Any) -> Any:
    """Drop concurrency and timeouts from a backend's block, or from those of the agents."""
    if isinstance(block, (list, tuple)):
        return [_lasting(item) for item in block]
    if not isinstance(block, Mapping):
        return block
    kept = {
        key: value
        for key, value in block.items()
        if key not in NOT_IN_HASH_OF_BACKEND and not _is_neutral(key, value)
    }
    return {**kept, "backend": _lasting(kept["backend"])} if "backend" in kept else kept


def _is_neutral(key: str, value: Any) -> bool:
    """Say whether a value changes nothing, and older run folders lack its key."""
    return key in NEUTRAL and value == NEUTRAL[key]


def run_hash(resolved: Mapping[str, Any]) -> str:
    """Return the ten hex digits that name a run folder."""
    text = json.dumps(identity(resolved), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def load_scenario(
    path: str | Path | None,
    flags: Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    trust: bool = False,
    plugins: Sequence[str | Path] = (),
) -> Scenario:
    """Read a scenario: file, then flags, then ``--set``.

    Parameters
    ----------
    path : str, Path or None
        YAML file, a run folder's ``scenario.yaml`` included; None for the defaults.
    flags : mapping, optional
        Whole fields to replace; None values are left out.
    settings : sequence of str
        ``"dotted.key=value"``, the value as YAML.
    trust : bool
        Whether the file may name programs, files to write and variables that hold keys, as code
        may. Else the scenario keeps its origin, and a run refuses what only its user may allow.
    plugins : sequence of str or Path
        Files of plug-ins that the user names beside the file; their code is run at once.

    Returns
    -------
    Scenario

    Raises
    ------
    ConfigError
        If the file, a key or a value is wrong.
    """
    values = read_yaml(path) if path is not None else {}
    values = {key: value for key, value in values.items() if key not in PROVENANCE}
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    values |= copy.deepcopy(given)
    for setting in settings:
        set_value(values, setting)
    scenario = with_files(Scenario(**values), plugins)
    if path is None or trust:
        return scenario
    typed = frozenset([*given, *(setting.partition("=")[0] for setting in settings)])
    return scenario.coming_from(Origin(str(path), typed))


def with_files(scenario: Scenario, files: Sequence[str | Path]) -> Scenario:
    """Load the files of plug-ins that the user names, and add them to those of a scenario.

    Parameters
    ----------
    scenario : Scenario
    files : sequence of str or Path
        Their code is run.

    Raises
    ------
    PluginError
        If one fails.
    """
    known = {place_of(one.file) for one in scenario.plugins}
    added = [
        PluginFileBlock(file=one.file, digest=one.digest)
        for one in load_plugin_files(files)
        if place_of(one.file) not in known
    ]
    return scenario.model_copy(update={"plugins": (*scenario.plugins, *added)})


def set_value(values: dict[str, Any], setting: str) -> None:
    """Put one ``dotted.key=value`` into the plain values of a scenario, in place.

    Parameters
    ----------
    values : dict
        As read from YAML; short forms on the way are spelled out.
    setting : str
        For example ``"attack.seat=leaf"``.

    Raises
    ------
    ConfigError
        If it has no ``=`` or the value is not YAML.
    """
    dotted, equals, text = setting.partition("=")
    if not equals or not dotted:
        given = shortened(hide_keys(setting), LONGEST_VALUE)
        raise ConfigError(f"--set {given}: write it as dotted.key=value")
    try:
        value = parse_yaml(text)
    except ConfigError as error:
        raise ConfigError(f"--set {dotted}: the value is not YAML{error}") from error
    *parents, last = dotted.split(".")
    inner = values
    for depth, key in enumerate(parents, start=1):
        inner[key] = _spelled_out(inner.get(key), ".".join(parents[:depth]))
        inner = inner[key]
    inner[last] = value


def _spelled_out(value: Any, field: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is None:
        named = field in PLUGIN_FIELDS[1:] and field != "defense"
        default = Scenario.model_fields[field].default if named else None
        return {"kind": default.kind} if default is not None else {}
    short = _short_agents(_short_questions(value) if field == "questions" else _short(value))
    if isinstance(short, dict):
        return short
    raise ConfigError(
        f"--set: '{field}' is {type(value).__name__} {shown(value)}, not a block; "
        f"set the whole of it with --set {field}=..., or in the file"
    )
