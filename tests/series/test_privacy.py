"""Patient data of a file appear in nothing that comes out of the library."""

import json
import logging
import pickle
import traceback
import warnings

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.data.headers.columns import encode_headers
from mrnet_features.series.dicom_tags import ALL_TAGS, HASHED_TAGS
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


READ_TAGS = sorted(name for name in ALL_TAGS | HASHED_TAGS if not name.endswith("Sequence"))


@pytest.mark.parametrize("value", ["Planted^Name", "19420317", "Planted Name\\4711\\19420317"])
def test_a_table_of_headers_holds_none_whatever_tag_they_are_in(tmp_path, value, capsys, caplog):
    import pydicom

    exams = []
    for number, name in enumerate([*READ_TAGS, "all"]):
        dataset = make_dataset("axial", 0, draw_stack(1)[0])
        for planted in READ_TAGS if name == "all" else [name]:
            if name == "all" and planted in ("Rows", "SamplesPerPixel"):
                continue
            tag = pydicom.datadict.tag_for_keyword(planted)
            # as text of another kind, which pydicom writes without a check
            dataset[tag] = pydicom.dataelem.DataElement(tag, "LO", value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = write_dataset(tmp_path / f"{number}.dcm", dataset)
        exams.append(mf.Exam(f"{number:03d}", {"axial_fluid": path}))
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    capsys.readouterr()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = mf.read_headers(exams, progress=False)
        groups = mf.scanner_groups(table)
    read = table[table["problem"] == ""]
    assert len(read) > 40
    assert (read.loc[read.index[-1], ["model", "description"]] == "other").all() or value[0] == "1"
    assert read["patient"].str.fullmatch("[0-9a-f]{16}").all()
    table.to_parquet(tmp_path / "t.parquet")
    out = [table.to_csv(), pickle.dumps(table), (tmp_path / "t.parquet").read_bytes()]
    out += [groups.to_csv(), encode_headers(table, fewest=1).to_csv(), caplog.text]
    captured = capsys.readouterr()
    assert find_planted(*out, *(str(w.message) for w in caught), *captured) == []
