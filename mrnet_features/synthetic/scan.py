"""One exam: a person, their findings, three stacks as a scanner would store them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, special

from mrnet_features.names import PLANES, SPLITS, TASKS
from mrnet_features.synthetic.anatomy import Knee, draw_person
from mrnet_features.synthetic.lesion_shapes import lesion_blobs
from mrnet_features.synthetic.ligaments import (
    ACL_COMPLETE,
    ACL_INTACT,
    ACL_MUCOID,
    ACL_PARTIAL,
)
from mrnet_features.synthetic.pathology import CELLS, Pathology, draw_pathology
from mrnet_features.synthetic.render import finish_stack, noise_volumes, paint_stack, spread_points
from mrnet_features.synthetic.signal import SEQUENCES, tissue_signal, tissue_texture

SIZE = 256  # pixels, rows and columns

# Field of view in mm; depth of the block of slices in mm (mean, SD).
FIELD_OF_VIEW = {"axial": 132.0, "coronal": 165.0, "sagittal": 178.0}
BLOCK_MM = {"axial": (112.0, 6.0), "coronal": (98.0, 5.0), "sagittal": (96.0, 5.0)}
# Slices: least, mean and most of the release.
SLICE_COUNTS = {"axial": (19, 34.3, 61), "coronal": (17, 29.8, 58), "sagittal": (17, 30.4, 51)}
SLICE_COUNT_SPREAD = 0.16  # sigma of the logarithm
# In the release the count alone tells abnormal exams with an AUC near .7, a shortcut a model may
# not live on; the shift of the logarithm between normal and abnormal exams that gives about .65.
SLICE_COUNT_SHORTCUT = 0.085
# The release is standardised: SD of the middle slice, mean and SD over exams, in grey levels.
MIDDLE_SLICE_SD = {"axial": (60.4, 2.6), "coronal": (66.8, 1.9), "sagittal": (47.5, 2.4)}

BAD_RATE = 0.02  # exams with one bad plane
THREE_TESLA_RATE = 0.566
NOISE_LEVELS = (1.5, 5.0)  # SD of Rician noise in grey levels at 3 T; 1.4 times that at 1.5 T
BIAS_SPREAD = 0.07
FAT_SATURATION_SPREAD = 0.13  # sigma of the logarithm of the fat signal left
ROTATION_DEGREES = 4.0

ACL_STATES = {
    "intact": ACL_INTACT,
    "partial": ACL_PARTIAL,
    "complete": ACL_COMPLETE,
    "mucoid": ACL_MUCOID,
}


@dataclass(frozen=True)
class KneeExam:
    """One synthetic exam.

    `stacks` maps plane to ndarray of shape (n_slices, 256, 256), uint8; `labels` are the three
    observed labels (abnormal, acl, meniscus); `truth` is the row of the truth table.
    """

    stacks: dict[str, NDArray[np.uint8]]
    labels: dict[str, int]
    truth: dict[str, object]


def streams(seed: int, split: str, index: int) -> list[np.random.Generator]:
    """Return the exam's independent random streams: findings, person, scan, then one a plane.

    They depend on seed, split and index alone, never on how many exams are made.
    """
    parent = np.random.SeedSequence(entropy=seed, spawn_key=(SPLITS.index(split), index))
    return [np.random.default_rng(child) for child in parent.spawn(3 + len(PLANES))]


def rotation(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation matrix about x, then y, then z by `degrees`."""
    a, b, c = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    product: NDArray[np.float64] = about_z @ about_y @ about_x
    return product


def draw_slice_count(generator: np.random.Generator, plane: str, abnormal: int = 1) -> int:
    """Return a number of slices with the release's mean and range for `plane`."""
    least, mean, most = SLICE_COUNTS[plane]
    centre = np.log(mean) - 0.5 * SLICE_COUNT_SPREAD**2 + SLICE_COUNT_SHORTCUT * (abnormal - 0.8)
    count = np.exp(generator.normal(centre, SLICE_COUNT_SPREAD))
    if generator.random() < 0.01:  # the rare long protocol
        count = generator.uniform(mean, most)
    return int(np.clip(np.rint(count), least, most))


