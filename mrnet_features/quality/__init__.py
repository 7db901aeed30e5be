"""Quality: exams that a reader would reject, contradicting labels, copies."""

from mrnet_features.quality.findings import CODES
from mrnet_features.quality.ghosts import score_ghosts

__all__ = ["CODES", "score_ghosts"]
