"""Results as self-contained pages, and their figures."""
