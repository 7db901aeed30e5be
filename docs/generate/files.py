"""Files that are written only if they change, so that Sphinx reads only what is new."""

from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a text file if it is new or different."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file if it is new or different."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
