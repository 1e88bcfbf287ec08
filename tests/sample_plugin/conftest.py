"""The sample is installed by a test; collected here it would register under a false name."""

collect_ignore = ["src"]
