"""Comparison of models: read predictions, test differences, measure added value."""
