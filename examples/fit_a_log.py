"""How stubborn are the agents of a recorded team, and whom do they listen to?

Run it with `python examples/fit_a_log.py [LOG]`; without a log it fits `team.csv` beside it.
"""

import sys
from pathlib import Path

import fjsim

log = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("team.csv")
fit = fjsim.fit(fjsim.read_log(log).transcript, model="pooled")

print(fit.summary())
for name, stubbornness in zip(("ann", "bob", "cleo", "dan", "eve"), fit.stubbornness, strict=True):
    print(f"{name:5} {stubbornness:.2f}")
