"""Audit of stacks and labels: bad exams, contradictory labels, duplicates."""

from mrnet_features.quality.audit import measure_quality
from mrnet_features.quality.findings import CODES
from mrnet_features.quality.ghosts import score_ghosts

__all__ = ["CODES", "measure_quality", "score_ghosts"]
