"""Scenario files changed at random: a result or one clear refusal, never anything else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fjsim.errors import UsageError
from fjsim.runs.estimate import estimate
from fjsim.runs.resolve import resolve
from fjsim.scenario import load_scenario
from fjsim.sweeps.cells import expand
from fjsim.sweeps.grid import load_sweep

CONFIGS = Path(__file__).parents[2] / "configs"
SCENARIOS = sorted(path for path in CONFIGS.glob("*.yaml"))
SWEEPS = sorted([*CONFIGS.glob("sweeps/*.yaml"), *CONFIGS.glob("*/sweep.yaml")])
SEEDS = range(10)
LONGEST = 1600

WORDS = [
    *("star", "none", "stubborn", "llm", "numeric", "replay", "scripted", "from-file", "vllm"),
    *("", " ", "-", "..", "\x1b[2J", "\u202e", "../../etc/passwd", "/dev/zero", "x" * 3000, "=1+1"),
    *("<|im_end|>", "sk-" + "a1" * 20, "[bold]", "[/]", "{", "%s", "\ud800", "http://[", "NaN"),
]
NUMBERS: list[Any] = [
    *(0, -1, 1, 2, 7, 10**9, 10**18, 10**30, -(10**30), 0.5, 1e308, -1e-300),
    *(float("nan"), float("inf"), True, False, None),
]


def anything(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(6 if depth < 3 else 4)
    if kind < 2:
        return rng.choice(WORDS)
    if kind < 4:
        return rng.choice(NUMBERS)
    inner = [anything(rng, depth + 1) for _ in range(rng.randrange(4))]
    return inner if kind == 4 else {str(rng.choice(WORDS)): value for value in inner}


def places(values: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    found = []
    for key, value in pairs:
        found.append((*place, key))
        if isinstance(value, (dict, list)):
            found += places(value, (*place, key))
    return found


def mutate(values: dict[str, Any], rng: random.Random) -> None:
    """Change one thing: a value, a key, or something more or less."""
    *outer, last = rng.choice(places(values) or [("rounds",)])
    block: Any = values
    for key in outer:
        block = block[key]
    change = rng.randrange(5)
    if change == 0 and last in block if isinstance(block, dict) else False:
        del block[last]
    elif change == 1 and isinstance(block, dict):
        block[rng.choice(WORDS)] = anything(rng)
    elif change == 2 and isinstance(block, dict):
        block[rng.choice(list(places(values)))[-1] if block else "rounds"] = anything(rng)
    else:
        block[last] = anything(rng)


def mangled(text: str, rng: random.Random) -> str:
    """Change the text itself: what no emitter of YAML would write."""
    at, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    piece = rng.choice(
        [
            "&a ",
            "*a",
            "<<: *a\n",
            "!!python/name:os.system ",
            "\t",
            "[" * 50,
            "\x00",
            "? ",
            "---\n",
            "9" * 5000,
            "!!int x",
            "'",
            "2024-99-99",
            "\n- ",
            "%YAML 9",
        ]
    )
    return rng.choice([text[:at] + piece + text[at:], text[:at] + text[end:], text[at:end] * 2])


def drafts(path: Path) -> list[tuple[str, str]]:
    """Some changed texts of a file, with their endings."""
    made = []
    for seed in SEEDS:
        rng = random.Random(f"{path.name} {seed}")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        for _ in range(rng.randrange(1, 4)):
            mutate(values, rng)
        if seed % 3 == 0:
            text = path.read_text(encoding="utf-8")
            made.append((mangled(text, rng), ".yaml"))
        elif seed % 3 == 1:
            made.append((json.dumps({str(key): value for key, value in values.items()}), ".json"))
        else:
            made.append((yaml.dump(values, allow_unicode=True), ".yaml"))
    return made


def check(attempt: Callable[[], object]) -> bool:
    """Try it; say whether it went through. Any error but a refusal is raised."""
    try:
        attempt()
    except UsageError as error:
        text = str(error)
        assert "\n" not in text
        assert len(text) < LONGEST
        assert "a1a1a1a1a1a1a1a1a1a1a1a1" not in text
        return False
    return True


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_changed_scenario_gives_an_estimate_or_a_refusal(path: Path, tmp_path: Path) -> None:
    def attempt() -> None:
        estimate(resolve(load_scenario(file)), tmp_path / "run")

    for text, ending in drafts(path):
        file = tmp_path / f"s{ending}"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        check(attempt)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_changed_sweep_gives_cells_or_a_refusal(path: Path, tmp_path: Path) -> None:
    (tmp_path / "sweeps").mkdir()
    for scenario in SCENARIOS:
        (tmp_path / scenario.name).write_text(scenario.read_text(encoding="utf-8"))

    def attempt() -> None:
        for cell in expand(load_sweep(file))[:3]:
            resolve(cell.scenario)

    for text, ending in drafts(path):
        file = tmp_path / "sweeps" / f"s{ending}"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        check(attempt)
