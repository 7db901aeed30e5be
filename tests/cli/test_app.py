"""Exit statuses 0, 1, 2 and 130, and error messages."""

import logging
import os
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

from mrnet_features import cli
from mrnet_features.cli.app import SHOWN_WARNINGS, STOPPED
from mrnet_features.names import PLANES, TASKS
from tests.support.command_line import ENVIRONMENT, run, run_alone

LIBRARIES = ("numba", "numpy", "pandas", "scipy", "sklearn", "lightgbm", "pyarrow")


def test_help_and_version_have_status_0():
    for arguments in (("--help",), ("demo", "--help"), ("--version",)):
        assert run(*arguments).status == 0
    assert "extract" in run("--help").stdout
    assert run("--version").stdout.strip().count(".") == 2


def test_no_command_at_all_gets_the_whole_help():
    done = run()
    assert done.status in {0, 2}  # 0 in older versions of click
    assert (done.stdout or done.stderr).strip() == run("-h").stdout.strip()


def test_the_command_line_starts_without_heavy_libraries():
    code = f"import sys, mrnet_features.cli; print([n for n in {LIBRARIES} if n in sys.modules])"
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, env=ENVIRONMENT, text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("extract", "nowhere", "--out", "x.parquet"), "Error: There is no folder 'nowhere'"),
        (("cv", "nowhere.parquet", "."), "Error: There is no file 'nowhere.parquet'"),
    ],
)
@pytest.mark.parametrize("start", [run, run_alone])
def test_a_failure_has_status_1_and_a_message_without_traceback(
    arguments, message, start, tmp_path
):
    done = start(*arguments, cwd=tmp_path)
    assert done.status == 1
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("walk",), "No such command"),
        (("doctor", "--loud"), "No such option"),
        (("extract",), "Missing argument"),
        (("extract", ".", "--out", "x.parquet", "--split", "test"), "'test' is not one of"),
        (("extract", ".", "--out", "x.parquet", "--batch-size", "0"), "'--batch-size'"),
        (("extract", ".", "--out", "x.parquet", "--jobs", "0"), "must not be 0"),
        (("extract", ".", "--out", "x.parquet", "--families", "glcm,gcml"), "gcml"),
        (("extract", ".", "--out", "x.parquet", "--families", ","), "'--families'"),
        (("extract", ".", "--out", "x.parquet", "--exclude", "7.0"), "ids such as 0042"),
        (("extract", ".", "--out", "x.csv"), "must end in '.parquet'"),
        (("reproduce", ".", "--out", "x", "--families", "gcml"), "Did you mean 'glcm'?"),
        (("extract", ".", "-o", "x.parquet", "--families", "basline"), "mean 'baseline'?"),
        (("extract", ".", "-o", "x.parquet", "--planes", "axial,saggital"), "mean 'sagittal'?"),
        (("extract", ".", "-o", "x.parquet", "--planes", ","), "got none"),
        (("extrct",), "No such command 'extrct'. Did you mean 'extract'?"),
        (("cv", "a", "b", "--splt", "valid"), "--split"),
        (("cv", "a", "b", "--model", "lihtgbm"), "Did you mean 'lightgbm'?"),
        (("cv", "a", "b", "--model", "sklearn:Nothing"), "it has no 'Nothing'"),
        (("cv", "a", "b", "--model", "no_such_module:make"), "can't be imported"),
        (("cv", "a", "b", "--model", "math:pi"), "must have the methods `fit` and"),
        (("knees", "a", "--out", "b"), "must be given once, as an argument or with -o, got both"),
        (("predict", "model", "paths.csv"), "as an argument or with -o, got none"),
        (("audit", ".", "--codes", "ghost"), "'ghost'"),
        (("audit", ".", "--codes", "ghosting,blurr"), "Did you mean 'blur'?"),
        (("audit", ".", "--skip", "ghost"), "'ghost'"),
        (("audit", ".", "--codes", ","), "at least one code"),
        (("audit", ".", "--codes", "noise", "--skip", "noise"), "all of them in `--skip`"),
        (("audit", ".", "--jobs", "0"), "must not be 0"),
        (("cv", "a", "b", "--n-folds", "1"), "'--n-folds'"),
        (("cv", "a", "b", "--seed", "-1"), "'--seed'"),
        (("cv", "a", "b", "--seed", "9" * 30), "'--seed'"),
        (("cv", "a", "b", "--jobs", "1000000"), "must be at most "),
        (("cv", "a", "b", "--jobs", "-1000000"), "must be at most "),
        (("cv", "a", "b", "--repeats", "1000000000"), "'--repeats'"),
        (("compare", ".", "a=a", "b=b", "--id-width", "1000000000"), "'--id-width'"),
        (("cv", "a", "b", "--folds", "none.csv"), "'none.csv' does not exist"),
        (("knees", "x", "--train", "many"), "'--train'"),
        (("knees", "x", "--seed", "-1"), "'--seed'"),
        (("demo", "--train", "60"), "'--train'"),  # folds could lack exams of a class
        (("fit", "a", "b", "--out", "x", "--target", "0"), "must be above 0 and at most 1"),
        (("fit", "a", "b", "--out", "x", "--rule", "best"), "'--rule'"),
        (("importance", "a", "b", "--by", "colour"), "'--by': 'colour' is not one of"),
        (("importance", "a", "b", "--by", "famliy"), "Did you mean 'family'?"),
        (("importance", "a", "b", "--task", "menicus"), "Did you mean 'meniscus'?"),
        (("importance", "a", "b", "--views", "shapp"), "Did you mean 'shap'?"),
        (("importance", "a", "b", "--task", "pcl"), "'--task'"),
        (("importance", "a", "b", "--views", "shap,refit"), "must be one or more of shap, perm"),
        (("importance", "a", "b", "--views", ","), "'--views'"),
        (("predict", "model", "paths.csv", "no/out.csv"), "'no' is not a folder"),
        (("families", "texture"), "'NAME': "),
        (("compare", ".", "a.csv", "b=b.csv"), "must be given as NAME=FILE, got 'a.csv'"),
        (("compare", ".", "a=a.csv", "a=b.csv"), "must have different names, got 'a' twice"),
        (("compare", ".", "a=a.csv"), "must be two or more, got 1"),
    ],
)
def test_wrong_use_has_status_2(arguments, message, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.status == 2
    assert "Usage: " in done.stderr
    assert arguments[0] in {"walk", "extrct"} or f" {arguments[0]} " in done.stderr.splitlines()[0]
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


def fail_with(monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr("mrnet_features.diagnostics.doctor.check_machine", fail)


def test_the_notes_of_an_error_are_printed(monkeypatch):
    error = ValueError("The table is empty.")
    error.add_note("In exam 0042.")
    fail_with(monkeypatch, error)
    assert run("doctor") == (1, "", "Error: The table is empty.\nIn exam 0042.\n")


@pytest.mark.parametrize(("error", "status"), [(ValueError, 2), (RuntimeError, 1)])
def test_a_value_of_an_option_is_named_as_typed(monkeypatch, error, status):
    def fail(*_, **__):
        raise error("device='cuda' needs a GPU. Use device='cpu'.")

    monkeypatch.setattr("mrnet_features.workflows.predict.predict_paths", fail)
    done = run("predict", "model", "paths.csv", "out.csv")
    assert done.status == status
    assert "`--device cuda` needs a GPU. Use `--device cpu`." in done.stderr


def test_a_number_of_an_option_is_named_as_typed(monkeypatch):
    def fail(*_, **__):
        raise ValueError("'a.csv' has lost zeros. Pass id_width=4 to restore them, other=1 or not.")

    monkeypatch.setattr("mrnet_features.workflows.compare_files.compare_files", fail)
    monkeypatch.setattr("mrnet_features.data.mrnet.load_labels", fail)
    done = run("compare", ".", "a=a.csv", "b=b.csv")
    assert "Pass `--id-width 4` to restore them, other=1 or not." in done.stderr


def test_only_options_of_the_command_are_named(monkeypatch):
    fail_with(monkeypatch, ValueError("`n_splits` must be at least 2."))
    assert run("doctor").stderr == "Error: `n_splits` must be at least 2.\n"


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("division by zero"), KeyError(7), AttributeError("no 'x'")]
)
def test_an_unexpected_error_is_one_sentence_that_names_what_was_typed(monkeypatch, error):
    fail_with(monkeypatch, error)
    done = run("doctor", "--json")
    assert done.status == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        "Error: `mrnet-features doctor --json` failed with an error that it does not expect: "
        f"{type(error).__name__}: "
    )
    assert done.stderr.count("\n") == 1


