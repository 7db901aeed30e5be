"""Every file that pydicom and nibabel ship is read, or refused with one clear sentence."""

import importlib.util
import re
import time
from pathlib import Path

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_frames import list_frames
from mrnet_features.series.dicom_pixels import COMPRESSED, NATIVE, read_stored

MOST_SECONDS = 30

READ_AS_THEY_ARE = {
    "693_J2KI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "MR_small.dcm",
    "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm", "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm",
    "anatomical.nii", "standard.nii.gz", "reoriented_anat_moved.nii",
}  # fmt: skip
"""Files that must be read; others may be, too."""


def list_shipped(module, folder):
    """Files of a folder of a package."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return []
    root = Path(spec.origin).parent / folder
    return sorted(path for path in root.rglob("*") if path.is_file() and "pyc" not in path.suffix)


DICOM = list_shipped("pydicom", "data")
NIFTI = list_shipped("nibabel", "tests/data")


def load(path):
    """Series with all that a caller may know, or the text of the error without it and with it."""
    texts = []
    for options in ({}, {"plane": "axial"}, {"plane": "axial", "spacing_mm": (0.5, 0.5)}):
        try:
            return mf.load_series(path, **options), texts
        except ValueError as error:
            texts.append(str(error))
    return None, texts


@pytest.mark.skipif(not DICOM or not NIFTI, reason="an extra is not installed, or ships no files")
@pytest.mark.parametrize("path", [*DICOM, *NIFTI], ids=lambda path: path.name)
def test_a_file_is_read_or_refused(path):
    start = time.perf_counter()
    series, texts = load(path)
    assert time.perf_counter() - start < MOST_SECONDS
    assert series is not None or texts
    if series is not None:
        assert series.stack.shape[1:] == (256, 256)
        assert series.stack.max() == 255
    if path.name in READ_AS_THEY_ARE:
        assert not texts
    for text in texts:
        assert path.name in text
        assert len(text) < 600
        assert re.search(r"\. (Copy|Leave|Pass|Convert|Write|Cut|Rename|Correct)", text)


@pytest.mark.skipif(not DICOM, reason="pydicom is not installed, or ships no files")
@pytest.mark.filterwarnings("ignore")  # of pydicom's own reading
def test_stored_values_are_those_of_pydicom():
    """Every transfer syntax of grey pictures that pydicom ships files of."""
    import pydicom

    seen = set()
    for path in DICOM:
        try:
            frames = list_frames(read_dicom_header(path))
            ours = read_stored(frames[0])
        except ValueError:
            continue
        dataset = pydicom.dcmread(path)
        if frames[0].file.syntax in COMPRESSED:
            plugin = COMPRESSED[frames[0].file.syntax][1]
            dataset.pixel_array_options(decoding_plugin=plugin)
        theirs = dataset.pixel_array
        theirs = theirs[0] if theirs.ndim == 3 else theirs
        assert np.array_equal(ours, theirs), path.name
        seen.add(frames[0].file.syntax)
    jpeg = {f"1.2.840.10008.1.2.4.{end}" for end in (80, 81, 90, 91)}
    assert seen >= {*NATIVE, "1.2.840.10008.1.2.5", *jpeg}
