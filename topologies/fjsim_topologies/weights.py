"""How listeners may weigh those whom they hear."""

from typing import Literal

Weights = Literal["equal", "random"]
"""``equal`` listens to all speakers alike; ``random`` draws a listener's shares evenly from the
simplex."""
