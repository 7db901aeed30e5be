"""Networks on the same folds as the features, and frozen embeddings. Needs the extra `cnn`."""
