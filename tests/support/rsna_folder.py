"""A folder in the RSNA layout: tables and folders with empty files, or with tiny DICOM files."""

import csv
from pathlib import Path

FINDINGS = ("ACL", "Medial Meniscus", "Baker's", "Fracture")

HEADER = (
    "StudyInstanceUID", "SeriesInstanceUID", "Fluid_Sensitive", "Fat_Suppression",
    "Anatomical_Plane",
)  # fmt: skip

REPORT = 'PLANTED "report",\n# not a comment; tear = 1. It is as long as reports are: 70 letters.'
"""Text that no message, table or page may show."""

SERIES = {  # study, series, fluid, plane, files
    "1.2.1.1": ("1.2.1", 1, "Axial", 20),
    "1.2.1.2": ("1.2.1", 0, "Sagittal", 20),
    "1.2.1.3": ("1.2.1", 0, "Sagittal", 200),
    "1.2.1.4": ("1.2.1", 0, "Sagittal", 30),
    "1.2.2.1": ("1.2.2", 1, "Axial", 3),
    "1.2.2.2": ("1.2.2", 1, "Coronal", 25),
    "1.2.3.1": ("1.2.3", 1, "Axial", 20),
}

LABELS = {
    "1.2.1": (1, 0, 0, ""),
    "1.2.2": ("", "1.0", "", ""),
    "1.2.3": (0, 1, 1, ""),
}


def write_rows(path, rows):
    """Write a CSV file, with quotes where they are needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def write_set(root, split="train", labels=LABELS, series=SERIES, findings=FINDINGS):
    """Write the tables of a split, and folders with empty files; returns the folder."""
    root = Path(root)
    if split == "train":
        rows = [(study, REPORT, *cells) for study, cells in labels.items()]
        write_rows(root / "train.csv", [("StudyInstanceUID", "Report", *findings), *rows])
    else:
        write_rows(root / "test.csv", [("StudyInstanceUID",), *((study,) for study in labels)])
    rows = [(study, uid, fluid, fluid, plane) for uid, (study, fluid, plane, _) in series.items()]
    write_rows(root / f"{split}_series.csv", [HEADER, *rows])
    for uid, (study, _, _, n_files) in series.items():
        folder = root / f"{split}_series" / study / uid
        folder.mkdir(parents=True, exist_ok=True)
        for k in range(n_files):
            (folder / f"{k:04d}.dcm").touch()
    return root


def edit(path, old, new):
    """Replace text in a file; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
