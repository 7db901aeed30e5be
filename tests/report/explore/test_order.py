"""Order of tissues from dark to bright, and exams in which it is reversed."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.report.explore.order import check_order, find_reversals, summarise_tissues

SEQUENCES = {"sagittal": "T2 fs"}
USUAL = {"fat": 50, "marrow": 45, "fluid": 230, "muscle": 100, "cortical bone": 15}


def make_stacks(changes, n_exams=10, plane="sagittal"):
    """Stacks that all look alike but for changes by exam."""
    tissues = {**USUAL, "ligament": 20.0, "meniscus": 20.0, "air": 2.0}
    rows = [
        {
            "exam": f"{k:04d}",
            "plane": plane,
            "grey_median": 80.0,
            "centre": 60.0,
            **tissues,
            **changes.get(k, {}),
        }
        for k in range(n_exams)
    ]
    return pd.DataFrame(rows)


def find(stacks, sequences):
    return list(find_reversals(stacks, sequences, check_order(stacks, sequences)))


def test_only_tissues_that_the_sequence_shows_apart_are_compared():
    order = check_order(make_stacks({}), SEQUENCES)
    pairs = set(zip(order["brighter"], order["darker"], strict=True))
    assert {("muscle", "marrow"), ("fluid", "fat"), ("fluid", "muscle"), ("muscle", "air")} <= pairs
    assert not pairs & {("fat", "marrow"), ("cortical bone", "air"), ("marrow", "muscle")}
    assert (order["n_reversed"] == 0).all()


def test_an_exam_without_fat_saturation_is_found():
    stacks = make_stacks({3: {"marrow": 180, "fat": 210}})
    [found] = find(stacks, SEQUENCES)
    assert (found.exam, found.plane) == ("0003", "sagittal")
    assert found.ratio == pytest.approx(2.1)
    assert "Fat is 2.1 times as bright as muscle, not darker as on T2 with fat" in found.reason
    assert "Fat is not suppressed" in found.reason


def test_an_inverted_exam_is_found():
    inverted = {tissue: 255 - level for tissue, level in USUAL.items()}
    changed = {**inverted, "air": 253.0, "centre": 195.0}
    for sequences in (SEQUENCES, {}):
        [found] = find(make_stacks({0: changed}), sequences)
        assert "inverted" in found.reason


def test_a_wrong_sequence_is_told_once_and_not_in_every_exam():
    stacks = make_stacks({})
    sequences = {"sagittal": "T1"}
    order = check_order(stacks, sequences)
    assert order[order["is_reversed"]][["brighter", "darker"]].values.tolist() == [
        ["fat", "muscle"],
        ["marrow", "muscle"],
    ]
    assert find(stacks, sequences) == []
    tissues = summarise_tissues(stacks, sequences, order).set_index("tissue")
    assert tissues.loc["marrow", "verdict"] == "contradicts: darker than muscle in 10 of 10"
    assert tissues.loc["air", "verdict"] == (
        "order as expected: darker than the middle of the picture, fat, marrow, muscle"
    )


def test_the_order_names_what_a_tissue_was_compared_with():
    stacks = make_stacks({})
    tissues = summarise_tissues(stacks, SEQUENCES, check_order(stacks, SEQUENCES))
    verdicts = tissues.set_index("tissue")["verdict"]
    assert verdicts["fat"] == "order as expected: darker than fluid, muscle"
    assert verdicts["muscle"].startswith("order as expected: brighter than")


@pytest.mark.parametrize(
    ("tissue", "grey", "sequence", "said"),
    [
        ("fat", 81, "T2 fs", "brighter than the leg's median: is the fat only weakly suppressed?"),
        ("fat", 79, "T2 fs", ""),
        ("fat", 79, "T1", "darker than the leg's median: is the fat suppressed, or the seq"),
        ("meniscus", 81, "T2 fs", "brighter than the leg's median: does the region miss it?"),
        ("fluid", 79, "T2 fs", "darker than the leg's median: does the region miss it?"),
        ("muscle", 79, "T2 fs", ""),
        ("muscle", 81, "T2 fs", ""),
    ],
)
def test_a_level_on_the_wrong_side_of_the_median_is_said(tissue, grey, sequence, said):
    stacks = make_stacks({k: {tissue: float(grey)} for k in range(10)})  # the median is 80
    known = {"sagittal": sequence}
    table = summarise_tissues(stacks, known, check_order(stacks, known)).set_index("tissue")
    assert table.loc[tissue, "level"].startswith(said)
    assert bool(table.loc[tissue, "level"]) == bool(said)


def test_a_reversal_is_counted_from_a_tenth_and_flagged_from_a_fifth():
    for level, is_counted, is_flagged in ((109, 0, 0), (111, 1, 0), (121, 1, 1)):
        stacks = make_stacks({0: {"marrow": level}})
        order = check_order(stacks, SEQUENCES).set_index(["brighter", "darker"])
        assert order.loc[("muscle", "marrow"), "n_reversed"] == is_counted
        assert len(find(stacks, SEQUENCES)) == is_flagged


def test_a_weak_source_flags_no_exam():
    assert find(make_stacks({0: {"ligament": 180}}), SEQUENCES) == []
    assert len(find(make_stacks({0: {"meniscus": 180}}), SEQUENCES)) == 1


def test_levels_are_relative_to_the_median_of_the_same_exam():
    stacks = make_stacks({k: {"muscle": 100.0 * k, "grey_median": 80.0 * k} for k in range(1, 10)})
    row = summarise_tissues(stacks, {}, check_order(stacks, {})).set_index("tissue").loc["muscle"]
    assert row[["ratio", "ratio_25", "ratio_75"]].tolist() == [1.25, 1.25, 1.25]
    assert (row["expected"], row["verdict"]) == ("", "sequence unknown")


def test_fluid_is_measured_only_where_its_brightness_sets_it_apart():
    stacks = make_stacks({}, plane="coronal")
    for sequence, is_measured in (("T1", False), ("PD", False), ("PD fs", True)):
        order = check_order(stacks, {"coronal": sequence})
        table = summarise_tissues(stacks, {"coronal": sequence}, order).set_index("tissue")
        assert np.isfinite(table.loc["fluid", "ratio"]) == is_measured
        assert ("fluid" in set(order["brighter"])) == is_measured
