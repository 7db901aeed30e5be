"""Outputs are checked before the work; a check leaves nothing behind."""

import os

import pytest

from mrnet_features.workflows import outputs
from mrnet_features.workflows.outputs import check_output_file, check_output_folder


def test_files_that_can_be_written_pass_and_nothing_is_left(tmp_path):
    old = tmp_path / "old.csv"
    old.write_text("old")
    check_output_file(tmp_path / "new.csv")
    check_output_file(old, [tmp_path / "other.csv"])
    check_output_file("/dev/null")
    check_output_folder(tmp_path)
    check_output_folder(tmp_path / "new" / "deep")
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_an_input_is_not_replaced_under_any_name(tmp_path):
    (tmp_path / "in.csv").write_text("in")
    (tmp_path / "link.csv").symlink_to("in.csv")
    for out in ("in.csv", "link.csv", "./in.csv"):
        with pytest.raises(ValueError, match="is an input"):
            check_output_file(tmp_path / out, [tmp_path / "in.csv"])


@pytest.mark.parametrize(
    ("out", "error"),
    [
        ("folder", IsADirectoryError),
        ("no/x.csv", NotADirectoryError),
        ("file/x.csv", NotADirectoryError),
        ("n" * 250, OSError),
    ],
)
def test_files_that_cannot_be_written_are_refused(out, error, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(error, match=r"'.+"):
        check_output_file(tmp_path / out)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}


@pytest.mark.parametrize("out", ["file", "file/a/b", "n" * 300, "a/" + "n" * 300])
def test_folders_that_cannot_be_made_are_refused(out, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"must be a folder|too long"):
        check_output_folder(tmp_path / out)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        check_output_file(tmp_path / "x.csv")
    with pytest.raises(PermissionError):
        check_output_folder(tmp_path / "x")


def test_a_full_or_read_only_disk_is_named(tmp_path, monkeypatch):
    def fail(path):
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(outputs, "require_writable", fail)
    said = (
        f"'{tmp_path / 'cv'}' can't be made, since the folder '{tmp_path}' can't be written to .R"
    )
    with pytest.raises(OSError, match=said) as caught:
        check_output_folder(tmp_path / "cv")
    assert "'new'" not in str(caught.value)
    assert "choose another one" in str(caught.value)
