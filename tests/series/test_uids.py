"""What a file holds in the place of a UID is shown only if it is one."""

import traceback

import pytest

import mrnet_features as mf
from mrnet_features.series.uids import find_uid_problem, name_series
from tests.support.dicom_files import draw_stack, write_series

TAG = 0x0020000E  # SeriesInstanceUID
NO_UID = "series without a valid UID"


@pytest.mark.parametrize(
    "uid", ["DOE^JANE 1960", "19420317", "1942.03.17", "", "1.2.x", "1.2\n", "1." * 40 + "1"]
)
def test_other_text_is_not_shown(uid):
    assert name_series([uid]) == {uid: NO_UID}


def test_series_without_a_uid_stay_apart():
    named = name_series(["1.2.3", "b", "a"])
    assert named == {"1.2.3": "1.2.3", "b": f"{NO_UID} 1", "a": f"{NO_UID} 2"}


def test_names_of_folders_are_checked():
    assert find_uid_problem("1.2.840.1") is None
    assert "at most 64 characters" in find_uid_problem("1" * 65)
    assert "without any part of a path" in find_uid_problem("1.2/../3")


@pytest.fixture
def folder(tmp_path):
    """A study whose sagittal series have a name and a date in the place of their UIDs."""
    pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    uids = {"a": "DOE^JANE 1960", "b": "19420317", "c": "1.2.3"}
    for number, (name, uid) in enumerate(uids.items(), start=1):

        def edit(dataset, k, uid=uid):
            # as text of another kind, which pydicom writes without a check
            dataset[TAG] = pydicom.dataelem.DataElement(TAG, "LO", uid)

        write_series(
            tmp_path / "cd" / name, "sagittal", draw_stack(5 + number), edit=edit,
            SeriesNumber=number,
        )  # fmt: skip
    return tmp_path / "cd"


def has_text_of_files(text):
    return any(word in text for word in ("DOE", "JANE", "19420317"))


def test_errors_and_tables_hold_no_text_in_the_place_of_a_uid(folder):
    with pytest.raises(ValueError, match=f"'{NO_UID} 1' .6 files., .*'{NO_UID} 2'") as caught:
        mf.load_series(folder)
    assert not has_text_of_files("".join(traceback.format_exception(caught.value)))
    exam = mf.Exam.from_dicom(folder)
    assert exam.table().index.tolist() == [f"{NO_UID} 1", f"{NO_UID} 2", "1.2.3"]
    assert not has_text_of_files(repr(exam.found) + exam.table().to_csv())
    with pytest.raises(ValueError, match=f"It has '{NO_UID} 1'"):
        mf.Exam.from_dicom(folder, series={"sagittal": "1.2.4"})


def test_a_series_without_a_uid_is_chosen_by_its_name(folder):
    assert mf.load_series(folder, series=f"{NO_UID} 2").stack.shape[0] == 7
    exam = mf.Exam.from_dicom(folder, series={"sagittal": f"{NO_UID} 1"})
    assert exam.load("sagittal").shape[0] == 6
    with pytest.raises(ValueError, match="and none is '1.2.4'"):
        mf.load_series(folder / "a" / "IM0000", series="1.2.4")
