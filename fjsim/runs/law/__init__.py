"""What theory says of a run: the law as the run bends it, and its predictions."""
