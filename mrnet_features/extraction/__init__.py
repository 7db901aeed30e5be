"""Exams -> feature table."""
