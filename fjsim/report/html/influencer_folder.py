"""The page of a folder that ``fjsim influencers --out`` wrote."""

from __future__ import annotations

from pathlib import Path

from fjsim.errors import StorageError
from fjsim.report.html.document import INFLUENCERS
from fjsim.report.html.influencer_cells import cells_page
from fjsim.report.html.influencers import team_page
from fjsim.runs.folder import own_text
from fjsim.serial.json import read


def influencers_page(folder: Path) -> str:
    """Return the HTML page of the folder that ``fjsim influencers --out`` wrote.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    StorageError
        If its ``influencers.json`` cannot be read, or is none of ours.
    """
    path = folder / INFLUENCERS
    try:
        values = read(own_text(path))
        name = folder.resolve().name
        return cells_page(name, values) if "cells" in values else team_page(name, values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise StorageError(
            f"{path}: is not what fjsim influencers --out writes ({type(error).__name__}); run it "
            "again"
        ) from error
