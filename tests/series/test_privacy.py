"""Patient data of a file appear in nothing that comes out of the library."""

import json
import pickle
import traceback
import warnings

import numpy as np
import pytest

import mrnet_features as mf
from tests.support.dicom_files import (
    PLANTED,
    draw_stack,
    make_dataset,
    make_enhanced,
    write_dataset,
    write_nifti,
    write_series,
)

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")


def find_planted(*texts):
    """Planted values in texts or bytes."""
    joined = b"\0".join(t if isinstance(t, bytes) else str(t).encode() for t in texts)
    return [value for value in PLANTED if value.encode() in joined]


def test_the_test_would_see_them(tmp_path):
    path = write_dataset(tmp_path / "a.dcm", make_dataset("axial", 0, draw_stack(1)[0]))
    assert len(find_planted(path.read_bytes())) > 8


@pytest.mark.parametrize("form", ["folder", "enhanced", "nifti"])
def test_a_series_holds_none(tmp_path, form):
    stack = draw_stack()
    words = {"SeriesDescription": "PLANTED fs", "ProtocolName": "Planted^Name"}
    words["Manufacturer"] = "PLANTED"
    if form == "folder":
        path = write_series(tmp_path / "s", "sagittal", stack, **words)
    elif form == "enhanced":
        path = write_dataset(tmp_path / "s.dcm", make_enhanced("sagittal", stack, **words))
    else:
        fields = words | {"PatientName": "Planted^Name"}
        path = write_nifti(tmp_path / "s.nii", "sagittal", stack.astype(np.int16), fields=fields)
    series = mf.load_series(path, size=64)
    assert series.fat_suppressed is True
    out = (repr(series), json.dumps(series.recipe), *series.warnings, pickle.dumps(series))
    assert find_planted(*out) == []


def test_an_exam_and_its_table_hold_none(tmp_path):
    for number, plane in enumerate(("axial", "coronal", "sagittal"), start=1):
        stack = draw_stack(6, seed=number)
        write_series(tmp_path / "cd" / plane, plane, stack, SeriesNumber=number)
    exam = mf.Exam.from_dicom(tmp_path / "cd", size=64)
    extractor = mf.FeatureExtractor("minimal", progress=False)
    out = tmp_path / "t.parquet"
    table = mf.extract_features([exam], out, extractor=extractor, progress=False)
    out = [repr(exam), exam.table().to_csv(), table.to_csv(), pickle.dumps(exam)]
    out += [path.read_bytes() for path in tmp_path.glob("t.*") if path.is_file()]
    assert find_planted(*out, *exam.warnings) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ImagePositionPatient", "Planted\\Name\\x"),
        ("ImageOrientationPatient", "Planted\\Name"),
        ("PixelSpacing", "Planted^Name\\4711"),
        ("RescaleSlope", "Planted"),
        ("NumberOfFrames", "Planted"),
        ("PhotometricInterpretation", "PLANTED"),
        ("Modality", "PLANTED"),
        ("Laterality", "PLANTED"),
        ("InstanceNumber", "Planted"),
    ],
)
@pytest.mark.parametrize("keep", [1.0, 0.5])
def test_errors_and_warnings_hold_none(tmp_path, name, value, keep, capsys):
    import pydicom

    said = []
    dataset = make_dataset("axial", 0, draw_stack(1)[0])
    # as text of another kind, which pydicom writes without a check
    tag = pydicom.datadict.tag_for_keyword(name)
    dataset[tag] = pydicom.dataelem.DataElement(tag, "LO", value)
    path = write_dataset(tmp_path / "x.dcm", dataset)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            said += mf.load_series(path, size=64).warnings
        except (ValueError, OSError) as error:
            said += [str(error), *traceback.format_exception(error)]
            said.append(repr(error.__context__))
    said += [str(w.message) for w in caught]
    captured = capsys.readouterr()
    assert find_planted(*said, captured.out, captured.err) == []
