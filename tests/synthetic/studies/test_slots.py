"""Series of a study."""

from collections import Counter

import numpy as np
import pytest

from mrnet_features.synthetic.studies.slots import (
    LOCALISER_RATE,
    MISTAKES,
    SECOND_RATE,
    SLOTS,
    plan_series,
)

N = 3000


@pytest.fixture(scope="module")
def plans():
    generator = np.random.default_rng(0)
    return [plan_series(generator) for _ in range(N)]


def test_slots_have_the_gaps_of_the_set_that_is_imitated(plans):
    counts = Counter(
        (plan.plane, plan.weighting) for study in plans for plan in study if plan.kind == "usual"
    )
    for slot, rate in SLOTS.items():
        assert counts[slot] / N == pytest.approx(rate, abs=0.03)
    assert np.median([len(study) for study in plans]) == 5


def test_no_slot_has_two_usual_series(plans):
    for study in plans:
        slots = [(plan.plane, plan.weighting) for plan in study if plan.kind == "usual"]
        assert len(set(slots)) == len(slots)


def test_further_series_and_localisers_are_rare(plans):
    kinds = Counter(plan.kind for study in plans for plan in study)
    assert kinds["second"] / N == pytest.approx(SECOND_RATE, abs=0.02)
    assert kinds["localiser"] / N == pytest.approx(LOCALISER_RATE, abs=0.02)
    assert 0 < kinds["thin"] / N < 0.06
    listed = [p.is_listed for study in plans for p in study if p.kind == "localiser"]
    assert 0.05 < np.mean(listed) < 0.3


def test_every_difference_between_table_and_series_is_a_known_mistake(plans):
    mistakes = Counter()
    for plan in (plan for study in plans for plan in study):
        differs = (
            "plane"
            if plan.listed_plane != plan.plane
            else "weighting"
            if plan.listed_weighting != plan.weighting
            else ""
        )
        if plan.mistake in ("plane", "weighting", ""):
            assert differs == plan.mistake
        mistakes[plan.mistake] += 1
    assert {*MISTAKES, "localiser", ""} == set(mistakes)
    for name in MISTAKES:
        assert mistakes[name] / N < 0.03
