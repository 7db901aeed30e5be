"""A folder of synthetic knees: its settings, records of finished exams, and what is damaged."""

import contextlib
import functools
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mrnet_features.files.locks import hold_lock
from mrnet_features.files.reading import open_file, read_json
from mrnet_features.files.writing import explain_write_errors, remove_partials, write_text
from mrnet_features.synthetic.style import Style, list_fields


@contextlib.contextmanager
def open_folder(root: Path, settings: dict[str, Any], parts: Iterable[str]) -> Iterator[None]:
    """Hold a folder while its exams are written: locked, of these settings, with these parts.

    Parameters
    ----------
    root : Path
        Created if it does not exist.
    settings : dict
        Written to ``knees.json``.
    parts : iterable of str
        Folders inside, created.

    Raises
    ------
    ValueError, FileExistsError, OSError, RuntimeError
        As `write.write_knees`.
    """
    if root.exists() and not root.is_dir():
        raise FileExistsError(f"'{root}' must be a folder, got a file. Choose another name.")
    with contextlib.ExitStack() as stack:
        stack.enter_context(explain_write_errors(root, functools.partial(describe_kept, root)))
        root.mkdir(parents=True, exist_ok=True)
        stack.enter_context(hold_lock(root / "knees.json"))
        check_settings(root, settings)
        # first of all: without it, the next run would refuse the folder
        write_text(root / "knees.json", json.dumps(settings, indent=2) + "\n")
        folders = [root / part for part in parts]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (root, *folders):
            remove_partials(folder)
        yield


def check_settings(root: Path, settings: dict[str, Any]) -> None:
    """Raise an error unless `root` is empty or holds exams made with the same settings."""
    record = root / "knees.json"
    if not record.exists():
        # its lock and what a killed run had begun to write
        if not all(path.name.startswith(".knees.json.") for path in root.iterdir()):
            raise FileExistsError(
                f"'{root}' must be empty or hold synthetic knees, got a folder with files and "
                "without knees.json. Choose an empty or new folder."
            )
        return
    found = read_record(record) or find_settings(root) or settings
    if found != settings:
        wanted, present = describe_settings(settings), describe_settings(found)
        same = all(found.get(key) == settings[key] for key in settings if key != "source")
        if not same:  # the hash of the code would only distract
            wanted, present = (
                describe_settings({key: value for key, value in each.items() if key != "source"})
                for each in (settings, found)
            )
        why = "The code that draws them has changed since. " if same else ""
        raise ValueError(
            f"'{root}' must hold synthetic knees made with {wanted}, got {present}. {why}"
            "Choose another folder, or delete this one."
        )


def describe_settings(settings: dict[str, Any]) -> str:
    """Settings in one line; of a style given by its fields, those that are not the defaults."""
    parts = []
    default = list_fields(Style())
    for key, value in settings.items():
        if isinstance(value, dict):
            changed = {k: v for k, v in value.items() if v != default.get(k)}
            inside = ", ".join(f"{k}={v}" for k, v in changed.items())
            parts.append(f"{key}=Style({inside if len(inside) < 200 else inside[:200] + '...'})")
        elif value is not None:
            parts.append(f"{key}={value}")
    return ", ".join(parts)


def read_record(path: Path) -> dict[str, Any] | None:
    """Content of a JSON file of this folder; None if it is missing or damaged."""
    try:
        found = read_json(path, "Run knees again to make it anew.")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def find_settings(root: Path) -> dict[str, Any] | None:
    """Settings of the first exam with a sound record, for a folder with a damaged knees.json."""
    records = map(read_record, sorted(root.glob(".records/*/*.json")))
    found = (record.get("settings") for record in records if record)
    return next((settings for settings in found if isinstance(settings, dict)), None)


def describe_kept(root: Path) -> str:
    """What a next run need not do again, for the end of a message."""
    return "finished exams are kept" if any((root / ".records").glob("*/*.json")) else ""


def find_checksum(path: Path) -> int | None:
    """Checksum of a file; None if it is missing or can't be read."""
    try:
        with open_file(path) as file:
            return zlib.crc32(file.read())
    except OSError:
        return None
