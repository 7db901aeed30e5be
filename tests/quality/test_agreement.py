"""Agreement with a group is learned from other exams and tells a wrong name."""

import numpy as np
import pytest

from mrnet_features.quality.agreement import CONTRADICTION, can_be_judged, score_agreement


def draw_rows(n=120, distance=6.0):
    rng = np.random.default_rng(4)
    label = np.arange(n) % 3
    rows = rng.normal(0, 1, (n, 12))
    rows[np.arange(n), label] += distance
    return rows, [("a", "b", "c")[k] for k in label], [str(k // 3) for k in range(n)]


@pytest.mark.parametrize("n_groups", [2, 3])
def test_a_wrong_name_is_a_contradiction_and_a_right_one_is_not(n_groups):
    rows, groups, exams = draw_rows()
    kept = [k for k, group in enumerate(groups) if group < "abcd"[n_groups]]
    rows, groups, exams = rows[kept], [groups[k] for k in kept], [exams[k] for k in kept]
    groups[1] = "a"  # it is a b
    agreement, likest = score_agreement(rows, groups, exams)
    assert agreement[1] < CONTRADICTION
    assert likest[1] == "b"
    assert np.delete(agreement, 1).min() > 0
    assert np.median(np.delete(agreement, 1)) == pytest.approx(1, abs=0.1)


def test_scale_and_offset_of_the_values_do_not_matter():
    rows, groups, exams = draw_rows()
    factors = np.geomspace(1e-3, 1e3, 12)
    one, _ = score_agreement(rows, groups, exams)
    other, _ = score_agreement(rows * factors + 5, groups, exams)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_groups_without_difference_cannot_be_judged():
    rows, groups, exams = draw_rows(distance=0.0)
    assert not can_be_judged(score_agreement(rows, groups, exams)[0])
    assert can_be_judged(np.array([1.0] * 9 + [-1.0]))


def test_values_that_are_the_same_everywhere_are_ignored():
    rows, groups, exams = draw_rows()
    one, _ = score_agreement(np.hstack([rows, np.full((len(rows), 1), 7.0)]), groups, exams)
    assert np.isfinite(one).all()
    assert can_be_judged(one)
