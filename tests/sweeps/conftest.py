"""Teams small enough that a whole grid runs in a second."""

import pytest

TEAM = {"kind": "numeric", "count": 4}


@pytest.fixture
def base():
    return {"agents": dict(TEAM), "questions": {"limit": 8}, "rounds": 3, "topology": "star"}
