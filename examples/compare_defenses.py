"""Which defense stops a stubborn hub, and what does it cost a team that nobody attacks?

Run it with `python examples/compare_defenses.py`.
"""

import fjsim

scenario = fjsim.Scenario(
    agents={"kind": "numeric", "count": 5}, rounds=4, questions={"limit": 12}, seed=0
)
found = fjsim.evaluate_defenses(
    scenario,
    defenses=["none", "trust-adaptive", "ballot"],
    attacks=["stubborn"],
    topologies=["star"],
    seeds=2,
)
print(found.table[["defense", "attack_success_rate", "price"]].to_string(index=False))
