"""What is no text, no JSON or no regular file is one error that names the file."""

import os

import pytest

from mrnet_features.files.reading import explain_errors, open_file, read_json, read_text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", "/dev/zero"):
        with pytest.raises(OSError, match="must be a regular file, got a pipe, socket or device"):
            open_file(path)
    with pytest.raises(IsADirectoryError, match="must be a file, got a folder"):
        open_file(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no file '.*nowhere'"):
        open_file(tmp_path / "nowhere")
    with pytest.raises(OSError, match="can't be opened"):
        open_file("a\0b")
    with pytest.raises(OSError, match="can't be opened") as caught:
        open_file("x" * 10_000)
    assert len(str(caught.value)) < 10_500


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_of_any_unicode_encoding(tmp_path, encoding):
    file = tmp_path / "a.txt"
    file.write_bytes("Zürich\r\n\n0042\r7".encode(encoding))
    assert read_text(file) == "Zürich\n\n0042\n7"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\r\nb\nZ\xfcrich", "must be text in UTF-8, got other bytes in line 3"),
        (b"\xef\xbb\xbfa\rb\rZ\xfcrich", "must be text in UTF-8, got other bytes in line 3"),
        ("a\nb\n".encode("utf-16") + b"x", "must be text in UTF-16, got other bytes in line 3"),
        ("a\nb".encode("utf-16-le"), "null character in line 1.*UTF-16 without a byte order mark"),
        (b"a\nb\0", "null character in line 2"),
        (b"a" * 101, "at most 0 MiB, got more"),
    ],
)
def test_what_is_no_text_is_named_by_file_and_line(tmp_path, data, message):
    file = tmp_path / "a.txt"
    file.write_bytes(data)
    with pytest.raises(ValueError, match=f"a.txt' .*{message}"):
        read_text(file, most_bytes=100)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 100_000, b"9" * 5000, b"\xff", b'{"a": 1} x', b"nul"]
)
def test_broken_json_is_one_error_with_the_name_of_the_file(tmp_path, data):
    file = tmp_path / "a.json"
    file.write_bytes(data)
    with pytest.raises(ValueError, match="a.json'") as caught:
        read_json(file, "Copy it again.")
    assert len(str(caught.value)) < 500


def test_large_json_is_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"[" + b"[]," * 100 + b"1]")
    assert len(read_json(tmp_path / "a.json", "Copy it again.")) == 101
    with pytest.raises(ValueError, match="a text file of at most 0 MiB"):
        read_json(tmp_path / "a.json", "Copy it again.", most_bytes=100)


@pytest.mark.parametrize(
    "error", [KeyError("a"), MemoryError(), AttributeError("x\x1b[2J" * 1000), OSError("no number")]
)
def test_errors_of_other_libraries_name_the_file(error):
    said = "'a.bin' can't be read as parquet .*Write it"
    block = explain_errors("a.bin", "parquet", "Write it again.")
    with pytest.raises(ValueError, match=said) as caught, block:
        raise error
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_errors_of_the_system_and_requests_to_stop_pass():
    for error in (OSError(28, "no space"), KeyboardInterrupt()):
        block = explain_errors("a.bin", "parquet", "Write it again.")
        with pytest.raises(type(error)), block:
            raise error
