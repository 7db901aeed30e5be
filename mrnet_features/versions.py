"""Versions of this package and of others."""

from __future__ import annotations

import importlib.metadata
import sys


def find_version(name: str) -> str:
    """Version of a package; this one also has one where it runs from a folder of its source.

    Parameters
    ----------
    name : str
        Of the distribution, such as ``"scikit-learn"``.

    Returns
    -------
    str

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If the package is not installed.

    Examples
    --------
    >>> import mrnet_features
    >>> find_version("mrnet-features") == mrnet_features.__version__
    True
    """
    if name != "mrnet-features":
        return importlib.metadata.version(name)
    return str(sys.modules[__package__].__version__)  # an import would be one of a higher layer
