"""What attacks share: seats, targets, schedules, the law that they assume."""
