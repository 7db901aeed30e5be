"""Findings of a drawn knee, and the labels of a report."""

import numpy as np
import pytest

from mrnet_features.synthetic import Pathology, sample_pathology
from mrnet_features.synthetic.pathology import MeniscusTear, Spot
from mrnet_features.synthetic.studies.findings import FINDINGS, draw_report, find_findings

TORN = MeniscusTear("lateral", "posterior", "radial", 1.0, 8.0, 1.0, 0.0)


def spot(site, size=5.0):
    return Spot(site, size, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("lesions", "present"),
    [
        ({}, []),
        ({"acl_state": "mucoid"}, []),
        ({"acl_state": "complete"}, ["ACL"]),
        ({"tears": (TORN,)}, ["Lateral Meniscus"]),
        ({"worn": (TORN,)}, []),
        ({"defects": (spot("medial tibia"), spot("trochlea"))}, ["Medial OA", "PF OA"]),
        ({"defects": (spot("lateral femur", 2.6),)}, []),  # borderline is negative
        ({"effusion_ml": 12.0}, []),
        ({"effusion_ml": 22.0, "baker_ml": 5.0}, ["Effusion", "Baker's"]),
        ({"oedema": (spot("patella"),)}, ["Contusion"]),
    ],
)
def test_findings_are_those_of_the_lesions(lesions, present):
    found = find_findings(Pathology((1, 0, 0), **lesions))
    assert tuple(found) == FINDINGS
    assert [name for name, value in found.items() if value] == present
    unknown = [name for name, value in found.items() if value is None]
    assert unknown == ["MCL", "Synovitis", "Fracture"]


def test_labels_of_reports_agree_with_the_truth_in_82_percent_and_have_gaps():
    generator = np.random.default_rng(0)
    agree, stated, n = 0, 0, 0
    for _ in range(1500):
        truth = find_findings(sample_pathology(generator))
        labels, report = draw_report(truth, generator)
        n += 9
        stated += sum(value is not None for value in labels.values())
        agree += sum(value is not None and value == truth[name] for name, value in labels.items())
        assert labels["MCL"] is None
        assert report.startswith("Synthetic report")
    assert agree / stated == pytest.approx(0.82, abs=0.015)
    assert 0.7 < stated / n < 0.9


def test_a_report_says_what_the_labels_say():
    truth = find_findings(Pathology((1, 1, 0), acl_state="complete", effusion_ml=30.0))
    for seed in range(20):
        labels, report = draw_report(truth, np.random.default_rng(seed))
        before, _, absent = report.partition("Absent:")
        assert ("tear of the ACL" in before) == (labels["ACL"] == 1)
        assert ("tear of the ACL" in absent) == (labels["ACL"] == 0)