@lru_cache(maxsize=1)
def standard_noise() -> NDArray[np.float32]:
    """Return a pool of standard normal numbers; rows of noise start anywhere in it."""
    generator = np.random.default_rng(1937)
    return generator.standard_normal(1 << 18, dtype=np.float32)


def scan_plane(
    plane: str,
    knee: Knee,
    tables: NDArray[np.float64],
    blobs: NDArray[np.float64],
    generator: np.random.Generator,
    *,
    tesla: float,
    scale: float,
    left: bool,
    pose: NDArray[np.float64],
    abnormal: int = 1,
    bad: str = "",
) -> tuple[NDArray[np.uint8], dict[str, object]]:
    """Return one stack and what its scan was like.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    knee : Knee
        The person.
    tables : ndarray of shape (n_rows, 241), float64
        The person's outlines.
    blobs : ndarray of shape (n_blobs, 18), float64
        Lesions.
    generator : numpy.random.Generator
        Source of chance for this plane alone.
    tesla : float
        Field strength.
    scale : float
        Size of the person, 1 for the measured knee.
    left : bool
        A left knee is the mirror image.
    pose : ndarray of shape (3, 3), float64
        Rotation of the knee in the scanner.
    abnormal : {0, 1}
        Steers the number of slices a little.
    bad : {"", "out of view", "ghosts"}
        What spoils the stack.

    Returns
    -------
    stack : ndarray of shape (n_slices, 256, 256), uint8
        Grey levels.
    facts : dict
        Columns of the truth table: number of slices, slice direction, noise.
    """
    n_slices = draw_slice_count(generator, plane, abnormal)
    reversed_slices = bool(generator.random() < 0.5)
    depth = generator.normal(*BLOCK_MM[plane]) * scale**0.5
    pixel = FIELD_OF_VIEW[plane] * generator.normal(1.0, 0.025) * scale**0.7 / SIZE
    # Unit steps in the scanner, as the canonical axes x (lateral), y (posterior), z (superior).
    mirror = -1.0 if left else 1.0
    x, y, z = np.diag([mirror, 1.0, 1.0])
    row, column, through = {
        "axial": (y, x, z),
        "coronal": (-z, x, y),
        "sagittal": (-z, y, x),
    }[plane]
    centre = np.array([0.0, 0.0, 4.0]) + generator.normal(0.0, 2.0, 3)
    centre += {"axial": (0, -3, 10), "coronal": (0, -6, 0), "sagittal": (0, -3, 0)}[plane]
    if bad == "out of view":
        direction = column if generator.random() < 0.5 else row
        centre = centre + direction * generator.choice([-1.0, 1.0]) * generator.uniform(62.0, 85.0)
    turn = pose @ rotation(generator.normal(0.0, 1.5, 3)) / scale
    gap = depth / n_slices
    if reversed_slices:
        through = -through
    corner = -0.5 * (SIZE - 1) * pixel * (row + column)
    places = (np.arange(n_slices) - 0.5 * (n_slices - 1)) * gap
    origins = centre + (corner + places[:, None] * through) @ turn.T
    fat_left = SEQUENCES[plane].fat_left
    if fat_left < 1.0:
        fat_left *= float(np.exp(generator.normal(0.0, FAT_SATURATION_SPREAD)))
    stack = np.empty((n_slices, SIZE, SIZE), dtype=np.float32)
    flow = np.zeros(stack.shape if bad == "ghosts" else (0, 0, 0), dtype=np.uint8)
    fine, coarse = noise_volumes()
    paint_stack(
        stack,
        flow,
        origins,
        turn @ (row * pixel),
        turn @ (column * pixel),
        turn @ (through * gap * 0.85),
        knee,
        tables,
        blobs,
        tissue_signal(plane, tesla, fat_left=fat_left),
        tissue_texture(),
        fine,
        coarse,
        generator.integers(0, 128, 3),
    )
    if bad == "ghosts":
        add_ghosts(stack, flow, plane, generator)
    spread_points(stack, 0.16 if tesla > 2.0 else 0.08)
    return standardise(stack, plane, tesla, generator, n_slices, reversed_slices)


