"""`mrnet-features view`."""

import json

import pytest

import mrnet_features as mf
from tests.support.command_line import run


def test_a_page_shows_the_first_six_exams_or_those_named(folder, tmp_path):
    page = tmp_path / "view.html"
    done = run("view", folder / "knees", "--out", page, "--exams", "0003,0007", "-q")
    assert done == (0, f"Page with 2 of 20 exams in '{page}'.\n", "")
    assert "Knee MRI: 2 exams" in page.read_text()
    again = run("view", folder / "knees", "--split", "valid", "--out", page, "--json")
    assert json.loads(again.stdout) == {
        "file": str(page),
        "exams": ["0020", "0021", "0022", "0023"],
    }


def test_predictions_choose_the_exams_where_they_differ_most_from_the_labels(folder, tmp_path):
    labels = mf.load_mrnet(folder / "knees", "valid").labels
    scores = labels * 0.8 + 0.1
    scores.loc["0022"] = 1 - scores.loc["0022"]
    scores.to_csv(tmp_path / "cnn.csv", index_label="exam")
    options = ("--split", "valid", "--predictions", tmp_path / "cnn.csv", "--json")
    done = run("view", folder / "knees", *options, cwd=tmp_path)
    assert json.loads(done.stdout)["exams"][0] == "0022"
    assert len(json.loads(done.stdout)["exams"]) == 4


def test_the_page_is_opened_on_request(folder, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("typer.launch", opened.append)
    page = tmp_path / "view.html"
    run("view", folder / "knees", "--exams", "0003", "--open", cwd=tmp_path)
    assert opened == [page.as_uri()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--exams", "9999"), "has no exam '9999'"),
        (("--out", "missing/view.html"), "missing"),
    ],
)
def test_wrong_options_are_refused(folder, tmp_path, arguments, message):
    done = run("view", folder / "knees", "--out", "view.html", *arguments, cwd=tmp_path)
    assert done.status == 2
    assert message in done.stderr
    assert "`ids`" not in done.stderr
    assert not (tmp_path / "view.html").exists()
