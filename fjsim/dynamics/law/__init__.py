"""The law itself: parameters, one step and many, gates, stability, influence and measures."""
