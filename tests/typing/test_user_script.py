"""A type checker knows every type in a user's script: no error, and nothing is Unknown."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import mrnet_features as mf

train = mf.load_mrnet("MRNet-v1.0", split="train")
extractor = mf.FeatureExtractor("minimal", n_jobs=-1)
table = extractor.fit_transform(train.exams)
evaluation = mf.cross_validate(
    model=mf.lightgbm_baseline(), features=table, labels=train.labels
)
summary = evaluation.summary()
print(table.shape, summary.round(3))

reveal_type(train)
reveal_type(table)
reveal_type(extractor.fit(train.exams).transform(train.exams))
reveal_type(extractor.set_output(transform="pandas"))
reveal_type(mf.extract_features(train.exams, "table.parquet"))
reveal_type(mf.read_features("table.parquet"))
reveal_type(evaluation)
reveal_type(summary)
"""

TYPES = [
    "Dataset",
    "DataFrame",
    "DataFrame",
    "FeatureExtractor",
    "DataFrame",
    "DataFrame",
    "Evaluation",
    "DataFrame",
]


@pytest.fixture
def check(tmp_path):
    """Diagnostics of basedpyright for a script, as lists of messages by severity."""
    # The package must be found as an installed one: in those, only annotated types count.
    folder = tmp_path / "venv" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    folder.mkdir(parents=True)
    folder.joinpath("paths.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    config = {"typeCheckingMode": "basic", "venvPath": str(tmp_path), "venv": "venv"}
    project = tmp_path / "project"
    project.mkdir()
    project.joinpath("pyrightconfig.json").write_text(json.dumps(config))

    def run(script):
        project.joinpath("script.py").write_text(script)
        done = subprocess.run(
            [sys.executable, "-m", "basedpyright", "--outputjson"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads(done.stdout)["generalDiagnostics"]
        kinds = ("error", "warning", "information")
        return {kind: [d["message"] for d in found if d["severity"] == kind] for kind in kinds}

    return run


def test_every_type_in_a_users_script_is_known(check):
    found = check(SCRIPT)
    assert found["error"] == found["warning"] == []
    revealed = [message.rpartition(' is "')[2].rstrip('"') for message in found["information"]]
    assert revealed == TYPES


def test_a_wrong_argument_is_an_error(check):
    wrong = SCRIPT.replace("fit_transform(train.exams)", "fit_transform(3)")
    [error] = check(wrong)["error"]
    assert 'parameter "X"' in error
