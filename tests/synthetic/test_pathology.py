"""Labels have the published frequencies, and lesions agree with the labels."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.synthetic.pathology import (
    FREQUENCIES,
    JOINT_LABELS,
    LABEL_NOISE,
    sample_pathology,
)
from mrnet_features.synthetic.style import Style


@pytest.mark.parametrize("split", ["train", "valid"])
def test_labels_have_the_published_joint_frequencies(split):
    generator = np.random.default_rng(99)
    n = 6000
    sampled = [sample_pathology(generator, split) for _ in range(n)]
    expected = np.array(FREQUENCIES[split]) / sum(FREQUENCIES[split])
    true, noisy = (
        np.array([sum(labels == given for given in lists) for labels in JOINT_LABELS])
        for lists in ([p.labels for p in sampled], [p.noisy_labels for p in sampled])
    )
    bound = 4 * np.sqrt(n * expected * (1 - expected))
    assert (np.abs(true - n * expected) < bound).all()
    assert (np.abs(noisy - n * expected) < bound).all()
    assert noisy.sum() == n  # an exam with a tear is abnormal after label noise as well
    flips = np.mean([np.not_equal(p.labels, p.noisy_labels) for p in sampled])
    assert flips == pytest.approx(LABEL_NOISE, abs=0.006)


def test_lesions_agree_with_the_true_labels():
    generator = np.random.default_rng(7)
    for _ in range(1500):
        pathology = sample_pathology(generator)
        abnormal, acl, meniscus = pathology.labels
        assert (pathology.acl_state in {"partial", "complete"}) == bool(acl)
        assert bool(pathology.tears) == bool(meniscus)
        lesions = pathology.oedema or pathology.defects or pathology.baker_ml > 0
        if abnormal and not acl and not meniscus:
            assert lesions
        if not abnormal:
            assert not pathology.oedema
            assert not pathology.defects


def test_the_medial_posterior_horn_tears_most():
    generator = np.random.default_rng(8)
    sites = [
        (tear.side, tear.horn) for _ in range(3000) for tear in sample_pathology(generator).tears
    ]
    shares = pd.Series(sites).value_counts(normalize=True)
    assert shares.index[0] == ("medial", "posterior")
    assert shares.iloc[0] == pytest.approx(0.5, abs=0.06)


def sample_many(n=600, **fields):
    generator = np.random.default_rng(9)
    return [sample_pathology(generator, style=Style(**fields)) for _ in range(n)]


def test_horn_only_tears_are_short_and_away_from_the_body():
    for pathology in sample_many(horn_only_rate=1.0):
        for tear in pathology.tears:
            assert tear.horn in {"anterior", "posterior"}
            assert tear.length_mm < 10
            assert (tear.reach >= 0) == (tear.horn == "posterior")


def test_lone_lesions_have_no_other_sign():
    tears = defects = 0
    for pathology in sample_many(lone_tear_rate=1.0, lone_defect_rate=1.0):
        abnormal, acl, meniscus = pathology.labels
        if acl or not abnormal:
            continue
        assert not pathology.oedema
        assert pathology.baker_ml == 0
        assert pathology.effusion_ml < 25
        tears += meniscus
        defects += not meniscus
        assert len(pathology.defects) == (not meniscus)
    assert tears > 50
    assert defects > 50
