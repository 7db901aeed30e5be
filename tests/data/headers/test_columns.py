"""Header fields as features."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.data.headers.columns import encode_headers
from mrnet_features.data.headers.table import build_headers
from mrnet_features.families.presets import PRESETS
from mrnet_features.tables import check_features


@pytest.fixture
def headers():
    """Twelve exams of two scanners; the last one lacks a series."""
    rows = {}
    for k in range(12):
        name = "GE" if k < 6 else "Siemens"
        shared = {"maker": name, "model_code": f"{hash(name) % 97:016x}", "patient": f"p{k}"}
        rows[f"{k:02d}", "axial"] = shared | {"echo_ms": 30.0 + k, "scan_options": "FS SP"}
        if k < 11:
            options = "FS" if k % 2 else "other"
            rows[f"{k:02d}", "sagittal"] = shared | {"echo_ms": 50.0, "scan_options": options}
    return build_headers(rows)


def test_numbers_words_and_codes_become_columns(headers):
    table = encode_headers(headers)
    assert table.index.tolist() == [f"{k:02d}" for k in range(12)]
    assert table["header__exam__maker__GE"].tolist() == [1.0] * 6 + [0.0] * 6
    assert table["header__exam__model_code__1"].tolist() == [1.0] * 6 + [0.0] * 6
    assert table["header__axial__echo_ms"].tolist() == [30.0 + k for k in range(12)]
    assert table["header__sagittal__scan_options__FS"].sum() == 5
    assert table["header__sagittal__present"].tolist() == [1.0] * 11 + [0.0]
    assert np.isnan(table.loc["11", "header__sagittal__echo_ms"])
    pd.testing.assert_frame_equal(check_features(table), table)


def test_the_patient_and_columns_of_one_value_are_left_out(headers):
    table = encode_headers(headers)
    assert not [name for name in table if "patient" in name or "problem" in name]
    assert "header__axial__scan_options__FS" not in table
    assert "header__axial__present" not in table


def test_rare_values_have_no_column(headers):
    headers["software_code"] = ["new", *["old"] * (len(headers) - 1)]
    assert not [n for n in encode_headers(headers) if "software" in n]
    rare = [n for n in encode_headers(headers, fewest=1) if "software" in n]
    assert rare == ["header__exam__software_code__1", "header__exam__software_code__2"]


def test_names_do_not_depend_on_the_salt(headers):
    other = headers.assign(model_code=headers["model_code"].map(lambda code: code[::-1]))
    pd.testing.assert_frame_equal(encode_headers(other), encode_headers(headers))


def test_a_second_set_encoded_together_has_the_same_columns(headers):
    both = encode_headers(headers)
    assert both.loc[["03", "07"]].columns.equals(both.columns)


def test_no_preset_has_header_fields():
    assert "header" not in str(PRESETS).lower()


def test_a_leak_is_found_where_it_was_planted_and_none_elsewhere():
    rng = np.random.default_rng(2)
    scanner = rng.integers(24, size=600)
    often = np.where(rng.permutation(24) % 2, 0.75, 0.25)[scanner]
    exams = [f"{k:03d}" for k in range(600)]
    drawn = {"planted": rng.random(600) < often, "none": rng.random(600) < 0.5}
    labels = pd.DataFrame(drawn, exams).astype(int)
    echo = rng.uniform(20, 60, 24)
    headers = build_headers({
        (exam, "axial"): {"model_code": f"{k:016x}", "maker": "GE", "echo_ms": round(echo[k], 1)}
        for exam, k in zip(exams, scanner, strict=True)
    })  # fmt: skip
    groups = mf.scanner_groups(headers)
    assert groups.nunique() == 24
    gap = mf.measure_group_gap(
        mf.logistic_baseline(), encode_headers(headers), labels, groups, n_repeats=1
    ).summary()
    assert gap.loc["planted", "auc_random"] > 0.65
    assert gap.loc["planted", "ci_low"] > 0
    assert gap.loc["none", "ci_low"] < 0 < gap.loc["none", "ci_high"]
