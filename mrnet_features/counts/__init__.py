"""Stack -> integer counts: the only code with a body for the CPU and one for the GPU."""

from __future__ import annotations

import importlib
import pkgutil

from mrnet_features.arrays import Twin


def missing_gpu_bodies() -> list[str]:
    """Names of the counts that have no GPU body.

    Returns
    -------
    list of str
    """
    missing: list[str] = []
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        missing += [
            name
            for name, item in vars(module).items()
            if isinstance(item, Twin) and not item.has_gpu and item.__module__ == module.__name__
        ]
    return sorted(missing)
