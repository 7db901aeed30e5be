"""Advice for a folder that does not have the layout of the release."""

from __future__ import annotations

from mrnet_features.data.mrnet.label_files import find_label_files
from mrnet_features.data.rsna.hints import find_set_near, has_rsna_layout
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.messages import name_some
from mrnet_features.names import PLANES, SPLITS

__all__ = ["guess_layout", "guess_renaming"]

OTHER_NAMES = {"train": {"train", "training"}, "valid": {"valid", "val", "validation", "test"}}
"""Names of a split's folder in copies of the release, in lower case."""


def guess_layout(root: AnyPath, split: str) -> str:
    """Advice for a folder without train/ or valid/.

    Parameters
    ----------
    root : Path or StoredPath
        A folder without the subfolder `split`.
    split : {"train", "valid"}

    Returns
    -------
    str
        What to pass, rename or move.
    """
    if has_rsna_layout(root):
        return "It has the RSNA layout: load it with `mf.load_rsna_knee`."
    folders = _list_folders(root)
    nested = [
        name
        for name in folders
        if (root / name / split).is_dir() or find_label_files(root / name, [split])
    ]
    if nested:
        return f"Pass '{root / nested[0]}', which has it."
    above = _find_release_above(root)
    if above:
        return f"It lies inside a release. Pass '{above}'."
    renaming = guess_renaming(root, split)
    if renaming:
        return renaming
    if set(PLANES) & set(folders):
        return f"It holds the folders of the planes directly; move them into '{root / split}/'."
    near = find_set_near(root, "train.csv")
    if near:
        return near
    return f"Folders present: {name_some(folders) or 'none'}. Pass the folder of the release."


def guess_renaming(root: AnyPath, split: str) -> str:
    """Advice where the folder of a split seems to have another name, else an empty string.

    Parameters
    ----------
    root : Path or StoredPath
        A folder without the subfolder `split`.
    split : {"train", "valid"}

    Returns
    -------
    str
    """
    for name in _list_folders(root):
        if name.lower() in OTHER_NAMES[split]:
            return f"This copy has '{name}/'; rename it to '{split}'."
    return ""


def _list_folders(root: AnyPath) -> list[str]:
    """Sorted names of the folders in a folder, without hidden ones."""
    return sorted(
        path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def _find_release_above(root: AnyPath) -> AnyPath | None:
    """Folder of the release if `root` is a split or a plane inside it, else None."""
    here = root.absolute()
    split = here.parent if here.name.lower() in PLANES else here
    if split.name.lower() not in SPLITS:
        return None
    has_planes = any((split / plane).is_dir() for plane in PLANES)
    is_release = bool(find_label_files(split))  # a release may itself be named "train"
    is_below = has_planes or bool(find_label_files(split.parent))
    return split.parent if is_below and not is_release else None
