"""Comparison: read other models' predictions, compare them pair by pair, measure added value."""
