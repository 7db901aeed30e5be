"""Diagnostics: checks of this machine, GPU against CPU, and the catalogue of families."""