def test_the_traceback_of_an_error_is_shown_on_request(monkeypatch):
    fail_with(monkeypatch, ZeroDivisionError())
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "--traceback", "doctor"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_prints_one_line_and_has_status_130(tmp_path, jobs):
    # A shell that runs the tests in the background makes them, and their child processes, ignore
    # interrupts; this command handles them as at a terminal.
    code = (
        "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "runpy.run_module('mrnet_features', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", code, "knees", "knees", "--train", "30", "--jobs", jobs]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while not list(tmp_path.glob("knees/train/sagittal/*.npy")):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # a terminal signals worker processes too
        _, shown = process.communicate()
    assert process.returncode == 130
    assert shown.startswith(b"Stopped. Run the same command again to continue: ")
    # joblib's resource tracker sometimes warns that a folder it was to remove is gone already.
    ours = re.sub(rb"^.*resource_tracker.*\n(  warnings.warn.*\n)?", b"", shown, flags=re.MULTILINE)
    assert ours.count(b"\n") == 1


def test_of_other_packages_only_warnings_are_shown(monkeypatch, capsys):
    """The encoder of JPEG 2000 logs every tile."""

    def log(**_):
        for name in ("openjpeg.encode", "mrnet_features"):
            logging.getLogger(name).info("tile of %s", name)
            logging.getLogger(name).warning("trouble of %s", name)

    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    monkeypatch.setattr(logging.getLogger("mrnet_features"), "level", logging.NOTSET)
    monkeypatch.setitem(cli.main.__globals__, "app", log)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().err
    assert "tile of mrnet_features" in shown
    assert "trouble of openjpeg.encode" in shown
    assert "tile of openjpeg" not in shown


def test_ctrl_c_before_a_command_begins_is_no_traceback(monkeypatch, capsys):
    def interrupt(**_):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.main.__globals__, "app", interrupt)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == f"{STOPPED}\n"


@pytest.mark.parametrize(
    ("arguments", "is_kept"), [(("knees", "x"), True), (("doctor",), False), (("-h",), False)]
)
def test_only_a_command_that_keeps_what_is_finished_says_so(
    monkeypatch, capsys, arguments, is_kept
):
    def stop(*_, **__):
        raise SystemExit(143)

    monkeypatch.setattr("mrnet_features.synthetic.write_knees", stop)
    monkeypatch.setattr("mrnet_features.diagnostics.doctor.check_machine", stop)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(sys, "argv", ["mrnet-features", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    assert ("finished exams are kept" in capsys.readouterr().err) == is_kept


def test_warnings_name_options_as_typed(monkeypatch, capsys):
    def warn(*_, **__):
        warnings.warn("The added value is measured with n_splits=4.", stacklevel=1)
        return []

    monkeypatch.setattr("mrnet_features.workflows.tables.read_table", warn)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "cv", "a.parquet", "b", "-o", "new"])
    monkeypatch.setattr(warnings, "filters", [])
    with pytest.raises(SystemExit):
        cli.main()
    assert "Warning: The added value is measured with `--n-folds 4`." in capsys.readouterr().err


def test_thousands_of_warnings_are_shown_as_a_few_and_their_number(tmp_path):
    stack = np.zeros((3, 40, 40), np.uint8)
    for plane in PLANES:
        (tmp_path / "train" / plane).mkdir(parents=True)
        for k in range(10):
            np.save(tmp_path / "train" / plane / f"{k:04d}.npy", stack)
    for task in TASKS:
        (tmp_path / f"train-{task}.csv").write_text("".join(f"{k:04d},0\n" for k in range(10)))
    options = ("--families", "minimal", "--jobs", 1)
    done = run_alone("extract", ".", "--out", "t.parquet", *options, cwd=tmp_path)
    assert done.stderr.count("Warning: ") == SHOWN_WARNINGS
    assert done.stderr.endswith(
        f"{30 - SHOWN_WARNINGS} more warnings (StackWarning) are not shown.\n"
    )
