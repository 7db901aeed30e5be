"""The demo leaves exams, table and scores in its folder."""

import pytest

from mrnet_features import load_mrnet, read_features
from mrnet_features.workflows import demo


@pytest.fixture
def scored(monkeypatch):
    """Tables that were scored; two exams are too few for a cross-validation."""
    scored = []
    monkeypatch.setattr(
        demo, "score_table", lambda features, labels, **options: scored.append((features, labels))
    )
    monkeypatch.setattr(demo, "write_evaluation", lambda evaluation, folder: folder.mkdir())
    return scored


def test_the_table_of_the_synthetic_knees_is_scored(scored, tmp_path):
    demo.run_demo(tmp_path / "demo", n_train=2, seed=3, n_jobs=1)
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {
        "knees",
        "train.parquet",
        "train-cv",
    }
    [(features, labels)] = scored
    assert features.equals(read_features(tmp_path / "demo" / "train.parquet"))
    assert labels.equals(load_mrnet(tmp_path / "demo" / "knees").labels)


def test_nothing_is_written_without_lightgbm(monkeypatch, tmp_path):
    def fail():
        raise ImportError("LightGBM does not load.")

    monkeypatch.setattr(demo, "import_lightgbm", fail)
    with pytest.raises(ImportError, match="LightGBM does not load"):
        demo.run_demo(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
