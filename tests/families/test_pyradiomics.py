"""Statistics equal those of PyRadiomics, if installed, under the names in our tables."""

import logging

import numpy as np
import pytest

from mrnet_features.families.glcm import Glcm
from mrnet_features.families.glrlm import Glrlm
from mrnet_features.families.glszm import Glszm
from mrnet_features.families.intensity import Intensity
from mrnet_features.families.ngldm import Ngldm
from mrnet_features.families.ngtdm import Ngtdm
from mrnet_features.stacks.stack import Stack

GLCM = {
    "joint_max": "MaximumProbability",
    "joint_avg": "JointAverage",
    "joint_var": "SumSquares",
    "joint_entr": "JointEntropy",
    "diff_avg": "DifferenceAverage",
    "diff_var": "DifferenceVariance",
    "diff_entr": "DifferenceEntropy",
    "sum_avg": "SumAverage",
    "sum_entr": "SumEntropy",
    "energy": "JointEnergy",
    "contrast": "Contrast",
    "inv_diff": "Id",
    "inv_diff_norm": "Idn",
    "inv_diff_mom": "Idm",
    "inv_diff_mom_norm": "Idmn",
    "inv_var": "InverseVariance",
    "corr": "Correlation",
    "auto_corr": "Autocorrelation",
    "clust_tend": "ClusterTendency",
    "clust_shade": "ClusterShade",
    "clust_prom": "ClusterProminence",
    "info_corr1": "Imc1",
    "info_corr2": "Imc2",
}
INTENSITY = {
    "mean": "Mean",
    "var": "Variance",
    "skew": "Skewness",
    "median": "Median",
    "min": "Minimum",
    "p10": "10Percentile",
    "p90": "90Percentile",
    "max": "Maximum",
    "iqr": "InterquartileRange",
    "range": "Range",
    "mad": "MeanAbsoluteDeviation",
    "rmad": "RobustMeanAbsoluteDeviation",
    "energy": "Energy",
    "rms": "RootMeanSquared",
}


def make_texture():
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 160, (3, 12, 12)).repeat(4, axis=1).repeat(4, axis=2)
    grey = (coarse + rng.integers(0, 40, coarse.shape)).astype(np.uint8)
    regions = np.zeros_like(grey)
    regions[:, 5:40, 3:45] = 1
    return Stack(grey, (grey // 25 + 1).astype(np.uint8), regions, n_levels=8)


def read_aliases(family, names):
    """PyRadiomics name of each statistic, from the last column of the family's table."""
    rows = [line.split() for line in type(family).__doc__.splitlines() if line.strip()]
    return {row[0]: row[-1] for row in rows if row[-1] in names}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("family", "theirs"),
    [
        (Intensity(), "firstorder"),
        (Glcm(), "glcm"),
        (Glrlm(), "glrlm"),
        (Glszm(), "glszm"),
        (Ngtdm(), "ngtdm"),
        (Ngldm(), "gldm"),
    ],
)
def test_values_equal_those_of_pyradiomics(family, theirs):
    radiomics = pytest.importorskip("radiomics")
    import SimpleITK

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    stack = make_texture()
    pixels = stack.grey if theirs == "firstorder" else stack.levels
    found = radiomics.getFeatureClasses()[theirs](
        SimpleITK.GetImageFromArray(pixels.astype(np.int32)),
        SimpleITK.GetImageFromArray(stack.regions),
        binWidth=1,
        force2D=True,
        force2Ddimension=0,
    )
    found.enableAllFeatures()
    expected = {name: float(value) for name, value in found.execute().items()}
    aliases = {"firstorder": INTENSITY, "glcm": GLCM}.get(theirs) or read_aliases(family, expected)
    assert set(expected) - set(aliases.values()) <= {
        *("Kurtosis", "Entropy", "Uniformity", "TotalEnergy", "MCC")
    }
    ours = family.describe_stack(family.count(stack), stack.exam_starts)
    for name, alias in aliases.items():
        assert float(ours[name][0, 0]) == pytest.approx(expected[alias], rel=1e-9), name
    if theirs == "firstorder":
        assert float(ours["kurt"][0, 0]) + 3 == pytest.approx(expected["Kurtosis"], rel=1e-9)
