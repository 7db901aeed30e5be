"""Extraction into a file that can be stopped and goes on where it stopped."""
