"""The engine's rows of ``performance.md``, each beside what a user would do otherwise."""

from benchmarks.engine.rows import Row, rows, table

__all__ = ["Row", "rows", "table"]
