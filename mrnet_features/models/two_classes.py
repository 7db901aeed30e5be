"""What the classifiers of this package have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, ClassifierMixin

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["TwoClassClassifier"]


class TwoClassClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier of two classes whose rows may hold NaN; subclasses add `predict_proba`."""

    def __sklearn_tags__(self) -> Any:
        """Tags for scikit-learn: two classes only, NaN allowed."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[Any]:
        """More probable class of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns), float
            The same columns in the same order as in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,)
            Members of `classes_`.
        """
        positive = self.predict_proba(X)[:, 1]
        labels: NDArray[Any] = self.classes_[(positive > 0.5).astype(int)]
        return labels
