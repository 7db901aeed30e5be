"""Leakage: checks of a feature table, and negative controls for a whole procedure."""
