"""The law with adversaries in some seats: takeover, closed forms, flips, seats, phases."""
