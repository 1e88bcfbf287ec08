"""OpenAI-compatible endpoints: requests, replies, faults, what a server can do."""
