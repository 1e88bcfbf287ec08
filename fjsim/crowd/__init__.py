"""Many deliberations at once: the rounds of agents without a model, as arrays.

What ``fjsim.deliberation`` plays turn by turn is played here item by item in one array, with the
very numbers that it draws. ``fjsim.runs`` chooses between the two.
"""
