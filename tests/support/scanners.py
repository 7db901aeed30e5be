"""A folder in the RSNA layout whose studies come from several scanners, with tiny DICOM files."""

import numpy as np

from tests.support.dicom_files import draw_stack, write_series
from tests.support.rsna_folder import FINDINGS, write_set

MAKERS = ("SIEMENS", "GE MEDICAL SYSTEMS", "Philips", "Canon")


def write_scanners(root, n_exams=120, n_scanners=12, seed=0):
    """Write a training split; half of the scanners see the first finding often, the others seldom.

    The last exam is one more of the first patient.
    """
    rng = np.random.default_rng(seed)
    labels, series = {}, {}
    for k in range(n_exams):
        often = 0.8 if k % n_scanners % 2 else 0.2
        values = [int(rng.random() < often), *(int(v) for v in rng.integers(0, 2, 2)), ""]
        labels[f"1.2.{k}"] = values[: len(FINDINGS)]
        series[f"1.2.{k}.1"] = (f"1.2.{k}", 1, "Axial", 0)
    write_set(root, labels=labels, series=series)
    picture = draw_stack(1, 16, 16)
    for k in range(n_exams):
        scanner = k % n_scanners
        write_series(
            root / "train_series" / f"1.2.{k}" / f"1.2.{k}.1", "axial", picture,
            Manufacturer=MAKERS[scanner % 4], ManufacturerModelName=f"Model {scanner // 2}",
            MagneticFieldStrength=1.5 if scanner % 2 else 3, EchoTime=30 + scanner,
            PatientID=f"P{k % (n_exams - 1)}",
        )  # fmt: skip
    return root
