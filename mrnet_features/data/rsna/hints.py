"""Advice for a folder that does not have the RSNA layout, and how to tell that one has it."""

from __future__ import annotations

from mrnet_features.data.mrnet.label_files import find_label_files
from mrnet_features.data.rsna.files import SPLITS
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.messages import name_some, quote
from mrnet_features.names import PLANES
from mrnet_features.names import SPLITS as MRNET_SPLITS

__all__ = ["find_file", "find_set_near", "guess_set", "has_rsna_layout", "require_set"]

DEEPEST = 3
"""Folders between a set and the files of a series: train_series, study, series."""


def has_rsna_layout(root: AnyPath) -> bool:
    """Whether a folder holds a table or a folder of series, as in the RSNA layout.

    Parameters
    ----------
    root : Path or StoredPath

    Returns
    -------
    bool
    """
    return any(
        (root / f"{split}_series.csv").is_file() or (root / f"{split}_series").is_dir()
        for split in SPLITS
    )


def require_set(root: AnyPath, split: str, *, images: bool) -> None:
    """Raise unless a folder has the tables of a split, and its folder of series.

    Parameters
    ----------
    root : Path or StoredPath
    split : str
    images : bool
        Whether the series are needed; else the table of the studies alone.

    Raises
    ------
    FileNotFoundError
        If one of them does not exist; the message says what to pass or copy.
    ValueError
        If `split` is neither "train" nor "test".
    """
    if split not in SPLITS:
        more = " The layout has no split named valid." if split == "valid" else ""
        raise ValueError(f"`split` must be 'train' or 'test', got {quote(split)}.{more}")
    if not root.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{root}'. Pass the folder that holds '{split}.csv' and "
            f"'{split}_series/'."
        )
    find_file(root, f"{split}.csv")
    if images:
        find_file(root, f"{split}_series.csv")
        if not (root / f"{split}_series").is_dir():
            raise FileNotFoundError(
                f"'{root}' has no folder '{split}_series'. Copy it from the set; for labels alone "
                "use `mf.load_labels`."
            )


def find_file(root: AnyPath, name: str) -> AnyPath:
    """Path of a table of the set; an error with advice if there is none.

    Parameters
    ----------
    root : Path or StoredPath
    name : str

    Returns
    -------
    Path or StoredPath

    Raises
    ------
    FileNotFoundError
    """
    if not (root / name).is_file():
        raise FileNotFoundError(f"'{root}' has no file '{name}'. {guess_set(root, name)}")
    return root / name


def guess_set(root: AnyPath, name: str) -> str:
    """Advice for a folder without a table of the RSNA layout.

    Parameters
    ----------
    root : Path or StoredPath
        An existing folder without the file `name`.
    name : str

    Returns
    -------
    str
        What to pass, copy or unpack.
    """
    if has_rsna_layout(root):
        return "Copy it from the set."
    if _has_mrnet_layout(root):
        return "It has MRNet's layout: load it with `mf.load_mrnet`."
    folders = [path.name for path in _list_visible(root) if path.is_dir()]
    return find_set_near(root, name) or (
        f"Folders present: {name_some(folders) or 'none'}. Pass the folder of the set."
    )


def find_set_near(root: AnyPath, name: str) -> str:
    """Advice where a folder lies in a set, or holds the folder or an archive of one; or empty.

    Parameters
    ----------
    root : Path or StoredPath
        An existing folder.
    name : str
        File of the set.

    Returns
    -------
    str
    """
    for folder in root.absolute().parents[:DEEPEST]:
        if has_rsna_layout(folder):
            return f"It lies inside a set. Pass '{folder}'."
    entries = _list_visible(root)
    for path in entries:
        if path.is_dir() and ((path / name).is_file() or has_rsna_layout(path)):
            return f"Pass '{path}', which has it."
    packed = [path.name for path in entries if path.suffix.lower() in (".zip", ".7z", ".gz")]
    return f"Unpack {quote(packed[0])} first." if packed else ""


def _list_visible(root: AnyPath) -> list[AnyPath]:
    return sorted(path for path in root.iterdir() if not path.name.startswith("."))


def _has_mrnet_layout(root: AnyPath) -> bool:
    has_planes = any((root / s / plane).is_dir() for s in MRNET_SPLITS for plane in PLANES)
    return has_planes or bool(find_label_files(root))
