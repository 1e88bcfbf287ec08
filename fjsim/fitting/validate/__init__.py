"""Whether a fit holds: held-out comparison and null models."""
