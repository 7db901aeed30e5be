"""The benchmark of header fields draws one exam per patient, at sites that software tells apart."""

import importlib
from pathlib import Path

import pytest

import mrnet_features as mf

FOLDER = Path(__file__).parents[2] / "benchmarks"

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("bench_headers")


@pytest.mark.filterwarnings("ignore:.*Folds may be uneven")
def test_a_patient_is_drawn_once_and_software_tells_the_site(bench):
    headers, labels, site = bench.draw_set(seed=3, n_exams=26, leak=1.0)
    assert len(labels) == len(site) == 25  # one study shows the knee before again
    assert labels.columns.tolist()[:2] == ["ACL", "Medial Meniscus"]
    assert headers.groupby("exam")["patient"].first().nunique() == 25
    assert mf.scanner_groups(headers).nunique() < 11
    groups = mf.scanner_groups(headers, by="software_code")
    assert groups.groupby(site).nunique().max() == groups.nunique() / site.nunique() == 1
