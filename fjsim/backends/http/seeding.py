"""The seed that a server is sent: another one for each draw, or equal prompts get equal replies."""

from __future__ import annotations

import hashlib

from fjsim.contracts import SampleIndex

SEEDS = 2**31
"""How many seeds every server takes; some read 32 bits."""


def sent_seed(seed: int, sample: SampleIndex) -> int:
    """Return the seed of one draw.

    Parameters
    ----------
    seed : int
        The run's.
    sample : SampleIndex
        Which draw it is; two neutral seats or replicas may have the same prompt.

    Returns
    -------
    int
        In [0, 2³¹).

    Examples
    --------
    >>> sample = SampleIndex(replica=0, seat=1, round=0)
    >>> run_seed(sent_seed(7, sample), sample)
    7
    """
    return (seed + _offset(sample)) % SEEDS


def run_seed(sent: int, sample: SampleIndex) -> int:
    """Return the run's seed, modulo 2³¹, from the one that was sent."""
    return (sent - _offset(sample)) % SEEDS


def _offset(sample: SampleIndex) -> int:
    digest = hashlib.blake2b(str(sample).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
