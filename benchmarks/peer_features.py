"""Feature tables of peers, as a user would write them: scikit-image, PyRadiomics, nyxus.

    python benchmarks/peer_features.py scikit-image KNEES table.parquet --jobs 2

KNEES is a folder in the layout of MRNet; its training split is read. PyRadiomics and nyxus get the
foreground of this library as the mask, and 32 levels. `bench_styles.py` compares the tables.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

import mrnet_features as mf
from mrnet_features.names import PLANES
from mrnet_features.stacks.foreground import find_foreground

N_LEVELS = 32
STEP = 3  # every third slice, which saves time; matrices are those of slices
QUANTILES = (5, 25, 50, 75, 95)
ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
Row = dict[str, float]


def describe_with_scikit_image(grey: NDArray[np.uint8]) -> Row:
    """Percentiles, co-occurrence, local binary patterns and oriented gradients of a stack.

    The statistics of every third slice are pooled to mean, standard deviation and maximum.
    Gradients are those of the middle slice, in 8 x 8 cells.
    """
    from skimage.feature import graycomatrix, graycoprops, hog, local_binary_pattern
    from skimage.transform import resize

    slices = []
    for picture in grey[::STEP]:
        row: Row = {}
        knee = picture[picture > picture.mean()]
        for q, value in zip(QUANTILES, np.percentile(knee, QUANTILES), strict=True):
            row[f"p{q}"] = float(value)
        row["mean"], row["std"] = float(knee.mean()), float(knee.std())
        levels = (picture // (256 // N_LEVELS)).astype(np.uint8)
        for distance in (1, 3):
            matrices = graycomatrix(
                levels, [distance], ANGLES, N_LEVELS, symmetric=True, normed=True
            )
            for name in PROPERTIES:
                row[f"glcm{distance}_{name}"] = float(graycoprops(matrices, name).mean())
        for radius in (1, 3):
            patterns = local_binary_pattern(picture, 8, radius, "uniform")
            share = np.bincount(patterns.astype(int).ravel(), minlength=10) / patterns.size
            row |= {f"lbp{radius}_{k}": float(value) for k, value in enumerate(share)}
        slices.append(row)
    table = pd.DataFrame(slices)
    found = {
        f"{name}_{pool}": float(value)
        for pool, values in (("mean", table.mean()), ("std", table.std()), ("max", table.max()))
        for name, value in values.items()
    }
    middle = resize(grey[len(grey) // 2], (128, 128), anti_aliasing=True)
    gradients = hog(middle, orientations=8, pixels_per_cell=(16, 16), cells_per_block=(1, 1))
    return found | {f"hog_{k}": float(value) for k, value in enumerate(gradients)}


def describe_with_pyradiomics(grey: NDArray[np.uint8]) -> Row:
    """All first-order and texture statistics of the knee, matrices in the plane of the slices."""
    import SimpleITK
    from radiomics import featureextractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = featureextractor.RadiomicsFeatureExtractor(
        binCount=N_LEVELS, force2D=True, force2Ddimension=0
    )
    extractor.disableAllFeatures()
    for name in ("firstorder", "glcm", "glrlm", "glszm", "ngtdm", "gldm"):
        extractor.enableFeatureClassByName(name)
    image = SimpleITK.GetImageFromArray(grey[::STEP].astype(np.int32))
    mask = SimpleITK.GetImageFromArray(find_foreground(grey)[::STEP].astype(np.uint8))
    found = extractor.execute(image, mask)
    return {name: float(v) for name, v in found.items() if name.startswith("original_")}


def describe_with_nyxus(grey: NDArray[np.uint8]) -> Row:
    """Intensity and texture statistics of every third slice: mean, deviation and maximum."""
    from nyxus import Nyxus

    groups = ("INTENSITY", "GLCM", "GLRLM", "GLSZM", "GLDZM", "NGTDM", "NGLDM")
    engine = Nyxus(
        [f"*ALL_{name}*" for name in groups], coarse_gray_depth=N_LEVELS, n_feature_calc_threads=1
    )
    mask = find_foreground(grey)[::STEP]
    seen = mask.any(axis=(1, 2))  # a slice without a region has no row
    names = [f"slice{k}" for k in range(int(seen.sum()))]
    table = engine.featurize(
        grey[::STEP][seen].astype(np.uint32), mask[seen].astype(np.uint32), names, list(names)
    )
    numbers = table.select_dtypes("number").drop(columns=["t_index", "ROI_label"], errors="ignore")
    pools = (("mean", numbers.mean()), ("std", numbers.std()), ("max", numbers.max()))
    return {f"{n}_{pool}": float(v) for pool, values in pools for n, v in values.items()}


PEERS: dict[str, Callable[[NDArray[np.uint8]], Row]] = {
    "scikit-image": describe_with_scikit_image,
    "pyradiomics": describe_with_pyradiomics,
    "nyxus": describe_with_nyxus,
}


def describe_exam(peer: str, exam: mf.Exam) -> tuple[Row, float]:
    """Row of an exam, and the processor seconds that it took."""
    stacks = {plane: exam.load(plane) for plane in PLANES}
    start = time.process_time()
    row = {
        f"{plane}_{name}": value
        for plane, grey in stacks.items()
        for name, value in PEERS[peer](grey).items()
    }
    return row, time.process_time() - start


def extract(
    peer: str, folder: Path, jobs: int, n_exams: int | None = None
) -> tuple[pd.DataFrame, float]:
    """Table of the training split or its first exams, and the mean processor seconds per exam."""
    exams = mf.load_mrnet(folder, split="train").exams[:n_exams]
    found = Parallel(jobs)(delayed(describe_exam)(peer, exam) for exam in exams)
    table = pd.DataFrame([row for row, _ in found], index=[exam.id for exam in exams])
    table.index.name = "exam"
    table = table.replace([np.inf, -np.inf], np.nan).dropna(axis=1, how="all")
    return table, float(np.mean([seconds for _, seconds in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=list(PEERS))
    parser.add_argument("folder", type=Path, help="folder in the layout of MRNet")
    parser.add_argument("out", type=Path, help="table to write, .parquet")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--exams", type=int, help="only the first exams")
    options = parser.parse_args()
    table, seconds = extract(options.peer, options.folder, options.jobs, options.exams)
    table.to_parquet(options.out)
    print(f"{options.peer}: {table.shape[1]} columns, {seconds:.2f} processor seconds per exam")


if __name__ == "__main__":
    main()
