"""A folder of synthetic knees with a feature table, made once for the tests of all commands."""

import pytest

from mrnet_features import FeatureExtractor, extract_features, load_mrnet, write_knees

TASKS = ("abnormal", "acl", "meniscus")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """``knees/`` with 20 + 4 exams, every other one with all findings, and ``train.parquet``."""
    folder = tmp_path_factory.mktemp("cli")
    write_knees(folder / "knees", n_train=20, n_valid=4, seed=1)
    for split, ids in (("train", range(20)), ("valid", range(20, 24))):
        for task in TASKS:  # with the drawn labels some folds would lack a class
            rows = "".join(f"{k:04d},{k % 2}\n" for k in ids)
            (folder / "knees" / f"{split}-{task}.csv").write_text(rows)
    exams = load_mrnet(folder / "knees").exams
    extract_features(exams, folder / "train.parquet", extractor=FeatureExtractor("minimal"))
    return folder
