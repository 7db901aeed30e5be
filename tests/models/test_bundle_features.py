"""A table fits the models only if recipe, scale and columns do."""

import warnings

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.models import fit_bundle, lightgbm_baseline
from mrnet_features.models.bundle_features import check_features
from mrnet_features.series.assemble import Scale

FINE = {"pixel_mm": 0.6, "size": 256, "percentiles": [0.1, 99.9]}
COARSE = FINE | {"pixel_mm": 1.2}
DIGEST = {"recipe_digest": "a" * 16}
COLUMNS = ("axial__knee__glcm__contrast__mean",)


def make_table(provenance):
    table = pd.DataFrame({COLUMNS[0]: [1.0]}, index=["0000"])
    table.attrs["provenance"] = provenance
    return table


@pytest.mark.parametrize(
    ("model", "table"),
    [
        ([FINE], [FINE]),
        ([FINE, COARSE], [COARSE]),
        ([], []),
    ],
)
def test_a_table_of_a_scale_of_the_model_fits(model, table):
    check_features(make_table(DIGEST | {"scales": table}), COLUMNS, DIGEST | {"scales": model})


def test_another_scale_is_refused():
    for table in ([COARSE], [FINE, COARSE]):
        with pytest.raises(ValueError, match=r"another scale .*1\.2.* same pixel_mm"):
            check_features(make_table({"scales": table}), COLUMNS, {"scales": [FINE]})


def test_arrays_of_unknown_pixel_size_are_refused_by_a_model_of_a_scale():
    with pytest.raises(ValueError, match="pixel size is not given.*Pass `spacing_mm`"):
        check_features(make_table(DIGEST), COLUMNS, DIGEST | {"scales": [FINE]})
    check_features(make_table({}), COLUMNS, {"scales": [FINE]})  # a table of another tool


def test_a_model_of_arrays_warns_of_pictures_of_a_known_scale():
    with pytest.warns(UserWarning, match="fitted on arrays whose pixel size is not given"):
        check_features(make_table(DIGEST | {"scales": [FINE]}), COLUMNS, DIGEST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_features(make_table(DIGEST | {"scales": [FINE]}), COLUMNS, {})


def test_a_table_in_memory_of_another_scale_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(20):
        np.save(tmp_path / f"{k}.npy", rng.integers(0, 256, (2, 48, 48), np.uint8))
    extractor = FeatureExtractor("minimal", planes=("axial",), pools=("mean",), progress=False)

    def describe(pixel_mm, n_exams=20):
        scale = Scale(pixel_mm=pixel_mm, size=48)
        return extractor.transform(
            [
                Exam(
                    f"{k:04d}",
                    {"axial": tmp_path / f"{k}.npy"},
                    spacing_mm=(0.6, 0.6) if pixel_mm else None,
                    **({"scale": scale} if pixel_mm else {}),
                )
                for k in range(n_exams)
            ]
        )

    features = describe(0.6)
    labels = pd.DataFrame({"acl": [0, 1] * 10}, index=features.index)
    bundle = fit_bundle(lightgbm_baseline(n_seeds=1, n_estimators=2), features, labels)
    assert "fingerprints" not in bundle.provenance
    assert len(bundle.predict(describe(0.6, 1))) == 1
    with pytest.raises(ValueError, match="another scale"):
        bundle.predict(describe(1.2, 1))
    with pytest.raises(ValueError, match="pixel size is not given"):
        bundle.predict(describe(None, 1))
