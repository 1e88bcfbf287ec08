"""What was found out with the product; each module is a command that prints its figures."""
