"""`mrnet-features extract`."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from mrnet_features.names import PLANES, TASKS
from mrnet_features.workflows import tables
from tests.support.command_line import run, run_alone


def test_the_table_and_its_provenance_are_reported(folder):
    arguments = ("extract", "knees", "--split", "valid", "--out", "valid.parquet")
    options = ("--families", "intensity", "--jobs", 1)
    done = run(*arguments, *options, "--json", cwd=folder)
    assert done.status == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["n_exams"] == 4
    assert "file_states" not in result
    assert result["recipe"]["planes"] == ["axial", "coronal", "sagittal"]
    shown = run(*arguments, *options, cwd=folder).stdout
    assert shown == f"4 exams x {result['n_features']} features in 'valid.parquet'.\n"
    other = run(*arguments, "--families", "ngtdm", cwd=folder)
    assert other.status == 1
    assert "Choose another file" in other.stderr


def test_excluded_exams_are_left_out(folder):
    findings = [
        {"exam": "0007", "severity": "reject"},
        {"exam": "0008", "severity": "check"},
        {"exam": "", "severity": "reject"},
        {"exam": "0020", "severity": "reject"},  # of valid
    ]
    (folder / "audit.json").write_text(json.dumps(findings))
    done = run(
        *("extract", "knees", "--out", "fewer.parquet", "--families", "minimal", "--jobs", 1),
        *("--exclude", "audit.json, 0003"),
        cwd=folder,
    )
    assert done.status == 0, done.stderr
    kept = {f"{k:04d}" for k in range(20) if k not in {3, 7}}
    assert set(pd.read_parquet(folder / "fewer.parquet").index) == kept


def test_a_stack_that_looks_wrong_is_named(tmp_path):
    for plane in PLANES:
        (tmp_path / "train" / plane).mkdir(parents=True)
        for k in range(2):
            stack = np.random.default_rng(k).integers(0, 256, (3, 40, 40), np.uint8)
            stack = (stack / 255).astype(np.uint8) if (plane, k) == ("coronal", 1) else stack
            np.save(tmp_path / "train" / plane / f"{k:04d}.npy", stack)
    for task in TASKS:
        (tmp_path / f"train-{task}.csv").write_text("0000,0\n0001,1\n")
    options = ("--families", "minimal", "--jobs", 1, "-q")
    done = run_alone("extract", ".", "--out", "t.parquet", *options, cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert done.stderr == (
        "Warning: exam '0001', plane 'coronal': The stack has only 2 grey levels (0 to 1), like a "
        "float picture cast to uint8. Convert the original with `mf.to_uint8(stack)`. "
        "Every feature of this plane is NaN.\n"
    )


def test_exams_that_fail_are_skipped_on_request_with_a_warning(folder, tmp_path):
    root = tmp_path / "knees"
    shutil.copytree(folder / "knees" / "valid", root / "valid")
    for labels in (folder / "knees").glob("valid-*.csv"):
        shutil.copy(labels, root)
    (root / "valid" / "axial" / "0021.npy").write_bytes(b"")
    arguments = ("extract", "knees", "--split", "valid", "--out", "valid.parquet")
    options = ("--families", "intensity", "--jobs", 1)
    done = run(*arguments, *options, cwd=tmp_path)
    assert done.status == 1
    assert "0021" in done.stderr
    with pytest.warns(UserWarning, match=r"1 of 4 exams was skipped"):
        done = run(*arguments, *options, "--on-error", "skip", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert done.stdout.startswith("3 exams x ")
    assert "0021,axial," in (tmp_path / "valid.errors.csv").read_text()
    following = "cv valid.parquet knees --split valid --exclude 0021"
    assert done.stderr.splitlines()[-1] == f"Next: mrnet-features {following}"
    scored = run(*following.split(), "--model", "prior", "--n-folds", 2, cwd=tmp_path)
    assert "lacks exams" not in scored.stderr  # though too few for a fold
    assert run(*arguments, "--on-error", "ignore", cwd=tmp_path).status == 2


def test_planes_that_are_not_asked_for_may_be_missing(tmp_path):
    (tmp_path / "train" / "sagittal").mkdir(parents=True)
    stack = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    np.save(tmp_path / "train" / "sagittal" / "0000.npy", stack)
    for task in TASKS:
        (tmp_path / f"train-{task}.csv").write_text("0000,0\n")
    arguments = ("extract", ".", "-o", "s.parquet", "--families", "minimal", "-j", 1)
    assert run(*arguments, cwd=tmp_path).status == 1
    done = run(*arguments, "--planes", "sagittal", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert done.stderr == "Next: mrnet-features cv s.parquet .\n"
    columns = pd.read_parquet(tmp_path / "s.parquet").columns
    assert all(name.startswith("sagittal__") for name in columns)


def test_verify_compares_pixels_whatever_the_times_are(folder, monkeypatch):
    asked = []
    real = tables.extract_features

    def extract_features(exams, path, **options):
        asked.append((options["verify"], options["on_error"]))
        return real(exams, path, **options)

    monkeypatch.setattr(tables, "extract_features", extract_features)
    arguments = ("extract", "knees", "--split", "valid", "--out", "verified.parquet")
    for option in ((), ("--verify",), ("--on-error", "skip")):
        done = run(*arguments, "--families", "intensity", "--jobs", 1, *option, cwd=folder)
        assert done.status == 0, done.stderr
    assert asked == [(False, "stop"), (True, "stop"), (False, "skip")]


def test_a_missing_stack_leaves_its_columns_empty_on_request(folder, tmp_path, caplog):
    root = tmp_path / "knees"
    shutil.copytree(folder / "knees" / "valid", root / "valid")
    for labels in (folder / "knees").glob("valid-*.csv"):
        shutil.copy(labels, root)
    (root / "valid" / "axial" / "0021.npy").unlink()
    arguments = ("extract", "knees", "--split", "valid", "-o", "valid.parquet", "-j", 1)
    options = ("--families", "intensity", "--missing")
    assert run(*arguments, *options, "error", cwd=tmp_path).status == 1
    with caplog.at_level("INFO", "mrnet_features"):
        done = run(*arguments, *options, "nan", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert "Of 4 exams some lack a series and have NaN in its columns: axial in 1." in caplog.text
    table = pd.read_parquet(tmp_path / "valid.parquet")
    assert table.loc["0021"].isna().sum() == table.columns.str.startswith("axial").sum()


def test_a_folder_of_mrnet_has_no_other_series(folder):
    done = run("extract", "knees", "-o", "t.parquet", "--planes", "sagittal_fluid", cwd=folder)
    assert done.status == 2
    assert "has one stack per plane" in done.stderr


def test_known_sides_need_the_side_of_every_exam(folder):
    """Files of MRNet don't tell it."""
    options = ("--families", "minimal", "--jobs", 1, "--sides", "known")
    done = run("extract", "knees", "--out", "sides.parquet", *options, cwd=folder)
    assert done.status == 1
    assert "needed with `--sides known`, but it is unknown for 20 of 20 exams" in done.stderr
    assert not (folder / "sides.parquet").exists()
    done = run("extract", "knees", "-o", "s.parquet", *options[:-1], "guess", cwd=folder)
    assert done.status == 1
    assert "side of every knee is needed with `--sides guess`, but" in done.stderr


def test_a_dask_cluster_describes_the_exams(folder):
    distributed = pytest.importorskip("distributed", reason="needs the extra `remote`")
    common = ("extract", "knees", "--split", "valid", "--families", "minimal", "--jobs", 1)
    options = {"processes": False, "protocol": "tcp://", "n_workers": 1, "threads_per_worker": 2}
    with distributed.LocalCluster(dashboard_address=":0", **options) as cluster:
        where = ("--dask", cluster.scheduler_address)
        done = run(*common, "--out", "dask.parquet", *where, cwd=folder)
    assert done.status == 0, done.stderr
    assert "4 exams x" in done.stdout
    assert run(*common, "--out", "here.parquet", cwd=folder).status == 0
    assert (folder / "dask.parquet").read_bytes() == (folder / "here.parquet").read_bytes()
    done = run(*common, "--out", "none.parquet", "--dask", "nowhere", cwd=folder)
    assert done.status == 2
    assert "`--dask` must be the address of a scheduler" in done.stderr
