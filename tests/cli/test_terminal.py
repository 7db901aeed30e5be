"""What reaches a terminal is bounded and without control characters."""

import io
import logging
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from mrnet_features.cli.terminal import (
    MOST_CHARACTERS,
    MOST_LINES,
    EscapedOutput,
    MessageFormatter,
    describe_error,
    print_message,
    shorten,
)
from tests.support.command_line import ENVIRONMENT, run


def test_a_long_message_keeps_its_start_and_its_end():
    shown = shorten("\n".join(["What happened.", *["x"] * 100_000, "What to do."]))
    assert shown.startswith("What happened.")
    assert shown.endswith("What to do.")
    assert shown.count("\n") < MOST_LINES
    assert f"({100_002 - MOST_LINES + 1:,} lines left out)" in shown
    shown = shorten(f"What happened: {'9' * 10**6}. What to do.")
    assert shown.startswith("What happened: 9")
    assert shown.endswith("9. What to do.")
    assert len(shown) < 1.1 * MOST_CHARACTERS


def test_messages_and_logs_hold_no_control_characters(capsys):
    print_message("Exam \x1b[2J0042\r\u202e.")
    record = logging.LogRecord("x", logging.INFO, "x", 1, "Exam %s.", ("\x1b[2J",), None)
    assert capsys.readouterr().err == "Exam \\x1b[2J0042\\r\\u202e.\n"
    assert MessageFormatter().format(record) == "Exam \\x1b[2J."


def test_results_hold_no_control_characters_and_fit_the_encoding():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    output = EscapedOutput(stream)
    print("knee \x1b[31m\udcff é", file=output)
    output.flush()
    assert stream.buffer.getvalue() == b"knee \\x1b[31m\\udcff \\xe9\n"
    with pytest.raises(TypeError, match="must be text"):
        output.write(b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device of a full disk")
@pytest.mark.parametrize("arguments", [("families",), ("families", "--json")])
def test_a_result_that_nobody_can_read_is_an_error(arguments):
    command = [sys.executable, "-m", "mrnet_features", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The result can't be written to standard output (No space")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError("Unable to allocate 3 TiB"), "ran out of memory (Unable to allocate 3 TiB). "),
        (MemoryError(), "Close other programs, use fewer processes with `--jobs`, or a machine"),
        (MemoryError(), "`mrnet-features cv a b` ran out of memory. Close"),
        (BrokenProcessPool("A process died\n\nabruptly."), "was ended from outside, often because"),
        (OSError(28, "No space left on device", "t.csv"), "'t.csv': No space left on device."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (OSError(5, "I/O error", "a\x1b[2J"), "'a\\x1b[2J': I/O error."),
        (KeyError("Exam 7 has no plane."), "Exam 7 has no plane."),
        (ValueError("- Line 1. Correct it.\n- and 9 more"), "- Line 1. Correct it.\n- and 9 more"),
        (ValueError("Seed must be between 0 and 2**32 - 1"), "does not expect: ValueError: Seed"),
        (OSError("Could not open 'a.parquet': Invalid data"), "does not expect: OSError: Could"),
        (KeyError("plane"), "`mrnet-features cv a b` failed with an error that it does not expect"),
        (
            RecursionError("maximum recursion depth exceeded"),
            "not expect: RecursionError: max",
        ),
        (
            AttributeError("no attribute 'x'."),
            "AttributeError: no attribute 'x'. A file",
        ),
        (OverflowError("too large"), "`mrnet-features --traceback ...` to see where it failed"),
        (RuntimeError("Another process is writing 'a'. Wait."), "Another process is writing 'a'. "),
    ],
)
def test_every_error_becomes_a_sentence(error, expected):
    assert expected.strip() in describe_error(error, "cv a b")


def test_an_option_that_a_command_lacks_is_not_advised():
    for error in (MemoryError(), BrokenProcessPool("A process died.")):
        text = describe_error(error, "compare a b=c", has_jobs=False)
        assert "--jobs" not in text
        assert "Close other programs, or use a machine with more memory." in text


def test_what_was_typed_is_shown_without_control_characters():
    for arguments in (
        ("x\x1b[2J",),
        ("--\x1b[2J",),
        ("cv", "--\x1b[2J"),
        ("cv", "a", "b", "--model", "\x1b[2J"),
        ("cv", "a\x1b[2J", "b"),
        ("families", "\x1b[2J" + "x" * 100_000),
        ("compare", "a", "\x1b[2J" * 10_000, "b"),
    ):
        done = run(*arguments)
        assert done.status in {1, 2}
        assert "\x1b" not in done.stdout + done.stderr
        assert "x1b[2J" in done.stderr
        assert len(done.stderr) < 2 * MOST_CHARACTERS


def test_warnings_are_escaped_and_bounded(tmp_path):
    code = (
        "import collections, functools, warnings; from mrnet_features.cli.app import _show_warning;"
        "warnings.showwarning = functools.partial(_show_warning, collections.Counter(), set());"
        "warnings.simplefilter('always');"
        "[warnings.warn('\\x1b[2J' * 10**5) for _ in range(2)]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert done.stderr.startswith("Warning: \\x1b[2J")
    assert done.stderr.count("Warning: ") == 1  # the same one is printed once
    assert len(done.stderr) < 5 * MOST_CHARACTERS


def test_paths_are_printed_without_control_characters(tmp_path):
    knees = ("knees", "a\x1b[2J\udcff", "--train", "1", "--valid", "0", "--jobs", "1")
    done = run(*knees, cwd=tmp_path)
    assert done.status == 0
    assert done.stdout == "1 synthetic exams in 'a\\x1b[2J\\udcff'.\n"
