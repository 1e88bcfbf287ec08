"""Grids of scenarios: cells, their runs, one flat table, and a leaderboard."""