def add_ghosts(
    stack: NDArray[np.float32],
    flow: NDArray[np.uint8],
    plane: str,
    generator: np.random.Generator,
) -> None:
    """Let the blood pulsate while the lines of k-space are read, in place.

    The pulse turns the phase of flowing blood to and fro from line to line. To the picture that is
    a frequency modulation: its sidebands are bright and dark copies of the vessels, at once, twice,
    three times the displacement along the phase-encoding direction [1]_. What stays in place is the
    vessel as it was painted.

    .. [1] Perman WH, Moran PR, Moran RA, Bernstein MA. Artifacts from pulsatile flow in MR imaging.
       J Comput Assist Tomogr 1986;10(3):473-483.
    """
    # Where the leg runs through the slice, the vessels do, too: copies displaced up and down stay
    # with them, behind the joint, and nobody would call the stack bad.
    axis = int(generator.integers(1, 3)) if plane == "axial" else 2
    shift = generator.uniform(28.0, 60.0)
    swing = generator.uniform(0.8, 1.6)  # radians
    level = generator.uniform(0.8, 2.0) * float(np.median(stack[stack > 0]))
    # Each slice is excited at another time of the heart's cycle.
    starts = generator.uniform(0.0, 2.0 * np.pi, len(stack))
    # The flow is known on a checkerboard alone, and at two depths of the slice in turn; this mean
    # fills the gaps and takes as much of either depth everywhere.
    blood = 2.0 * level * flow.astype(np.float32)
    for across in (1, 2):
        blood = ndimage.correlate1d(blood, (0.25, 0.5, 0.25), axis=across, mode="constant")
    times = starts[:, None] + 2.0 * np.pi * shift * fft.fftfreq(SIZE)
    modulation = (np.exp(1j * swing * np.cos(times)) - special.j0(swing)).astype(np.complex64)
    lines = fft.fft(blood, axis=axis) * np.expand_dims(modulation, 3 - axis)
    pulsating = fft.ifft(lines, axis=axis)
    stack[:] = np.abs(stack + pulsating)


