"""Exams to look at, in a notebook and as a page."""
