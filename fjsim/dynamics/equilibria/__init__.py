"""Where opinions end up: solvers and their certificates."""
