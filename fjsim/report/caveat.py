"""What every page and table says of numbers that simulated agents gave."""

CAVEAT = (
    "Simulated agents carry no arguments: what a real team loses when a right minority cannot "
    "persuade is not measured here."
)
