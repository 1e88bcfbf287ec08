"""fjsim: Friedkin-Johnsen deliberations of language-model teams, simulated, attacked, defended."""
