"""Tiny sets of DICOM studies: in the RSNA layout with labels, and as folders without tables."""

import numpy as np

from tests.support.dicom_files import UID, write_series
from tests.support.rsna_folder import HEADER, REPORT, write_rows

FINDINGS = ("ACL", "Baker's", "MCL", "Fracture")
"""MCL has no label, and Fracture negative ones only."""

SLOTS = {"axial_fluid": 1, "sagittal_structural": 2, "coronal_fluid": 3}

MAKERS = ("SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems")


def draw_stack(seed, n_slices=5, size=40):
    """A bright disc with noise in each slice."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] - size / 2
    disc = np.hypot(rows, columns) < size / 3
    noise = rng.normal(0, 20, (n_slices, size, size))
    return np.clip(120 * disc + noise, 0, 250).astype(np.uint8)


def write_study(folder, number, slots=tuple(SLOTS), names=None, **tags):
    """Write a study of small series: a folder per slot, or per name."""
    uid = f"{UID}.{number}"
    for slot in slots:
        series = f"{uid}.{SLOTS[slot]}"
        write_series(
            folder / (names[slot] if names else slot),
            slot.partition("_")[0],
            draw_stack(10 * number + SLOTS[slot]),
            pixel_mm=3.6,
            StudyInstanceUID=uid,
            SeriesInstanceUID=series,
            SeriesNumber=SLOTS[slot],
            **tags,
        )
    return folder


def write_small_rsna(root, n_train=24, n_test=3):
    """Write a set in the RSNA layout.

    Every third study lacks ``coronal_fluid``. The labels of ACL change from study to study, those
    of Baker's from two to two, with gaps. Each maker has a third of the studies.
    """
    counts = {"train": range(1, n_train + 1), "test": range(n_train + 1, n_train + n_test + 1)}
    for split, numbers in counts.items():
        series = []
        for number in numbers:
            study = f"{UID}.{number}"
            slots = [slot for slot in SLOTS if slot != "coronal_fluid" or number % 3]
            names = {slot: f"{study}.{SLOTS[slot]}" for slot in slots}
            tags = {"Manufacturer": MAKERS[number % 3], "PatientID": f"P{number}"}
            write_study(root / f"{split}_series" / study, number, slots, names, **tags)
            for slot, uid in names.items():
                plane, weighting = slot.split("_")
                bit = int(weighting == "fluid")
                series.append((study, uid, bit, bit, plane.capitalize()))
        write_rows(root / f"{split}_series.csv", [HEADER, *series])
    rows = [
        (f"{UID}.{k}", REPORT, k % 2, "" if k % 9 == 0 else k // 2 % 2, "", 0)
        for k in counts["train"]
    ]
    write_rows(root / "train.csv", [("StudyInstanceUID", "Report", *FINDINGS), *rows])
    tests = [(f"{UID}.{k}",) for k in counts["test"]]
    write_rows(root / "test.csv", [("StudyInstanceUID",), *tests])
    cells = [(*row, *[0.5] * len(FINDINGS)) for row in tests]
    write_rows(root / "sample_submission.csv", [("StudyInstanceUID", *FINDINGS), *cells])
    return root
