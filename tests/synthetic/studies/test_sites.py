"""Sites: what differs, and how strongly a site depends on findings."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mrnet_features.synthetic import Style, sample_pathology
from mrnet_features.synthetic.studies.findings import find_findings
from mrnet_features.synthetic.studies.sites import choose_site, list_sites


def test_sites_are_told_apart_by_their_headers():
    sites = list_sites(Style())
    marks = {(site.maker.manufacturer, site.maker.model, site.software) for site in sites}
    assert len(marks) == len(sites) == 24
    assert sum(site.share for site in sites) == pytest.approx(1.0)
    assert {site.compression for site in sites} == {"", "rle", "jpeg2000"}
    assert {site.numbering for site in sites} == {"along", "against", "interleaved"}
    assert {site.maker.position for site in sites} == {"true", "none", "random"}


def test_headers_lack_what_they_lack_in_the_wild():
    sites = list_sites(Style())
    share = sum(site.share for site in sites if site.description == "placeholder")
    assert share == pytest.approx(0.12, abs=0.03)
    share = sum(site.share for site in sites if site.description == "empty")
    assert share == pytest.approx(0.06, abs=0.03)
    share = sum(site.share for site in sites if site.laterality in ("", "empty"))
    assert share == pytest.approx(0.5, abs=0.1)


def test_fluid_sensitive_sequences_suppress_fat_and_structural_ones_do_not():
    for site in list_sites(Style()):
        assert max(site.fluid.fat_left) < 0.25
        assert min(site.structural.fat_left) == 1.0
        assert min(site.fluid.repetition_ms) > 1500
        assert min(site.fluid.echo_ms) > max(site.structural.echo_ms[0], 25.0)


def test_noise_follows_the_style():
    quiet, loud = (list_sites(Style(noise_low=n, noise_high=2 * n)) for n in (1.0, 3.0))
    for one, other in zip(quiet, loud, strict=True):
        assert other.fluid.noise_low == pytest.approx(3.0 * one.fluid.noise_low, abs=0.005)
        assert one.fluid.noise_low < one.fluid.noise_high


@pytest.mark.parametrize(("leak", "low", "high"), [(0.0, 0.45, 0.55), (1.0, 0.7, 0.9)])
def test_the_site_tells_findings_as_strongly_as_they_leak(leak, low, high):
    generator = np.random.default_rng(1)
    sites = list_sites(Style())
    findings = [find_findings(sample_pathology(generator)) for _ in range(1200)]
    names = np.array([choose_site(sites, found, leak, generator).name for found in findings])
    aucs = []
    for finding in ("ACL", "Medial Meniscus", "Effusion", "Contusion", "PF OA"):
        truth = np.array([found[finding] for found in findings])
        rates = {n: (truth[:800][names[:800] == n].sum() + 1) for n in set(names)}
        counts = {n: np.sum(names[:800] == n) + 4 for n in set(names)}
        aucs.append(roc_auc_score(truth[800:], [rates[n] / counts[n] for n in names[800:]]))
    assert low < np.mean(aucs) < high
