"""A stranger's plug-ins: importing the package registers them."""

from fjsim_sample import barbell, coin, echo, mute, steadfast

__all__ = ["barbell", "coin", "echo", "mute", "steadfast"]
