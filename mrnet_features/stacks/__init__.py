"""Pixels -> what can be counted."""
