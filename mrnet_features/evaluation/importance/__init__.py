"""Importance: what groups of features are worth to a model, on exams it has not seen."""
