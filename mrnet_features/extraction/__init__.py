"""Exams -> table."""
