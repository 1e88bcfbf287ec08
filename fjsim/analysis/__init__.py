"""What a recorded deliberation shows: security, groups, mixtures of experts, influencers."""
