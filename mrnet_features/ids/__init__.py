"""Exam ids: read from files, checked, and compared between tables."""
