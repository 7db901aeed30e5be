"""Metrics: AUCs, their tests and intervals, calibration, operating points."""
