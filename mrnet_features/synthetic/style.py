"""Styles: what all exams of one synthetic set share, as the exams of one hospital do.

Sets of two hospitals differ in how knees lie in the picture, in the sequences, coils and
resolution, and in whom they examine. A style holds these as numbers; exams vary around them.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Style:
    """What the exams of one set have in common. The defaults make the default set.

    Three numbers are one per plane (axial, coronal, sagittal), or one per axis of the knee
    (lateral, posterior, superior) for rotations.

    Attributes
    ----------
    rotation_mean : tuple of 3 floats
        Mean rotation of the knees about each axis, in degrees, -12 to 12. That about the
        posterior axis tilts the joint line on coronal slices, that about the lateral axis on
        sagittal slices.
    rotation_spread : tuple of 3 floats
        SD over exams of these rotations, in degrees, 0 to 8.
    plane_rotation : float
        SD of the further rotation of each plane, in degrees, 0 to 4.
    slope_mean, slope_spread : float
        Posterior slope of the tibial plateau, mean and SD over exams, in degrees, 0 to 12 and 0
        to 4.
    flexion_mean, flexion_spread : float
        Flexion of the knee, mean and SD over exams, in degrees, 0 to 20 and 0 to 6.
    offset_rows, offset_columns : tuple of 3 floats
        Mean offset of the knee from its usual place in the picture, as a fraction of the picture,
        -1/3 to 1/3.
    offset_spread : float
        SD over exams of both offsets, as a fraction of the picture, 0 to 0.1.
    view : tuple of 3 floats
        Factor on the field of view, 0.8 to 1.3.
    view_spread : float
        SD over exams of this factor, 0 to 0.08.
    size_mean, size_spread : float
        Size of the persons relative to the measured knee, mean and SD, 0.85 to 1.15 and 0 to 0.1.
    fat_mean : float
        Thickness of subcutaneous fat relative to the default, 0.5 to 2.
    muscle_bulk : float
        Thickness of muscles relative to the default, 0.8 to 1.2.
    joint_space : float
        Distance in mm that is added between femur and tibia, -1 to 1.5.
    condyle_flatness : float
        Radius of the condyles on sagittal slices at the joint, relative to the measured knee, 0.85
        (round) to 1.5 (flat).
    condyle_crown : float
        Factor on the curvature of the condyles on coronal slices, 0.5 (flat) to 1.5 (round).
    meniscus_height, meniscus_width : float
        Mean height at the rim and mean width of menisci in mm, 5 to 9 and 7 to 12.
    cartilage_thickness : float
        Mean thickness of femoral cartilage where it is thickest, in mm, 1.6 to 3.2.
    cartilage_signal : float
        Factor on the signal of cartilage, 0.5 (grey) to 1.2 (bright). Magnetisation transfer lowers
        it.
    repetition_ms, echo_ms : tuple of 3 floats
        Repetition and echo time in ms, 400 to 6000 and 8 to 80.
    fat_left : tuple of 3 floats
        Fraction of the fat signal after fat saturation, 0.05 to 1 (no saturation).
    muscle_signal, fat_signal : tuple of 3 floats
        Factors on the signal of muscle, and of fat and marrow, 0.4 to 1.3. Magnetisation transfer
        lowers that of muscle.
    grey_spread : tuple of 3 floats
        SD of the middle slice in grey levels, mean over exams, 35 to 75.
    noise_low, noise_high : float
        SD of Rician noise at 3 T in grey levels, uniform between these, 0.5 to 12.
    coil_gain : float
        Gain of the surface coil at the skin, 0 to 0.9.
    coil_reach : float
        Depth in mm where this gain ends, 15 to 50.
    coil_slope : float
        Gain at 50 mm from the middle of the knee toward one side, 0 to 0.5.
    coil_side : float
        Direction of that side in degrees, 0 (right in coronal pictures) to 360; 90 is posterior.
    coil_ends : float
        Distance from the middle row where the coil has lost half of its sensitivity, as a fraction
        of half the picture, 0.8 to 2.
    shading : float
        SD over exams of the coefficients of the quadratic bias field, 0 to 0.2.
    blur : float
        SD in pixels of a further Gaussian blur, 0 to 1.5.
    sharpen : float
        Strength of the scanner's sharpening filter at 3 T, 0 to 0.3; half of it at 1.5 T.
    drawn_pixels : int
        Rows and columns the scanner measures, 128 to 256; pictures are interpolated to 256.
    slices : tuple of 3 floats
        Mean number of slices, 20 to 45.
    slice_spread : float
        SD over exams of the logarithm of this number, 0 to 0.25.
    block_mm : tuple of 3 floats
        Mean extent of all slices in mm, 80 to 130.
    slice_fill : float
        Slice thickness as a fraction of the distance of slices, 0.5 to 1.
    three_tesla_rate : float
        Fraction of exams at 3 T, 0 to 1; the others are at 1.5 T.
    horn_only_rate : float
        Fraction of meniscal tears that are kept within the anterior or posterior horn, 0 to 1. The
        sites of the others are those of `pathology.TEAR_SITES`.
    lone_tear_rate : float
        Fraction of exams with a meniscal tear alone that have no other sign: no effusion, oedema,
        defect or cyst, 0 to 1.
    lone_defect_rate : float
        Fraction of abnormal exams without tears whose only lesion is a cartilage defect, 0 to 1.
    tear_strength_low, tear_gap_low, tear_gap_high : float
        Least fraction of the signal of a tear, 0.3 to 1, and half the width of a meniscal cleft
        in mm, uniform between the two, 0.3 to 2.
    bad_rate : float
        Fraction of exams with one bad plane, 0 to 0.2.
    """

    rotation_mean: Triple = (0.0, 0.0, 0.0)
    rotation_spread: Triple = (4.0, 4.0, 4.0)
    plane_rotation: float = 1.5
    slope_mean: float = 5.1
    slope_spread: float = 2.3
    flexion_mean: float = 1.7
    flexion_spread: float = 2.9
    offset_rows: Triple = (0.0, 0.0, 0.0)
    offset_columns: Triple = (0.0, 0.0, 0.0)
    offset_spread: float = 0.013
    view: Triple = (1.0, 1.0, 1.0)
    view_spread: float = 0.025
    size_mean: float = 1.0
    size_spread: float = 0.055
    fat_mean: float = 1.0
    muscle_bulk: float = 1.0
    joint_space: float = 0.0
    condyle_flatness: float = 1.0
    condyle_crown: float = 1.0
    meniscus_height: float = 8.0
    meniscus_width: float = 9.5
    cartilage_thickness: float = 2.3
    cartilage_signal: float = 0.75
    repetition_ms: Triple = (3000.0, 600.0, 4000.0)
    echo_ms: Triple = (38.0, 12.0, 46.0)
    fat_left: Triple = (0.1, 1.0, 0.11)
    muscle_signal: Triple = (0.72, 1.0, 0.75)
    fat_signal: Triple = (1.0, 1.0, 1.0)
    grey_spread: Triple = (60.4, 66.8, 47.5)
    noise_low: float = 1.5
    noise_high: float = 5.0
    coil_gain: float = 0.35
    coil_reach: float = 28.0
    coil_slope: float = 0.0
    coil_side: float = 0.0
    coil_ends: float = 1.1
    shading: float = 0.07
    blur: float = 0.0
    sharpen: float = 0.16
    drawn_pixels: int = 256
    slices: Triple = (34.3, 29.8, 30.4)
    slice_spread: float = 0.16
    block_mm: Triple = (112.0, 98.0, 96.0)
    slice_fill: float = 0.85
    three_tesla_rate: float = 0.566
    horn_only_rate: float = 0.0
    lone_tear_rate: float = 0.0
    lone_defect_rate: float = 0.0
    tear_strength_low: float = 0.5
    tear_gap_low: float = 0.5
    tear_gap_high: float = 1.6
    bad_rate: float = 0.02


def sample_style(seed: int) -> Style:
    """Style of a random set, drawn broadly.

    Parameters
    ----------
    seed : int
        1 or more. The same seed gives the same style.

    Returns
    -------
    Style

    Raises
    ------
    ValueError
        If `seed` is less than 1.

    Examples
    --------
    >>> sample_style(1) == sample_style(1), sample_style(1) == sample_style(2)
    (True, False)
    """
    if seed < 1:
        raise ValueError(
            f"`style` must be 1 or more, got {seed}. Leave it out for the default set."
        )
    generator = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(7,)))

    def between(low: float, high: float) -> float:
        return round(float(generator.uniform(low, high)), 4)

    def each(low: float, high: float) -> Triple:
        return between(low, high), between(low, high), between(low, high)

    def around(sd: float, limit: float) -> float:
        return round(float(np.clip(generator.normal(0.0, sd), -limit, limit)), 3)

    repetition, echo, fat_left = sample_sequences(generator)
    # water is brighter than muscle in all of them; without fat saturation muscle is darker than fat
    muscle = tuple(between(0.85, 1.15) if left == 1.0 else between(0.4, 0.8) for left in fat_left)
    noise = between(0.8, 5.0)
    gap = between(0.35, 0.8)
    return Style(
        rotation_mean=(around(3.0, 8.0), around(3.0, 8.0), around(4.0, 10.0)),
        rotation_spread=each(3.5, 6.5),
        plane_rotation=between(0.3, 2.5),
        slope_mean=between(2.0, 9.0),
        slope_spread=between(1.5, 3.0),
        flexion_mean=between(0.0, 16.0),
        flexion_spread=between(1.5, 5.0),
        offset_rows=each(-0.2, 0.2),
        offset_columns=each(-0.14, 0.14),
        offset_spread=between(0.01, 0.06),
        view=each(0.88, 1.22),
        view_spread=between(0.01, 0.06),
        size_mean=between(0.94, 1.06),
        size_spread=between(0.03, 0.07),
        fat_mean=between(0.6, 1.7),
        muscle_bulk=between(0.9, 1.1),
        joint_space=between(-0.7, 1.2),
        condyle_flatness=between(0.9, 1.4),
        condyle_crown=between(0.6, 1.35),
        meniscus_height=between(5.8, 8.8),
        meniscus_width=between(7.8, 11.5),
        cartilage_thickness=between(1.8, 2.9),
        cartilage_signal=between(0.55, 1.05),
        repetition_ms=repetition,
        echo_ms=echo,
        fat_left=fat_left,
        muscle_signal=(muscle[0], muscle[1], muscle[2]),
        fat_signal=each(0.8, 1.2),
        grey_spread=(between(45.0, 70.0), between(45.0, 72.0), between(38.0, 62.0)),
        noise_low=noise,
        noise_high=round(noise * between(1.3, 2.6), 4),
        coil_gain=between(0.1, 0.75),
        coil_reach=between(18.0, 42.0),
        coil_slope=between(0.0, 0.35),
        coil_side=between(0.0, 360.0),
        coil_ends=between(0.95, 1.5),
        shading=between(0.03, 0.14),
        blur=between(0.0, 1.1),
        sharpen=between(0.0, 0.28),
        drawn_pixels=int(generator.choice([160, 192, 208, 224, 256, 256])),
        slices=(between(24.0, 40.0), between(21.0, 36.0), between(22.0, 38.0)),
        slice_spread=between(0.04, 0.2),
        block_mm=(between(100.0, 122.0), between(90.0, 106.0), between(88.0, 106.0)),
        slice_fill=between(0.65, 1.0),
        three_tesla_rate=between(0.1, 0.9),
        horn_only_rate=between(0.0, 0.8),
        lone_tear_rate=between(0.1, 0.6),
        lone_defect_rate=between(0.1, 0.5),
        tear_strength_low=between(0.4, 0.7),
        tear_gap_low=gap,
        tear_gap_high=round(gap + between(0.5, 1.1), 4),
        bad_rate=between(0.01, 0.04),
    )


def sample_sequences(generator: np.random.Generator) -> tuple[Triple, Triple, Triple]:
    """Random repetition times, echo times and fat signals of the three planes.

    Axial and sagittal planes are fat-saturated, from proton density to T2. The coronal plane is
    T1, proton density without saturation, or fat-saturated.
    """
    repetition = generator.uniform(2200.0, 5000.0, 3)
    echo = generator.uniform(25.0, 62.0, 3)
    left = generator.uniform(0.12, 0.3, 3)
    kind = generator.choice(["T1", "proton density", "fat-saturated"], p=[0.4, 0.25, 0.35])
    if kind == "T1":
        repetition[1], echo[1], left[1] = *generator.uniform((480, 9), (800, 16)), 1.0
    elif kind == "proton density":
        repetition[1], echo[1], left[1] = *generator.uniform((2000, 12), (3500, 30)), 1.0
    rounded = (np.round(repetition), np.round(echo, 1), np.round(left, 3))
    first, second, third = (tuple(float(v) for v in values) for values in rounded)
    return (
        (first[0], first[1], first[2]),
        (second[0], second[1], second[2]),
        (third[0], third[1], third[2]),
    )


def as_style(style: int | Style | None) -> Style:
    """Style of a set: None is the default set, a number the seed of a random style."""
    if style is None:
        return Style()
    if isinstance(style, Style):
        return style
    return sample_style(style)


def describe_style(style: int | Style | None) -> int | dict[str, Any] | None:
    """Style as plain numbers, as JSON gives them back: None, a seed, or the fields by name."""
    return list_fields(style) if isinstance(style, Style) else style


def list_fields(style: Style) -> dict[str, Any]:
    """Fields of a style by name; tuples as lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(style).items()
    }


def read_style(numbers: int | dict[str, Any] | None) -> Style:
    """Style of what `describe_style` returns."""
    if not isinstance(numbers, dict):
        return as_style(numbers)
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in numbers.items()
    }
    return Style(**fields)
