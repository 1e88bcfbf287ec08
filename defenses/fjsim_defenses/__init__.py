"""Trust policies: one published idea per module."""

from fjsim.registry import declare

declare(
    "defense",
    {
        "t-w": "fjsim_defenses.accuracy_reputation",
        "t-wa": "fjsim_defenses.accuracy_reputation",
        "t-ws": "fjsim_defenses.accuracy_reputation",
        "t-s": "fjsim_defenses.accuracy_reputation",
        "audit": "fjsim_defenses.audit",
        "ballot": "fjsim_defenses.ballot",
        "beta-reputation": "fjsim_defenses.beta_reputation",
        "bounded-confidence": "fjsim_defenses.bounded_confidence",
        "casting-vote": "fjsim_defenses.casting_vote",
        "change-alarm": "fjsim_defenses.change_alarm",
        "committee": "fjsim_defenses.committee",
        "consensus-distance": "fjsim_defenses.consensus_distance",
        "fixed-trust": "fjsim_defenses.fixed_trust",
        "fj-residual": "fjsim_defenses.fj_residual",
        "threshold": "fjsim_defenses.hard_threshold",
        "infection-aware": "fjsim_defenses.infection_aware",
        "none": "fjsim_defenses.none",
        "pair-test": "fjsim_defenses.pair_test",
        "peer-agreement": "fjsim_defenses.peer_agreement",
        "quarantine": "fjsim_defenses.quarantine",
        "robust-aggregate": "fjsim_defenses.robust_aggregate",
        "rollback": "fjsim_defenses.rollback",
        "stubbornness-detector": "fjsim_defenses.stubbornness_detector",
        "trust-adaptive": "fjsim_defenses.trust_adaptive",
        "unlike": "fjsim_defenses.unlike",
        "w-msr": "fjsim_defenses.w_msr",
    },
)
