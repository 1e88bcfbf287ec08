"""The site holds every page and every public name, and asks no other server."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import fjsim

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def load_hooks() -> Any:
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / ".ci" / "site_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def leaves(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [leaf for part in parts for leaf in leaves(part)]


def test_every_page_is_in_the_navigation_once() -> None:
    named = leaves(CONFIG["nav"])
    pages = {path.name for path in DOCS.glob("*.md")} | set(load_hooks().PAGES.values())
    assert sorted(named) == sorted(pages)


def test_broken_links_and_anchors_stop_the_build() -> None:
    assert CONFIG["strict"] is True
    assert CONFIG["validation"]["links"]["anchors"] == "warn"
    assert CONFIG["validation"]["links"]["not_found"] == "warn"


def test_the_reference_holds_every_public_name_and_no_other() -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    named = re.findall(r"^::: fjsim\.(\w+)$", text, re.MULTILINE)
    assert sorted(named) == sorted([*set(fjsim.__all__) - {"__version__"}, "contracts", "testing"])
    assert "::: fjsim.registry.register" in text


def test_every_name_of_the_reference_can_be_imported() -> None:
    for path in re.findall(r"^::: (\S+)$", (DOCS / "api.md").read_text("utf-8"), re.MULTILINE):
        home, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(home), name) or importlib.import_module(path), path


def test_links_to_pages_of_the_root_lead_to_them_on_the_site() -> None:
    hooks = load_hooks()
    text = hooks.on_page_markdown("[what](../SECURITY.md#keys), [a](CHANGELOG.md), [b](metrics.md)")
    assert text == "[what](security.md#keys), [a](changelog.md), [b](metrics.md)"


@pytest.mark.parametrize(
    "asks",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<img alt="" src="http://example.org/x.png">',
    ],
)
def test_a_page_that_would_ask_another_server_is_found(asks: str) -> None:
    assert load_hooks().asked_of_others(f"<p>{asks}</p>") == [asks.removesuffix("</script>")]


def test_a_link_that_a_reader_may_follow_is_no_request() -> None:
    assert load_hooks().asked_of_others('<a href="https://arxiv.org/abs/2603.15809">it</a>') == []
