"""`mrnet-features extract`."""

import json

import pandas as pd

from tests.support.command_line import run


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
