"""vLLM, as a server of our own or inside this process."""
