"""A law per item and agent, drawn from one population: what random effects say of a log."""
