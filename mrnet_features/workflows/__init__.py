"""Whole runs from folder or files to results: study, prediction, comparison of files."""
