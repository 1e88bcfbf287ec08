"""Large networks: as read from edge lists, as generated, as solved."""
