"""Label leakage: checks of a feature table, negative controls of a whole procedure."""
