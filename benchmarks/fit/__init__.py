"""Fits: one row, one item and a whole log, each beside what a user would do otherwise."""
