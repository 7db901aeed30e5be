"""`mrnet-features extract`."""

import json

import numpy as np
import pandas as pd

from mrnet_features.names import PLANES, TASKS
from tests.support.command_line import run, run_alone


def test_the_table_and_its_provenance_are_reported(folder):
    arguments = ("extract", "knees", "--split", "valid", "--out", "valid.parquet")
    options = ("--families", "intensity", "--jobs", 1)
    done = run(*arguments, *options, "--json", cwd=folder)
    assert done.status == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["n_exams"] == 4
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
    options = ("--families", "minimal", "--jobs", 1)
    done = run_alone("extract", ".", "--out", "t.parquet", *options, cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert done.stderr == (
        "Warning: exam '0001', plane 'coronal': The stack has only 2 grey levels (0 to 1), like a "
        "float picture cast to uint8. Convert the original with `mf.to_uint8(stack)`. "
        "Every feature of this plane is NaN.\n"
    )
