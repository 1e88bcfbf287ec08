"""Backends around a backend: cache, retry with a concurrency limit, budget."""