def standardise(
    stack: NDArray[np.float32],
    plane: str,
    tesla: float,
    generator: np.random.Generator,
    n_slices: int,
    reversed_slices: bool,
) -> tuple[NDArray[np.uint8], dict[str, object]]:
    """Return the stack in grey levels, with bias, coil ends and noise, and the scan's facts."""
    rows = np.linspace(-1.0, 1.0, SIZE)
    ends = np.ones(SIZE)
    if plane != "axial":
        reach = generator.normal(0.80, 0.05)
        ends = 1.0 / (1.0 + (np.abs(rows) / reach) ** 12)
    bias = generator.normal(0.0, BIAS_SPREAD, 6)
    bias[2:4] = -np.abs(bias[2:4])
    # The bias field takes back some of the spread.
    target = 1.05 * generator.normal(*MIDDLE_SLICE_SD[plane])
    middle = stack[n_slices // 2] * ends[:, None]
    gain = target / max(float(np.std(middle)), 0.02)
    for _ in range(4):  # what saturates at 255 spreads no further
        reached = float(np.std(np.minimum(gain * middle, 255.0)))
        gain *= (target / max(reached, 1.0)) ** 1.2
    stack *= gain
    sigma = float(generator.uniform(*NOISE_LEVELS)) * (1.0 if tesla > 2.0 else 1.4)
    noise = standard_noise()
    starts = generator.integers(0, noise.size - 2 * SIZE, (n_slices, SIZE))
    out = np.empty(stack.shape, dtype=np.uint8)
    finish_stack(out, stack, bias, ends, noise, starts, sigma)
    facts: dict[str, object] = {
        "n_slices": n_slices,
        "reversed": int(reversed_slices),
        "noise": round(sigma, 2),
    }
    return out, facts


def draw_knee(
    seed: int, split: str = "train", index: int = 0, *, findings: Pathology | None = None
) -> KneeExam:
    """Return one synthetic exam.

    Parameters
    ----------
    seed : int
        Seed of the whole set.
    split : {"train", "valid"}
        Whose label frequencies hold.
    index : int
        Which exam of the split, from 0.
    findings : Pathology, optional
        What is wrong with the knee; drawn where None. The person and the scan stay the same, so
        that two calls show one knee with and without a lesion.

    Returns
    -------
    KneeExam
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {SPLITS}, got {split!r}.")
    finding_stream, person_stream, scan_stream, *plane_streams = streams(seed, split, index)
    drawn = draw_pathology(finding_stream, split)
    if findings is None:
        findings = drawn
    bones, soft, tables = draw_person(person_stream)
    if findings.pcl_buckle:
        soft = soft._replace(pcl_bend_y=soft.pcl_bend_y + 4.0, pcl_bend_z=soft.pcl_bend_z + 5.0)
    scale = float(np.clip(scan_stream.normal(1.0, 0.055), 0.86, 1.15))
    left = bool(scan_stream.random() < 0.5)
    tesla = 3.0 if scan_stream.random() < THREE_TESLA_RATE else 1.5
    pose = rotation(scan_stream.normal(0.0, ROTATION_DEGREES, 3))
    knee = Knee(
        bones=bones,
        soft=soft,
        acl_state=ACL_STATES[findings.acl_state],
        acl_gap=findings.acl_gap,
        acl_gap_size=findings.acl_gap_size,
        acl_drop=findings.acl_drop_mm,
        shift=findings.shift_mm,
        flexion=float(scan_stream.normal(0.03, 0.05)),
        film=0.2 + 0.04 * findings.effusion_ml**0.5,
    )
    bad_plane, bad_reason = "", ""
    if scan_stream.random() < BAD_RATE:
        bad_plane = str(scan_stream.choice(["sagittal", "sagittal", "coronal", "axial"]))
        bad_reason = str(scan_stream.choice(["out of view", "ghosts"]))
    blobs = lesion_blobs(findings, bones, soft)
    stacks = {}
    scans = {}
    for plane, generator in zip(PLANES, plane_streams, strict=True):
        stacks[plane], scans[plane] = scan_plane(
            plane,
            knee,
            tables,
            blobs,
            generator,
            tesla=tesla,
            scale=scale,
            left=left,
            pose=pose,
            abnormal=CELLS[findings.cell][0],
            bad=bad_reason if plane == bad_plane else "",
        )
    truth = truth_row(findings)
    truth |= {
        "laterality": "left" if left else "right",
        "tesla": tesla,
        "size": round(scale, 4),
        "bad_plane": bad_plane,
        "bad_reason": bad_reason,
    }
    for plane in PLANES:
        truth |= {f"{plane}_{name}": value for name, value in scans[plane].items()}
    labels = dict(zip(TASKS, findings.observed, strict=True))
    return KneeExam(stacks=stacks, labels=labels, truth=truth)


def truth_row(findings: Pathology) -> dict[str, object]:
    """Return the part of the truth table that speaks of findings."""
    row: dict[str, object] = {}
    for name, true, seen in zip(TASKS, CELLS[findings.cell], findings.observed, strict=True):
        row[name] = true
        row[f"{name}_flipped"] = int(true != seen)
    row["acl_state"] = findings.acl_state
    row["acl_drop_mm"] = round(findings.acl_drop_mm, 2)
    row["tibia_shift_mm"] = round(findings.shift_mm, 2)
    row["pcl_buckled"] = int(findings.pcl_buckle)
    row["meniscus_tears"] = "; ".join(f"{m.side} {m.horn} {m.kind}" for m in findings.tears)
    row["meniscus_worn"] = "; ".join(f"{m.side} {m.horn}" for m in findings.worn)
    row["effusion_ml"] = round(findings.effusion_ml, 2)
    row["oedema"] = "; ".join(spot.place for spot in findings.oedema)
    row["cartilage_defects"] = "; ".join(spot.place for spot in findings.defects)
    row["baker_ml"] = round(findings.baker_ml, 2)
    row["red_marrow"] = len(findings.red_marrow)
    row["magic_angle"] = round(findings.magic_angle, 2)
    return row
