"""The page of a sweep: which setting holds, at what price, and how far the law says so too."""

from fjsim.report.html.sweep.page import sweep_page

__all__ = ["sweep_page"]
