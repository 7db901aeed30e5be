"""A file is replaced completely or not at all."""

import os
import threading

import pytest

from mrnet_features.files.writing import replace_file, write_text, write_texts


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_error_in_the_block_keeps_the_old_file_and_removes_the_new_one(tmp_path):
    path = tmp_path / "table.bin"
    path.write_bytes(b"old")

    def write_half():
        with replace_file(path) as partial:
            partial.write_bytes(b"ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["table.bin"]


def test_no_file_is_replaced_if_one_fails(tmp_path):
    first, second = tmp_path / "a.txt", tmp_path / "no folder" / "b.txt"
    first.write_text("old")
    with pytest.raises(OSError, match="no folder"):
        write_texts({first: "new", second: "new"})
    assert first.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_the_target_of_a_link_is_replaced(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new\r\n")
    assert link.is_symlink()
    assert target.read_bytes() == b"new\r\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_written_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_text()))
    thread.start()
    write_text(pipe, "text")
    thread.join()
    assert read == ["text"]
    assert pipe.is_fifo()


def test_bytes_are_on_disk_before_the_file_is_renamed(tmp_path, monkeypatch):
    calls = []
    fsync, path = os.fsync, tmp_path / "a.txt"
    monkeypatch.setattr(os, "fsync", lambda n: (calls.append(path.exists()), fsync(n)))
    write_text(path, "one")
    assert calls == [False, True]  # the file before the rename, its folder after


def test_a_folder_that_can_not_be_synced_is_no_error(tmp_path, monkeypatch):
    fsync, calls = os.fsync, []

    def refuse_folders(number):
        calls.append(number)
        if len(calls) == 2:
            raise OSError(22, "Invalid argument")
        fsync(number)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    write_text(tmp_path / "a.txt", "one")
    assert len(calls) == 2
    assert (tmp_path / "a.txt").read_text() == "one"
