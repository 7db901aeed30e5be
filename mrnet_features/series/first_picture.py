"""Headers of the pictures of a series, one by one: most questions need the first one alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.series.dicom_files import DicomFile
from mrnet_features.series.dicom_frames import read_picture
from mrnet_features.series.fetching import fetch

__all__ = ["read_first_picture", "read_pictures"]


def read_pictures(paths: Sequence[AnyPath], more_tags: Collection[int] = ()) -> Iterator[DicomFile]:
    """Yield the header of each file with a picture; other files are passed over.

    Parameters
    ----------
    paths : sequence of Path or StoredPath
        Files of one series.
    more_tags : collection of int, default ()
        As for `read_dicom_header`.

    Yields
    ------
    DicomFile
        A file is opened when it is asked for.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `read_picture`.
    """
    for path in paths:
        stored: Any = path  # for messages, where its local copy is gone
        with fetch(path) as local:
            file = read_picture(local, more_tags)
        if file is not None:
            yield dataclasses.replace(file, path=stored)


def read_first_picture(
    paths: Sequence[AnyPath], label: str, more_tags: Collection[int] = ()
) -> DicomFile:
    """Header of the first file with a picture.

    Parameters
    ----------
    paths : sequence of Path or StoredPath
        Files of one series.
    label : str
        Folder or file, for the message.
    more_tags : collection of int, default ()
        As for `read_dicom_header`.

    Returns
    -------
    DicomFile

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `read_pictures`, and if there is no picture.
    """
    for file in read_pictures(paths, more_tags):
        return file
    raise ValueError(
        f"'{label}' holds no DICOM file with a picture (of {len(paths)} files). Copy it from its "
        "source."
    )
