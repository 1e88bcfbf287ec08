"""Photograph what the tutorial shows, with a browser: ``python -m studies.pictures``.

It plays the runs of ``docs/tutorial.md`` in a temporary folder, opens their pages in Chromium
and writes ``docs/images/*.png``. Playwright is needed; ``make test-browser`` installs it.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fjsim
from fjsim.report.html.writing import write_report

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SWEEP = ROOT / "configs" / "sweeps" / "first.yaml"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LARGEST = 150_000
"""Bytes of a picture beyond which it is refused."""

HUB: dict[str, Any] = {"topology": "star", "attack": "stubborn", "questions": {"limit": 20}}


@dataclass(frozen=True)
class Picture:
    """One picture of one page.

    Parameters
    ----------
    name : str
        The file's, without its ending.
    page : str
        Key of the page among those that were written.
    first, last : str
        Selectors of the elements from whose top to whose bottom the picture reaches.
    click : str, optional
        Selector of what is clicked first.
    tallest : int
        Pixels after which the picture is cut off.
    """

    name: str
    page: str
    first: str
    last: str
    click: str = ""
    tallest: int = 1000


PICTURES = (
    Picture("hub", "hub", "h1", ".slider"),
    Picture("why", "hub", "article:has(.why)", "article:has(.why)", "#question-rows button.move"),
    Picture("defended", "defended", "h1", ".slider"),
    Picture("sweep", "sweep", "h1", "#leaderboard"),
)


def write_pages(folder: Path) -> dict[str, Path]:
    """Play the tutorial's runs and return the files of their pages."""
    fjsim.run(HUB, out=folder / "hub")
    fjsim.run(HUB | {"defense": "trust-adaptive"}, out=folder / "defended")
    fjsim.run_sweep(SWEEP, out=folder / "sweep")
    return {name: write_report(folder / name) for name in ("hub", "defended", "sweep")}


def photograph(browser: Any, page: Path, picture: Picture) -> bytes:
    """Return the bytes of a PNG of one part of a page."""
    context = browser.new_context(
        viewport={"width": 1200, "height": 900}, device_scale_factor=1.5, color_scheme="light"
    )
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-ready]", state="attached")
    if picture.click:
        tab.locator(picture.click).first.click()
    tab.wait_for_selector(picture.last)
    box = tab.evaluate(
        """([first, last]) => {
          const start = document.querySelector(first).getBoundingClientRect();
          const end = document.querySelector(last).getBoundingClientRect();
          const [left, right] = first === last ? [start.left, start.right] : [0, innerWidth];
          return {left, right, top: start.top + scrollY, bottom: end.bottom + scrollY};
        }""",
        [picture.first, picture.last],
    )
    top = max(box["top"] - 12, 0)
    height = min(box["bottom"] + 12 - top, picture.tallest)
    clip = {"x": box["left"], "y": top, "width": box["right"] - box["left"], "height": height}
    shot: bytes = tab.screenshot(full_page=True, clip=clip)
    context.close()
    return shot


def save_small(shot: bytes, path: Path) -> None:
    """Write a picture with 128 colours, which is all that a page needs."""
    image = importlib.import_module("PIL.Image")
    image.open(io.BytesIO(shot)).convert("RGB").quantize(128).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes; at most {LARGEST}")


def main() -> None:
    """Play, photograph and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    api = importlib.import_module("playwright.sync_api")
    path = os.environ.get("FJSIM_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with tempfile.TemporaryDirectory() as made, api.sync_playwright() as playwright:
        pages = write_pages(Path(made))
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for picture in PICTURES:
            save_small(
                photograph(browser, pages[picture.page], picture), folder / f"{picture.name}.png"
            )
        browser.close()


if __name__ == "__main__":
    main()
