"""`mrnet-features report`: a page beside its numbers, and what was left out."""

import json
import re

import pytest

from mrnet_features import load_labels
from mrnet_features.report.review import write
from mrnet_features.report.review.report import OPTIONS
from tests.support.command_line import run

QUICK = ("--model", "prior", "--n-folds", 2, "--repeats", 1, "--jobs", 1)
REPORT = ("report", "train.parquet", "knees", *QUICK)


@pytest.fixture(scope="module")
def printed(folder):
    row = {"plane": "axial", "code": "noise", "severity": "check", "value": 3.5, "advice": "Look."}
    exams = {"0003": "train", "0021": "valid"}
    rows = [{**row, "exam": exam, "split": split} for exam, split in exams.items()]
    (folder / "audit.json").write_text(json.dumps(rows))
    site = "".join(f"{k:04d},{'ab'[k % 4 // 2]}\n" for k in range(20))
    (folder / "sites.csv").write_text(f"exam,site\n{site}")
    labels = load_labels(folder / "knees")
    scores = 0.8 * labels + 0.1
    scores.to_csv(folder / "cnn.csv")
    given = ("--findings", "audit.json", "--subgroups", "sites.csv", "--compare", "cnn=cnn.csv")
    done = run(*REPORT, *given, "--no-viewer", "--title", "Knees of <Anna>", cwd=folder)
    assert done.status == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def numbers(folder, printed):
    return json.loads((folder / "report.json").read_text())


def test_scores_verdict_and_place_of_the_page_are_printed(printed, numbers):
    verdict = numbers["parts"]["verdict"]["facts"]
    assert "\nmean      0.500" in printed.stdout
    assert "The model “prevalence” reaches" in printed.stdout
    assert f"{verdict['auc']:.3f} (95 % CI" in printed.stdout
    assert "\nWhat not to conclude:\n- Nothing about patients" in printed.stdout
    assert "Page: 'report.html'. Its numbers are in 'report.json'" in printed.stdout
    assert printed.stderr.splitlines()[-1] == (
        "Next: mrnet-features report --diff report.json other.json"
    )


def test_what_is_left_out_is_printed_with_the_option_that_brings_it(printed, numbers):
    for left_out in numbers["left_out"]:
        assert left_out["title"].split()[0] in printed.stdout
    assert "--thorough" in printed.stdout


def test_the_page_of_a_command_names_options_and_no_arguments(folder, printed):
    assert printed.status == 0
    page = (folder / "report.html").read_text()
    end = page[page.index("What would bring it") :]
    assert "<td>--thorough</td>" in end
    assert "<td>in Python only</td>" in end
    assert "thorough=" not in page
    assert "findings=" not in page


def test_options_that_a_page_names_exist():
    known = re.findall(r"--[a-z-]+", run("report", "-h").stdout)
    named = {option for option in OPTIONS.values() if option.startswith("--")}
    assert named
    assert named <= set(known)


def test_the_page_has_the_title_and_the_command_as_typed(folder, printed, numbers):
    assert printed.status == 0
    page = (folder / "report.html").read_text()
    assert "Knees of &lt;Anna&gt;" in page
    assert "Knees of <Anna>" not in page
    command = json.dumps(numbers["parts"]["provenance"])
    assert "mrnet-features report train.parquet knees --model prior" in command
    assert "--title 'Knees of <Anna>'" in command


def test_json_names_the_files(folder):
    done = run(*REPORT, "-o", "other.html", "--no-viewer", "--json", cwd=folder)
    assert done.status == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["page"], result["numbers"]) == ("other.html", "other.json")
    assert result["summary"]["mean"]["auc"] == 0.5
    assert result["verdict"][0].startswith("The model “prevalence” reaches")
    assert (folder / "other-files" / "scores-summary.csv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "page.pdf"), "`--out` must be a file that ends in .html"),
        (("-o", "notes.html"), "'notes.json' is no report"),
        (("-o", "audit.html", "--findings", "audit.json"), "'audit.json' is an input"),
        (("--findings", "audit.json", "--audit"), "can't be combined with --findings"),
        (("--compare", "cnn.csv"), "must be given as NAME=FILE, got 'cnn.csv'"),
        (("--diff", "--seed", "3"), "can't be combined with --diff"),
    ],
)
@pytest.mark.usefixtures("printed")
def test_wrong_use_is_found_before_anything_is_computed(folder, monkeypatch, options, message):
    monkeypatch.setattr("mrnet_features.workflows.table_report.score_table", pytest.fail)
    (folder / "notes.json").write_text("{}")
    done = run(*REPORT, *options, cwd=folder)
    assert done.status == 2
    assert message in " ".join(done.stderr.split())


def test_missing_packages_are_named_before_anything_is_read(monkeypatch, tmp_path):
    monkeypatch.setattr(write, "PACKAGES", {"no_such_module": "matplotlib"})
    done = run(*REPORT, cwd=tmp_path)
    assert done.status == 1
    assert done.stderr == (
        "Error: A page needs matplotlib: pip install 'mrnet-features[report]'.\n"
    )


@pytest.mark.usefixtures("printed")
def test_the_difference_of_two_reports_is_printed_with_its_cause(folder):
    again = ("-o", "again.html", "--seed", 5, "--no-viewer", "-q")
    assert run(*REPORT, *again, cwd=folder).status == 0
    done = run("report", "--diff", "report.json", "again.json", cwd=folder)
    assert done.status == 0, done.stderr
    assert re.search(r"^the folds +differs +Made with seed 0 and 5\.$", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1].startswith("The folds differ (Made with seed 0 and 5).")
    assert done.stderr == ""
    given = ("report.json", "again.json", "--json")
    result = json.loads(run("report", "--diff", *given, cwd=folder).stdout)
    assert result["conclusion"] == done.stdout.splitlines()[-1]
    assert len(result["scores"]) == 4 + 2 * 4


def test_other_files_than_reports_are_refused(folder):
    (folder / "notes.json").write_text("{}")
    done = run("report", "--diff", "notes.json", "notes.json", cwd=folder)
    assert done.status == 1
    assert done.stderr.startswith("Error: 'notes.json' must be the JSON file of a report")
