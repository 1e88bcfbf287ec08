"""What routers share: a channel, a reading of confidence, weights from it."""
