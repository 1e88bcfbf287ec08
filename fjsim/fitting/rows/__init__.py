"""What was heard, as rows of a regression, and its exact solution on the simplex."""
