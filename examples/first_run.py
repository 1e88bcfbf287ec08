"""How far does one stubborn agent move a team, and does theory say so too?

Run it with `python examples/first_run.py`; it asks the embedded model, so it needs no key.
"""

import fjsim

scenario = fjsim.Scenario(
    topology="star", attack="stubborn", agents=5, rounds=4, questions={"limit": 12}, seed=0
)
run = fjsim.run(scenario)

for name in ("attack_success_rate", "takeover_observed", "takeover_predicted"):
    print(f"{name:22} {run.metrics[name].text}")
