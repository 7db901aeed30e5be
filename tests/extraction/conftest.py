"""Five small exams in files, and an extractor for them."""

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.extractor import FeatureExtractor


@pytest.fixture
def exams(tmp_path):
    rng = np.random.default_rng(0)
    made = []
    for k in range(5):
        path = tmp_path / f"{k:04d}.npy"
        np.save(path, rng.integers(0, 256, (2, 40, 40), np.uint8))
        made.append(Exam(path.stem, {"axial": path}))
    return made


@pytest.fixture
def extractor():
    return FeatureExtractor("minimal", planes=("axial",), pools=("mean",))
