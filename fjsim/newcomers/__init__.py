"""Texts that ``fjsim new`` starts a plug-in from."""
