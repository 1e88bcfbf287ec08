"""Mixtures of experts and who becomes an influencer; stands on fits."""
