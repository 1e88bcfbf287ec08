"""Trust policies: one published idea per module."""

from fjsim_defenses import (
    accuracy_reputation,
    audit,
    ballot,
    beta_reputation,
    bounded_confidence,
    consensus_distance,
    fixed_trust,
    fj_residual,
    hard_threshold,
    none,
    peer_agreement,
    quarantine,
    robust_aggregate,
    stubbornness_detector,
    trust_adaptive,
    w_msr,
)

__all__ = [
    "accuracy_reputation",
    "audit",
    "ballot",
    "beta_reputation",
    "bounded_confidence",
    "consensus_distance",
    "fixed_trust",
    "fj_residual",
    "hard_threshold",
    "none",
    "peer_agreement",
    "quarantine",
    "robust_aggregate",
    "stubbornness_detector",
    "trust_adaptive",
    "w_msr",
]
