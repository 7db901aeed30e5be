"""A set of exams as tables, figures and a page."""
