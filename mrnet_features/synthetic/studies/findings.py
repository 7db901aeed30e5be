"""Findings of a synthetic knee, and the labels that a study states for them.

Names and order are those of the set whose layout is imitated. The drawn knees have no torn
collateral ligament, synovitis or fracture, so these three are never labelled.
"""

from __future__ import annotations

import numpy as np

from mrnet_features.synthetic.pathology import Pathology

FINDINGS = (
    "ACL", "MCL", "Medial Meniscus", "Lateral Meniscus", "Medial OA", "Lateral OA", "PF OA",
    "Effusion", "Synovitis", "Baker's", "Contusion", "Fracture",
)  # fmt: skip

# Thresholds are strict: what is borderline is negative.
LEAST_EFFUSION_ML = 15.0
LEAST_CYST_ML = 2.5
LEAST_DEFECT_MM = 3.5  # radius of a cartilage defect that counts as osteoarthritis

COMPARTMENTS = {
    "Medial OA": ("medial femur", "medial tibia"),
    "Lateral OA": ("lateral femur", "lateral tibia"),
    "PF OA": ("patella", "trochlea"),
}

GOLD_EVERY = 12
"""One study of this many has the true findings as labels; the others have those of a report."""

MENTIONED = {1: 0.9, 0: 0.75}
"""Fraction of findings that a report mentions, of those that it would call present, or absent."""

SENSITIVITY, SPECIFICITY = 0.72, 0.86
"""Of the findings in a report; together they agree with the truth in about 82 %."""

PHRASES = {
    "ACL": "tear of the ACL",
    "Medial Meniscus": "tear of the medial meniscus",
    "Lateral Meniscus": "tear of the lateral meniscus",
    "Medial OA": "medial osteoarthritis",
    "Lateral OA": "lateral osteoarthritis",
    "PF OA": "patellofemoral osteoarthritis",
    "Effusion": "effusion",
    "Baker's": "Baker's cyst",
    "Contusion": "contusion",
}


def find_findings(pathology: Pathology) -> dict[str, int | None]:
    """True findings of a knee; None where the drawing can't tell.

    A meniscus counts if it is torn, a compartment if it has a cartilage defect of at least 3.5 mm
    radius, an effusion from 15 ml of joint fluid, a Baker's cyst from 2.5 ml, any marrow oedema as
    a contusion.

    Parameters
    ----------
    pathology : Pathology

    Returns
    -------
    dict of str to int or None
        In the order of `FINDINGS`.

    Examples
    --------
    >>> found = find_findings(Pathology((1, 1, 0), acl_state="partial", effusion_ml=30.0))
    >>> [name for name, value in found.items() if value]
    ['ACL', 'Effusion']
    """
    defects = {spot.site for spot in pathology.defects if spot.size_mm >= LEAST_DEFECT_MM}
    torn = {tear.side for tear in pathology.tears}
    present: dict[str, bool] = {
        "ACL": pathology.acl_state in ("partial", "complete"),
        "Medial Meniscus": "medial" in torn,
        "Lateral Meniscus": "lateral" in torn,
        "Effusion": pathology.effusion_ml >= LEAST_EFFUSION_ML,
        "Baker's": pathology.baker_ml >= LEAST_CYST_ML,
        "Contusion": bool(pathology.oedema),
    }
    present |= {name: not defects.isdisjoint(sites) for name, sites in COMPARTMENTS.items()}
    return {name: int(present[name]) if name in present else None for name in FINDINGS}


def draw_report(
    findings: dict[str, int | None], generator: np.random.Generator
) -> tuple[dict[str, int | None], str]:
    """Labels as read from a report that is wrong at times and has gaps, and the report.

    Parameters
    ----------
    findings : dict of str to int or None
        The true ones.
    generator : numpy.random.Generator

    Returns
    -------
    labels : dict of str to int or None
        None where the report does not mention a finding.
    report : str
    """
    labels: dict[str, int | None] = {}
    for name, truth in findings.items():
        seen, said = generator.random(2)
        labels[name] = None
        if truth is not None:
            stated = int(seen < (SENSITIVITY if truth else 1.0 - SPECIFICITY))
            labels[name] = stated if said < MENTIONED[stated] else None
    present = [PHRASES[name] for name, value in labels.items() if value == 1]
    absent = [PHRASES[name] for name, value in labels.items() if value == 0]
    parts = ["Synthetic report of a drawn knee, of no patient."]
    parts += [f"Present: {', '.join(present)}."] if present else []
    parts += [f"Absent: {', '.join(absent)}."] if absent else []
    return labels, " ".join(parts)
