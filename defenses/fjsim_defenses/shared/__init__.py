"""What defenses share: how a record is read, reputations, centres, bounds."""
