"""Page of the viewer as a file: what is in it, how large it is."""

import base64
import hashlib
import json
import re
from itertools import count

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.report.viewer.view import write_view
from mrnet_features.synthetic import draw_knee
from tests.support.viewed_exams import evaluate_exams, make_stack, write_exams

HOSTILE = "</script><script>alert(1)</script><!--"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"), 20)


def read_blocks(text):
    pattern = r'<script type="application/json" id="([^"]+)">(.*?)</script>'
    return {name: json.loads(block) for name, block in re.findall(pattern, text, re.DOTALL)}


def test_a_long_run_says_how_far_it_is(dataset, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "mrnet_features")
    minutes = count(0.0, 90.0)
    monkeypatch.setattr("mrnet_features.jobs.time.monotonic", lambda: next(minutes))
    write_view(tmp_path / "view.html", dataset, ids=["0001", "0002"])
    assert caplog.messages[0].startswith("page: 1 of 2 exams")


def test_a_page_allows_its_own_style_and_script_only(dataset, tmp_path):
    write_view(tmp_path / "view.html", dataset, ids=["0001"])
    text = (tmp_path / "view.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; ")
    for tag, directive in (("style", "style-src"), (r"script type=.module.", "script-src")):
        own = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert not re.search(r"(src|href)=|url\(|@import|https?://|innerHTML|eval\(", text)


def test_no_text_ends_a_block(tmp_path, dataset):
    exam = mf.Exam(HOSTILE, dataset.exams[0].paths)
    marks = [{"exam": HOSTILE, "severity": "check", "advice": HOSTILE}]
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    write_view(tmp_path / "view.html", exam, marks=tmp_path / "marks.json")
    text = (tmp_path / "view.html").read_text()
    assert text.count("<script") == text.count("</script>") == 3
    blocks = read_blocks(text)
    assert blocks["mv-view"]["exams"][0]["id"] == HOSTILE
    assert blocks["mv-view"]["marks"][0]["advice"] == HOSTILE


def test_only_marks_of_the_exams_shown_go_into_a_page(tmp_path, dataset):
    row = {"severity": "check", "advice": "", "plane": "", "code": "reader", "value": None}
    marks = [{"exam": exam, **row} for exam in ("0000", "0001")]
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    arguments = {"ids": ["0001"], "marks": tmp_path / "marks.json"}
    write_view(tmp_path / "view.html", dataset, **arguments)
    blocks = read_blocks((tmp_path / "view.html").read_text())
    assert [mark["exam"] for mark in blocks["mv-view"]["marks"]] == ["0001"]


def test_pages_of_other_pictures_keep_their_marks_apart(tmp_path):
    keys = []
    for seed in (0, 1, 0):  # the same id, as in another dataset
        write_view(tmp_path / "view.html", {"axial": make_stack((3, 64, 64), seed)})
        keys.append(read_blocks((tmp_path / "view.html").read_text())["mv-view"]["key"])
    assert keys[0] == keys[2] != keys[1]


def test_a_page_has_words_and_raw_names(tmp_path, dataset):
    evaluation, table = evaluate_exams(dataset)
    write_view(tmp_path / "view.html", dataset, evaluation, table, ids=["0001"])
    detail = read_blocks((tmp_path / "view.html").read_text())["mv-exam-0"]
    for item in detail["contributions"]["acl"]:
        assert item["column"] in table.columns
        assert item["phrase"]


def test_a_page_of_one_exam_has_less_than_a_megabyte_and_a_half(tmp_path):
    # noisier than any exam of the release: its noise SD in the leg is about 4
    rng = np.random.default_rng(0)
    stacks = {
        plane: np.clip(stack + rng.normal(0, 12, stack.shape), 0, 255).astype(np.uint8)
        for plane, stack in draw_knee(3).stacks.items()
    }
    write_view(tmp_path / "noisy.html", stacks)
    assert (tmp_path / "noisy.html").stat().st_size < 1.5e6
    write_view(tmp_path / "plain.html", draw_knee(3).stacks)
    # twelve of them are less than 12 MB, with the module once
    assert (tmp_path / "plain.html").stat().st_size < 1e6


def test_an_exam_of_six_series_has_less_than_one_and_a_half_megabytes(tmp_path):
    stacks = {
        f"{plane}_{word}": stack
        for plane, stack in draw_knee(3).stacks.items()
        for word in ("fluid", "structural")
    }
    write_view(tmp_path / "six.html", stacks)
    assert (tmp_path / "six.html").stat().st_size < 1.4e6
