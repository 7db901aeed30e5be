"""`mrnet-features knees`."""

import json

from mrnet_features import load_mrnet
from tests.support.command_line import run


def test_a_folder_in_the_layout_of_mrnet_is_written(tmp_path):
    arguments = ("knees", "knees", "--train", 2, "--valid", 1, "--seed", 3, "--jobs", 1)
    done = run(*arguments, cwd=tmp_path)
    next_step = "Next: mrnet-features audit knees\n"
    assert done == (0, "3 synthetic exams in 'knees'.\n", next_step)
    assert run(*arguments, "-q", cwd=tmp_path) == (0, "3 synthetic exams in 'knees'.\n", "")
    assert [exam.id for exam in load_mrnet(tmp_path / "knees").exams] == ["0000", "0001"]
    again = run(*arguments, "--json", cwd=tmp_path)
    assert json.loads(again.stdout) == {
        "folder": "knees", "train": 2, "valid": 1, "seed": 3, "style": None, "layout": "mrnet",
        "site_leak": 0.0,
    }  # fmt: skip
    other = run("knees", "knees", "--train", 3, cwd=tmp_path)
    assert other.status == 1
    assert "Choose another folder" in other.stderr
    other = run(*arguments, "--style", 1, cwd=tmp_path)
    assert other.status == 1
    assert "`--style 1`" in other.stderr


def test_a_style_is_the_seed_of_another_set(tmp_path):
    done = run(
        "knees", "knees", "--train", 1, "--valid", 0, "--style", 2, "--jobs", 1, "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(done.stdout)["style"] == 2
    assert json.loads((tmp_path / "knees" / "knees.json").read_text())["style"] == 2
    refused = run("knees", "other", "--style", 0, cwd=tmp_path)
    assert refused.status == 2
    assert not (tmp_path / "other").exists()


def test_studies_in_the_layout_of_rsna_are_written(tmp_path):
    arguments = (
        "knees", "studies", "--layout", "rsna", "--train", 1, "--valid", 0, "--site-leak", 0.5,
        "--jobs", 1, "--json",
    )  # fmt: skip
    done = run(*arguments, cwd=tmp_path)
    assert json.loads(done.stdout)["layout"] == "rsna"
    assert json.loads((tmp_path / "studies" / "knees.json").read_text())["site_leak"] == 0.5
    assert (tmp_path / "studies" / "train_series.csv").is_file()
    assert list((tmp_path / "studies" / "train_series").glob("*/*/*.dcm"))
    refused = run("knees", "other", "--site-leak", 0.5, cwd=tmp_path)
    assert refused.status == 2
    assert "`--site-leak`" in refused.stderr
