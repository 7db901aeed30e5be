"""Formulas that several families share, in array-API operations only."""
