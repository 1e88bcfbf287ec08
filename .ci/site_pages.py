"""What the site shows besides `docs/`: pages of the repository's root, with their links mended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = {
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Page of the root -> its name on the site."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the root."""
    from mkdocs.structure.files import File

    for source, name in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links to a page of the root lead to it on the site."""
    return re.sub(
        r"\]\((?:\.\./)?([A-Z]+\.md)", lambda found: "](" + PAGES.get(found[1], found[1]), markdown
    )


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that would ask another server for something when it is read."""
    from mkdocs.exceptions import PluginError

    asked = asked_of_others(output)
    if asked:
        raise PluginError(f"{page.file.src_path} asks another server: {asked[0]}")
    return output


def asked_of_others(html: str) -> list[str]:
    """Return the elements of a page that a browser would fetch from another server."""
    element = r'<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)="https?://[^>]*>'
    return re.findall(element, html)
