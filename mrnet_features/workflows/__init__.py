"""Whole runs: feature table, scores, fit, prediction, comparison of files, study and demo."""
