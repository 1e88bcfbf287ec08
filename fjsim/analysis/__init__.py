"""What a fit adds to a recorded deliberation: mixtures of experts, pooling, influencers."""
