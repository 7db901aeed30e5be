"""Protocol: folds, cross-validation, evaluation on a held-out split."""
