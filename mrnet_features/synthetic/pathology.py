"""Pathology of a knee: its labels, sampled at published frequencies, and the lesions behind them.

The constants of this module set the difficulty of the synthetic task. Frequencies of joint
labels are those of the published train and valid splits (Bien et al., PLoS Med
2018;15:e1002699); indirect signs of an ACL tear follow Gentili et al., Radiology
1994;193:835-840.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mrnet_features.names import TASKS
from mrnet_features.synthetic.style import Style

Labels = tuple[int, int, int]
"""Labels of one exam: abnormal, acl, meniscus."""

JOINT_LABELS: tuple[Labels, ...] = ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1))
"""Possible labels: none, abnormal only, with meniscus, with ACL, with both."""

FREQUENCIES = {"train": (217, 433, 272, 83, 125), "valid": (25, 20, 21, 23, 31)}

DEFAULT = Style()

# Difficulty
LABEL_NOISE = 0.03  # fraction of the labels that are wrong, mean of the three tasks
TEAR_LENGTH_MM = (5.0, 16.0)  # along the meniscus, uniform
TEAR_OEDEMA_RATE = 0.45  # of tears: marrow oedema in the plateau below
SECOND_TEAR_RATE = 0.2
WORN_RATE = 0.45  # worn patches per knee: signal inside a meniscus that reaches no surface
ACL_COMPLETE_RATE = 0.6  # of torn ACLs; the others are partial
ACL_MUCOID_RATE = 0.10  # of intact ACLs
EFFUSION_MEDIAN_ML = {"none": 3.0, "abnormal": 7.0, "meniscus": 14.0, "acl": 23.0}
EFFUSION_SPREAD = 0.58  # SD of the logarithm
OEDEMA_RATE = {"none": 0.0, "abnormal": 0.45, "meniscus": 0.4, "acl": 0.25}
BRUISE_RATE = 0.54  # lateral bone bruise with an ACL tear (sensitivity, Gentili)
DISPLACED_RATE = (0.09, 0.41)  # tibia more than 7 mm forward: ACL intact, torn (Gentili)
BUCKLED_RATE = (0.06, 0.52)  # PCL angle below 107 degrees: intact, torn (Gentili)
FLAT_RATE = (0.03, 0.90)  # ACL angle below 45 degrees: intact, torn (Gentili)
DEFECT_RATE = {"none": 0.0, "abnormal": 0.5, "meniscus": 0.55, "acl": 0.15}
BAKER_RATE = {"none": 0.04, "abnormal": 0.15, "meniscus": 0.3, "acl": 0.1}
RED_MARROW_RATE = 0.25
MAGIC_ANGLE_RATE = 0.3
LESION_SCALE = 1.0  # multiplies sizes of oedema, defects and cysts

# Sites of tears: the medial posterior horn most often.
TEAR_SITES = {
    ("medial", "posterior"): 0.50, ("medial", "body"): 0.14, ("medial", "anterior"): 0.03,
    ("lateral", "posterior"): 0.17, ("lateral", "body"): 0.10, ("lateral", "anterior"): 0.06,
}  # fmt: skip
TEAR_KINDS = {"horizontal": 0.35, "vertical": 0.25, "radial": 0.2, "complex": 0.2}
OEDEMA_SITES = (
    "medial femur", "lateral femur", "medial tibia", "lateral tibia", "patella", "trochlea",
)  # fmt: skip
DEFECT_SITES = OEDEMA_SITES


@dataclass(frozen=True)
class MeniscusTear:
    """One meniscal tear, or one worn patch: degeneration inside a meniscus (`kind` "worn").

    `gap_mm` is half the width of the cleft, `length_mm` its length along the meniscus, `strength`
    the fraction of its signal that is visible, `reach` its position within the horn, -1 to 1.
    """

    side: str
    horn: str
    kind: str
    gap_mm: float
    length_mm: float
    strength: float
    reach: float


@dataclass(frozen=True)
class Spot:
    """A lesion at a named site.

    `size_mm` is its radius, `strength` 0 to 1; `u` and `v` are its position within the site, both
    -1 to 1.
    """

    site: str
    size_mm: float
    strength: float
    u: float
    v: float


@dataclass(frozen=True)
class Pathology:
    """State of one knee: its true labels, its lesions, and the labels with label noise.

    By default, the ACL is intact, the menisci are normal, and there are 4 ml of joint fluid.
    """

    labels: Labels
    acl_state: str = "intact"
    acl_gap: float = 0.5
    acl_gap_size: float = 0.0
    acl_drop_mm: float = 0.0
    shift_mm: float = 0.0
    pcl_buckle: bool = False
    tears: tuple[MeniscusTear, ...] = ()
    worn: tuple[MeniscusTear, ...] = ()
    effusion_ml: float = 4.0
    oedema: tuple[Spot, ...] = ()
    defects: tuple[Spot, ...] = ()
    baker_ml: float = 0.0
    red_marrow: tuple[Spot, ...] = ()
    magic_angle: float = 0.0
    noisy_labels: Labels = (0, 0, 0)


def sample_labels(generator: np.random.Generator, split: str) -> Labels:
    """Labels of one exam, at the published frequencies of a split."""
    counts = np.array(FREQUENCIES[split], dtype=np.float64)
    return JOINT_LABELS[int(generator.choice(len(JOINT_LABELS), p=counts / counts.sum()))]


def noise_rate(split: str) -> float:
    """Rate at which the labels of an exam are replaced by newly sampled labels.

    All three labels are replaced together. This keeps the joint frequencies, and the rule that an
    exam with a tear is abnormal. At this rate, `LABEL_NOISE` of the single labels are wrong.
    """
    counts = np.array(FREQUENCIES[split], dtype=np.float64)
    positive = (counts / counts.sum()) @ np.array(JOINT_LABELS)
    return float(LABEL_NOISE / np.mean(2.0 * positive * (1.0 - positive)))


def sample_tear(
    generator: np.random.Generator, kind: str | None = None, style: Style = DEFAULT
) -> MeniscusTear:
    """One random meniscal tear, or one worn patch if `kind` is "worn"."""
    sites = list(TEAR_SITES)
    weights = np.array(list(TEAR_SITES.values()))
    in_horn = bool(generator.random() < style.horn_only_rate)
    if in_horn:
        weights = weights * [horn != "body" for _, horn in sites]
    side, horn = sites[int(generator.choice(len(sites), p=weights / weights.sum()))]
    if kind is None:
        kind = str(generator.choice(list(TEAR_KINDS), p=list(TEAR_KINDS.values())))
    length = float(generator.uniform(*TEAR_LENGTH_MM))
    reach = float(generator.uniform(-1.0, 1.0))
    if in_horn:  # short, and away from the body
        length = 0.6 * length
        reach = abs(reach) if horn == "posterior" else -abs(reach)
    return MeniscusTear(
        side=side,
        horn=horn,
        kind=kind,
        gap_mm=float(generator.uniform(style.tear_gap_low, style.tear_gap_high)),
        length_mm=length,
        strength=float(generator.uniform(style.tear_strength_low, 1.0)),
        reach=reach,
    )


def sample_spot(
    generator: np.random.Generator, sites: tuple[str, ...], low_mm: float, high_mm: float
) -> Spot:
    """One random lesion at one of the sites, with a radius between `low_mm` and `high_mm`."""
    return Spot(
        site=str(generator.choice(list(sites))),
        size_mm=LESION_SCALE * float(generator.uniform(low_mm, high_mm)),
        strength=float(generator.uniform(0.4, 1.0)),
        u=float(generator.uniform(-1.0, 1.0)),
        v=float(generator.uniform(-1.0, 1.0)),
    )


def sample_acl(generator: np.random.Generator, torn: int) -> dict[str, Any]:
    """Fields of `Pathology` for the cruciate ligaments and the indirect signs of an ACL tear."""
    fields: dict[str, Any] = {}
    if torn:
        complete = generator.random() < ACL_COMPLETE_RATE
        fields["acl_state"] = "complete" if complete else "partial"
        fields["acl_gap"] = float(generator.uniform(0.45, 0.9))
        fields["acl_gap_size"] = float(generator.uniform(*(0.2, 0.4) if complete else (0.12, 0.25)))
    else:
        complete = False
        mucoid = generator.random() < ACL_MUCOID_RATE
        fields["acl_state"] = "mucoid" if mucoid else "intact"
    if generator.random() < FLAT_RATE[torn]:
        fields["acl_drop_mm"] = float(generator.uniform(*(6.0, 14.0) if complete else (2.0, 7.0)))
    displaced = generator.random() < DISPLACED_RATE[torn]
    fields["shift_mm"] = float(
        generator.uniform(6.0, 10.0) if displaced else generator.normal(0.0, 1.5)
    )
    fields["pcl_buckle"] = bool(generator.random() < BUCKLED_RATE[torn])
    return fields


def sample_indirect_oedema(
    generator: np.random.Generator, acl: int, tears: list[MeniscusTear]
) -> list[Spot]:
    """Marrow oedema that accompanies torn ligaments and menisci."""
    oedema: list[Spot] = []
    if acl and generator.random() < BRUISE_RATE:
        oedema.append(sample_spot(generator, ("lateral femur bruise",), 7.0, 13.0))
        oedema.append(sample_spot(generator, ("lateral tibia bruise",), 6.0, 12.0))
    oedema.extend(
        sample_spot(generator, (f"{tear.side} tibia",), 4.0, 10.0)
        for tear in tears
        if generator.random() < TEAR_OEDEMA_RATE
    )
    return oedema


def sample_pathology(
    generator: np.random.Generator, split: str = "train", style: Style = DEFAULT
) -> Pathology:
    """Random pathology of one knee, and its labels with label noise.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of random numbers.
    split : {"train", "valid"}
        Split with the label frequencies to use.
    style : Style
        What the exams of the set have in common, by default that of the default set.

    Returns
    -------
    Pathology
    """
    labels = sample_labels(generator, split)
    abnormal, acl, meniscus = labels
    noisy_labels = labels
    if generator.random() < noise_rate(split):
        noisy_labels = sample_labels(generator, split)
    kind = "acl" if acl else "meniscus" if meniscus else "abnormal" if abnormal else "none"
    acl_fields = sample_acl(generator, acl)
    tears: list[MeniscusTear] = []
    if meniscus:
        n_tears = 2 if generator.random() < SECOND_TEAR_RATE else 1
        tears = [sample_tear(generator, style=style) for _ in range(n_tears)]
    alone = bool(
        generator.random()
        < {"meniscus": style.lone_tear_rate, "abnormal": style.lone_defect_rate}.get(kind, 0.0)
    )
    worn = [sample_tear(generator, "worn") for _ in range(generator.poisson(WORN_RATE))]
    median = EFFUSION_MEDIAN_ML["none" if alone else kind]
    effusion = median * float(np.exp(generator.normal(0.0, EFFUSION_SPREAD)))
    oedema = [] if alone else sample_indirect_oedema(generator, acl, tears)
    defects: list[Spot] = []
    baker = 0.0
    if alone and kind == "abnormal":
        defects.append(sample_spot(generator, DEFECT_SITES, 2.5, 6.5))
    for _ in range(0 if alone else 20):
        if generator.random() < OEDEMA_RATE[kind]:
            oedema.append(sample_spot(generator, OEDEMA_SITES, 4.0, 12.0))
        if generator.random() < DEFECT_RATE[kind]:
            defects.append(sample_spot(generator, DEFECT_SITES, 2.5, 6.5))
        if generator.random() < BAKER_RATE[kind]:
            baker = float(np.exp(generator.normal(np.log(4.0), 0.8))) * LESION_SCALE
        # an abnormal exam without a tear needs another lesion: if it has none, sample again
        if kind != "abnormal" or oedema or defects or baker > 0.0:
            break
    n_red = generator.poisson(RED_MARROW_RATE)
    red = [sample_spot(generator, ("femur shaft", "tibia shaft"), 8.0, 16.0) for _ in range(n_red)]
    magic = float(generator.uniform(0.3, 0.8)) if generator.random() < MAGIC_ANGLE_RATE else 0.0
    return Pathology(
        labels=labels,
        tears=tuple(tears),
        worn=tuple(worn),
        effusion_ml=effusion,
        oedema=tuple(oedema),
        defects=tuple(defects),
        baker_ml=baker,
        red_marrow=tuple(red),
        magic_angle=magic,
        noisy_labels=noisy_labels,
        **acl_fields,
    )


def describe_truth(pathology: Pathology) -> dict[str, object]:
    """Columns of the truth table that describe labels and lesions."""
    row: dict[str, object] = {}
    both = zip(TASKS, pathology.labels, pathology.noisy_labels, strict=True)
    for task, label, noisy in both:
        row[task] = label
        row[f"{task}_flipped"] = int(label != noisy)
    row["acl_state"] = pathology.acl_state
    row["acl_drop_mm"] = round(pathology.acl_drop_mm, 2)
    row["tibia_shift_mm"] = round(pathology.shift_mm, 2)
    row["pcl_buckled"] = int(pathology.pcl_buckle)
    row["meniscus_tears"] = "; ".join(f"{m.side} {m.horn} {m.kind}" for m in pathology.tears)
    row["meniscus_worn"] = "; ".join(f"{m.side} {m.horn}" for m in pathology.worn)
    row["effusion_ml"] = round(pathology.effusion_ml, 2)
    row["oedema"] = "; ".join(spot.site for spot in pathology.oedema)
    row["cartilage_defects"] = "; ".join(spot.site for spot in pathology.defects)
    row["baker_ml"] = round(pathology.baker_ml, 2)
    row["red_marrow"] = len(pathology.red_marrow)
    row["magic_angle"] = round(pathology.magic_angle, 2)
    return row
