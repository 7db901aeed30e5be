"""`mrnet-features reproduce`: its options reach the study, and the report is printed."""

import json

import pytest

from tests.support.command_line import run


@pytest.fixture
def asked(monkeypatch):
    """Arguments that the study was called with."""
    asked = {}

    class Empty:
        def as_dict(self):
            return {"is_release": False}

    def run_study(root, out, **options):
        asked.update(options, root=root)
        out.mkdir()
        (out / "report.md").write_text("# Report\n")
        return Empty()

    monkeypatch.setattr("mrnet_features.workflows.study.run_study", run_study)
    return asked


def test_the_report_is_printed(asked, tmp_path):
    done = run("reproduce", "knees", "--out", "out", "--exclude", "0003", "--jobs", 2, cwd=tmp_path)
    assert done[:2] == (0, "# Report\n\nThis report and its tables are in 'out'.\n")
    assert done.stderr == (
        "Next: mrnet-features compare knees mine=out/valid-lightgbm-predictions.csv cnn=cnn.csv\n"
    )
    assert asked["families"] == "baseline"
    assert asked["exclude"] == ["0003"]
    assert asked["n_jobs"] == 2


def test_json_is_printed_instead_of_the_report(asked, tmp_path):
    done = run(
        "reproduce", "knees", "--out", "out", "--families", "glcm,lbp", "--json", cwd=tmp_path
    )
    assert json.loads(done.stdout) == {"is_release": False}
    assert asked["families"] == ["glcm", "lbp"]
