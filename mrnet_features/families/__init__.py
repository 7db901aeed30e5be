"""Families: counts -> statistics, one file per family."""
