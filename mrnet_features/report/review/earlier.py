"""Files of an earlier report: which they are, so that nothing else is replaced or removed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mrnet_features.files.reading import read_json

__all__ = ["FORMAT", "VIEWER", "find_folder", "list_tables", "read_numbers", "remove_report"]

FORMAT = "mrnet-features report 1"
"""First entry of the JSON file of a report."""

VIEWER = "viewer.html"
"""Page with the viewer, in the folder beside a report."""


def find_folder(path: str | Path) -> Path:
    """Folder of the files beside a report.

    Examples
    --------
    >>> find_folder("out/report.html").name
    'report-files'
    """
    return Path(path).with_name(f"{Path(path).stem}-files")


def read_numbers(path: str | Path) -> dict[str, Any] | None:
    """JSON of the report at a place.

    Parameters
    ----------
    path : path
        HTML file of the report.

    Returns
    -------
    dict or None
        None if the JSON file beside it does not exist or is no report.
    """
    file = Path(path).with_suffix(".json")
    if not file.exists():
        return None
    try:
        found = read_json(file, "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def list_tables(path: str | Path) -> list[Path]:
    """CSV files of the report at a place, as its JSON names them.

    Parameters
    ----------
    path : path
        HTML file of the report.

    Returns
    -------
    list of Path
        They need not exist.
    """
    parts = (read_numbers(path) or {}).get("parts")
    names = [
        f"{part}-{table}"
        for part, held in (parts if isinstance(parts, dict) else {}).items()
        if isinstance(held, dict) and isinstance(held.get("tables"), dict)
        for table in held["tables"]
    ]
    folder = find_folder(path)
    return [folder / f"{name}.csv" for name in names if re.fullmatch(r"[\w-]+", name)]


def remove_report(path: str | Path) -> None:
    """Remove the report at a place with its files; files that are not its own are kept.

    Parameters
    ----------
    path : path
        HTML file of the report.
    """
    if read_numbers(path) is None:
        return
    folder = find_folder(path)
    page = Path(path)
    for file in [*list_tables(path), folder / VIEWER, page, page.with_suffix(".json")]:
        file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
