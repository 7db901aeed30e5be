"""Importance of feature groups on held-out exams."""
