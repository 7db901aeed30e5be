"""Exams that a reader would reject, contradicting labels, copies."""

from mrnet_features.data.audit.findings import CODES
from mrnet_features.data.audit.ghosts import score_ghosts
from mrnet_features.data.audit.run import audit

__all__ = ["CODES", "audit", "score_ghosts"]
