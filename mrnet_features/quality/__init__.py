"""Audit of stacks and labels: bad exams, contradictory labels, duplicates."""

from mrnet_features.quality.findings import CODES
from mrnet_features.quality.ghosts import score_ghosts

__all__ = ["CODES", "score_ghosts"]
