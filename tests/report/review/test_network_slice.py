"""Beside the slice of the features stands that of a network, where there is one."""

import json
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.cnn.explain import NetworkExplanation
from mrnet_features.report.review import network_slice
from mrnet_features.report.review.disagreements import describe_disagreements
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.marked_slice import COLOUR
from mrnet_features.report.review.part import Part, Thumbnail
from mrnet_features.report.review.plain_text import format_report
from mrnet_features.report.review.report import make_report
from mrnet_features.report.review.write import write_report
from mrnet_features.stacks.mark import FeatureMark, SliceMark
from tests.support.page_numbers import list_unknown
from tests.support.viewed_exams import evaluate_exams, write_exams

pytest.importorskip("torch", reason="the extra `cnn` is not installed")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Dataset, models by name, and the features of the first."""
    dataset = write_exams(tmp_path_factory.mktemp("exams"), 20)
    features, table = evaluate_exams(dataset)
    quick = {"n_splits": 2, "resolution": 64, "epochs": 2, "n_jobs": 1, "progress": False}
    network = mf.cross_validate_cnn(dataset.exams, dataset.labels, **quick)
    return dataset, {"features": features, "small network": network}, table


def describe(models, dataset, table, **options):
    inputs = collect_inputs(models, dataset, table, **options)
    (part,) = [each for each in describe_disagreements(inputs) if isinstance(each, Part)]
    return part, [block for block in part.blocks if isinstance(block, Thumbnail)], inputs


def is_outlined(picture):
    return picture.ndim == 3 and bool((picture == COLOUR).all(axis=2).any())


def test_the_second_picture_is_the_slice_whose_hiding_lowers_the_network_most(study):
    from mrnet_features.cnn.occlusion import occlude

    dataset, models, table = study
    part, pictures, _ = describe(models, dataset, table, viewer="view.html")
    network = models["small network"]
    folds = network.predictions.set_index("exam")["fold"]
    looks = part.tables["network"].set_index("exam")
    assert list(looks.index) == list(part.tables["exams"]["exam"])
    for picture in pictures:
        exam = picture.title.split(":")[0]
        look, beside = looks.loc[exam], picture.beside
        model = network.models[look["task"], 0, int(folds[exam])]
        found = occlude(model, dataset[exam])
        series, best = max(found.items(), key=lambda pair: pair[1].falls.max())
        assert look["fall"] == pytest.approx(best.falls.max())
        known = network.predictions.set_index("exam").loc[exam, look["task"]]
        assert beside.title == f"small network: probability {known:.2f}"
        assert is_outlined(beside.grey) == (look["fall"] > 0)
        if look["fall"] > 0:
            assert (look["plane"], look["slice"]) == (series, best.best_slice + 1)
            assert f"slice={best.best_slice + 1}&" in beside.link
            assert f"column={look['column']}" in beside.link
            assert f"by {best.falls.max():.2f} in log-odds" in beside.lines[0]
    assert any(is_outlined(picture.beside.grey) for picture in pictures)


def test_an_outline_in_the_air_is_said(study, monkeypatch):
    dataset, models, table = study
    grey = np.zeros((3, 64, 64), np.uint8)
    grey[:, 16:48, 16:48] = 120  # the leg
    monkeypatch.setattr(mf.Exam, "load", lambda *_, **__: grey)
    inputs = collect_inputs(models, dataset, table)
    for rows, is_air in ((slice(0, 12), True), (slice(20, 32), False)):
        outline = np.zeros((64, 64), bool)
        outline[rows, 20:32] = True
        mark = FeatureMark("a", "axial", 0.8, (SliceMark(1, 0.8, "", outline),), 1, "pixels")
        parts = pd.DataFrame({"task": ["acl"], "column": ["a"]})
        inputs.explained[dataset[0].id] = NetworkExplanation(parts, {"a": mark})
        found = network_slice.show_network(inputs, dataset[0], "acl")
        assert found.air == is_air
        assert ("outside the leg, in the air" in found.picture.lines[0]) == is_air


def test_page_text_and_numbers_have_both(study, tmp_path, monkeypatch):
    dataset, models, table = study
    asked = Counter()

    def explain(network, exam):
        asked[exam.id] += 1
        return explain_exam(network, exam)

    explain_exam = network_slice.explain_exam
    monkeypatch.setattr(network_slice, "explain_exam", explain)
    monkeypatch.setattr("mrnet_features.report.viewer.cases.explain_exam", explain)
    report = write_report(models, dataset, table, out=tmp_path / "report.html", viewer=True)
    shown = report.numbers["parts"]["disagreements"]["tables"]
    assert len(shown["network"]) == len(shown["pictures"]) > 0
    page = (tmp_path / "report.html").read_text()
    assert page.count('<div class="pair">') == len(shown["pictures"])
    viewer = (tmp_path / "report-files" / "viewer.html").read_text()
    linked = set(re.findall(r"column=(\w+__network__\w+)", page))
    assert linked
    assert all(column in viewer for column in linked)
    assert set(asked.values()) == {1}  # the viewer takes what the page has asked for
    assert "small network: probability" in format_report(report)
    unknown = list_unknown(json.loads(json.dumps(report.numbers)), report.page.html)
    title = report.numbers["parts"]["disagreements"]["title"]
    assert set(unknown.pop(title)) <= {"1", "2", "3"}  # of reasons
    assert not any(unknown.values())


def test_what_was_trained_and_what_it_does_not_show_are_said(study):
    dataset, models, table = study
    report = make_report(models, dataset, table)
    (part,) = [part for part in report.parts if part.name == "networks"]
    text = part.blocks[0].text
    assert "6 networks, one for each of 3 series" in text
    assert "64 x 64 pixels, were trained for 2 epochs on the CPU" in text
    assert part.tables["cost"].equals(models["small network"].cost)
    limits = format_report(report)
    assert "Not how networks compare with features: small network is one network" in limits
    alone = make_report({"features": models["features"]}, dataset, table)
    assert "networks" not in {part.name for part in alone.parts}
    assert "Not how networks" not in format_report(alone)


def test_without_a_network_that_knows_the_task_there_is_one_picture(study):
    dataset, models, table = study
    part, pictures, _ = describe(models["features"], dataset, table)
    assert "network" not in part.tables
    assert all(picture.beside is None for picture in pictures)
    inputs = collect_inputs(models, dataset, table)
    assert network_slice.show_network(inputs, dataset[0], "meniscus") is None
    assert network_slice.show_network(inputs, mf.Exam("0000", {}), "acl") is None
    np.testing.assert_equal(inputs.explained, {})
