"""`mrnet-features importance`."""

import json

import pandas as pd
import pytest

from tests.support.command_line import run


def test_groups_are_printed_and_written(folder):
    done = run(
        *("importance", "train.parquet", "knees", "--by", "plane", "--jobs", 1, "--json"),
        *("--views", "permutation", "--task", "acl", "--out", "importance.csv"),
        cwd=folder,
    )
    assert done.status == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {row["group"] for row in rows} == {"axial", "coronal", "sagittal"}
    assert all("permutation" in row and "shap" not in row for row in rows)
    assert len(pd.read_csv(folder / "importance.csv")) == 12


@pytest.mark.parametrize(
    ("task", "message"), [("menicus", "Did you mean 'meniscus'?"), ("pcl", "'--task'")]
)
def test_a_task_that_is_not_there_is_wrong_use(folder, task, message):
    done = run("importance", "train.parquet", "knees", "--task", task, cwd=folder)
    assert done.status == 2
    assert message in " ".join(done.stderr.split())
