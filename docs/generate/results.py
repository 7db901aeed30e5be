"""Classes that public functions return, for the API."""

import inspect
from pathlib import Path

import mrnet_features as mf
from mrnet_features.evaluation.results import Result

PAGE = """Results
=======

What the functions return. Each has ``.summary()`` (a small table), ``.frame()`` (all numbers) and
``.plot()`` (a figure), and shows itself in a notebook.

.. autosummary::
   :toctree: api

"""


def list_results() -> dict[str, str]:
    """Classes of results that are no public names, and the modules that hold them."""
    found = {}
    for name in mf.__all__:
        function = getattr(mf, name)
        if not inspect.isfunction(function):
            continue
        home = inspect.getmodule(function)
        returned = str(inspect.signature(function).return_annotation)
        cls = getattr(home, returned, None)
        if inspect.isclass(cls) and issubclass(cls, Result) and returned not in mf.__all__:
            found[returned] = f"{cls.__module__}.{returned}"
    return dict(sorted(found.items()))


def write_results(folder: Path) -> None:
    """Write the page of results."""
    lines = [f"   ~{path}\n" for path in list_results().values()]
    (folder / "results.rst").write_text(PAGE + "".join(lines), encoding="utf-8")
