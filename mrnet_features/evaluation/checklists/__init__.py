"""Reporting checklists, filled from a run: CLEAR, TRIPOD+AI and CLAIM."""
