"""Synthetic knees in the layout of MRNet: a 3-D model of a knee, its lesions, three scans.

No patient data is used: shapes are formulas with sizes measured on a public example knee, and
signals follow from published relaxation times.
"""

from mrnet_features.synthetic.lesion_positions import Lesion, find_lesions
from mrnet_features.synthetic.pathology import Pathology, sample_pathology
from mrnet_features.synthetic.scan import KneeExam, draw_knee
from mrnet_features.synthetic.style import Style, sample_style
from mrnet_features.synthetic.write import write_knees

__all__ = [
    "KneeExam",
    "Lesion",
    "Pathology",
    "Style",
    "draw_knee",
    "find_lesions",
    "sample_pathology",
    "sample_style",
    "write_knees",
]
