"""Sites of the synthetic studies: 24 scanners with their sequences, pixels and DICOM habits.

Makers are named as in real headers, since readers know these words; models, software versions and
values are invented and say nothing about a product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mrnet_features.synthetic.studies.findings import FINDINGS
from mrnet_features.synthetic.style import Style, Triple

LEAK = 1.5
"""Natural logarithm of the factor by which a finding makes a site more or less likely, at a leak
of 1 and an affinity of 1."""


@dataclass(frozen=True)
class Maker:
    """How the scanners of one maker write files.

    Attributes
    ----------
    manufacturer, model : str
    n_sites : int
    bits : int
        Bits stored, 12 or 16.
    is_signed, is_inverted : bool
        Signed values; MONOCHROME1.
    slope, intercept : float
        Rescaling; 1 and 0 leave the tags out.
    position : {"true", "none", "random"}
        Whether the position of the pictures tells the side of the knee.
    options : tuple of str
        ScanOptions with and without fat suppression; empty leaves the tag out.
    """

    manufacturer: str
    model: str
    n_sites: int
    bits: int = 12
    is_signed: bool = False
    is_inverted: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    position: str = "true"
    options: tuple[str, str] = ("", "")


MAKERS = (
    Maker("SIEMENS", "Synthetic S", 8, options=("FS", "PFP")),
    Maker("GE MEDICAL SYSTEMS", "Synthetic G", 6, 16, is_signed=True, options=("EDR\\FS", "EDR")),
    Maker("Philips Medical Systems", "Synthetic P", 4, slope=1.75, position="none",
          options=("FS", "OTHER")),
    Maker("Canon Medical Systems", "Synthetic C", 4, is_inverted=True, position="random"),
    Maker("UIH", "Synthetic U", 2, 16, is_signed=True, slope=0.5, intercept=400.0),
)  # fmt: skip

COMPRESSED = {13: "jpeg2000", 14: "rle", 15: "rle", 17: "rle"} | dict.fromkeys(
    range(18, 24), "jpeg2000"
)
"""Compression of the files of some sites; the others use none."""

ENHANCED = (16, 17)
"""Sites with one multi-frame file per series."""

DESCRIPTIONS = dict.fromkeys((3, 8, 10, 17), "placeholder") | {6: "empty"}
"""SeriesDescription of some sites; the others have words."""


@dataclass(frozen=True)
class Site:
    """One site with one scanner.

    Attributes
    ----------
    name : str
    maker : Maker
    software : str
    tesla : float
    compression : {"", "rle", "jpeg2000"}
    is_enhanced : bool
        One multi-frame file per series.
    rows : int
        Rows of a picture; columns before it is cut.
    measured : float
        Rows that are measured, relative to the style's; pictures are interpolated.
    cut : float
        Fraction of the columns of coronal and sagittal pictures that is kept.
    view_mm : tuple of 3 floats
        Field of view along rows, per plane.
    slices : float
        Number of slices relative to the style's.
    description : {"words", "placeholder", "empty"}
        SeriesDescription.
    laterality : {"Laterality", "ImageLaterality", "empty", ""}
        Tag that states the side; an empty tag, or none.
    numbering : {"along", "against", "interleaved"}
        How InstanceNumber counts the positions.
    through : int
        Direction in which slices are numbered, 1 or -1.
    is_flipped : bool
        Whether columns of coronal and axial pictures run to the patient's right.
    states_times, states_gap : bool
        Whether echo and repetition time, and the distance of slices, are tags.
    share : float
        Fraction of all studies.
    affinity : tuple of floats
        One per finding: whether the site sees more (positive) or fewer of it where findings leak.
    fluid, structural : Style
        Sequences, coil and noise.
    """

    name: str
    maker: Maker
    software: str
    tesla: float
    compression: str
    is_enhanced: bool
    rows: int
    measured: float
    cut: float
    view_mm: Triple
    slices: float
    description: str
    laterality: str
    numbering: str
    through: int
    is_flipped: bool
    states_times: bool
    states_gap: bool
    share: float
    affinity: tuple[float, ...]
    fluid: Style
    structural: Style


def list_sites(style: Style) -> list[Site]:
    """The 24 sites, whose scanners vary around a style.

    Parameters
    ----------
    style : Style
        Noise, blur and coil are multiplied by factors of each site.

    Returns
    -------
    list of Site
        The same sites in every set of this style.

    Examples
    --------
    >>> sites = list_sites(Style())
    >>> len(sites), max(round(site.share, 2) for site in sites)
    (24, 0.06)
    """
    weights = np.linspace(1.6, 0.6, sum(maker.n_sites for maker in MAKERS))
    # so that small and large sites are spread over the makers
    weights = np.random.default_rng(3).permutation(weights / weights.sum())
    sites: list[Site] = []
    for maker in MAKERS:
        for _ in range(maker.n_sites):
            n = len(sites)
            sites.append(_make_site(n, maker, float(weights[n]), style))
    return sites


def _make_site(n: int, maker: Maker, share: float, style: Style) -> Site:
    """Site `n`, from 0; its random numbers depend on nothing else."""
    generator = np.random.default_rng(np.random.SeedSequence(entropy=2026, spawn_key=(n,)))

    def between(low: float, high: float) -> float:
        return round(float(generator.uniform(low, high)), 3)

    tesla = float(generator.choice([1.5, 3.0]))
    rows = int(generator.choice([256, 288, 320, 384], p=[0.55, 0.2, 0.17, 0.08]))
    noise = between(0.7, 1.4)
    common = replace(
        style,
        noise_low=round(style.noise_low * noise, 3),
        noise_high=round(style.noise_high * noise, 3),
        coil_gain=round(style.coil_gain * between(0.5, 1.5), 3),
        coil_slope=between(0.0, 0.2),
        coil_side=between(0.0, 360.0),
        blur=round(style.blur + between(0.0, 0.5), 3),
        sharpen=round(style.sharpen * between(0.3, 1.4), 3),
        slice_fill=between(0.75, 0.95),
    )
    fluid = _set_sequence(common, generator, (2500.0, 5000.0), (28.0, 46.0), (0.1, 0.19))
    is_t1 = bool(generator.random() < 0.6)
    repetition, echo = ((480.0, 800.0), (9.0, 16.0)) if is_t1 else ((2000.0, 3200.0), (12.0, 28.0))
    return Site(
        name=f"site-{n + 1:02d}",
        maker=maker,
        software=f"synthetic {n // 4 + 1}.{n % 4}",
        tesla=tesla,
        compression=COMPRESSED.get(n, ""),
        is_enhanced=n in ENHANCED,
        rows=rows,
        measured=float(generator.choice([0.8, 0.9, 1.0])),
        cut=float(generator.choice([0.8, 0.875, 0.95])),
        view_mm=(between(132, 158), between(142, 172), between(145, 175)),
        slices=between(0.58, 0.78),
        description=DESCRIPTIONS.get(n, "words"),
        laterality=str(generator.choice(["Laterality", "ImageLaterality", "empty", "", ""])),
        numbering=str(generator.choice(["along", "along", "against", "interleaved"])),
        through=int(generator.choice([-1, 1])),
        is_flipped=n in (5, 19),
        states_times=n % 7 != 4,
        states_gap=n % 5 != 2,
        share=share,
        affinity=tuple(float(value) for value in generator.choice([-1.0, 1.0], len(FINDINGS))),
        fluid=fluid,
        structural=_set_sequence(
            replace(common, muscle_signal=(1.0, 1.0, 1.0)), generator, repetition, echo, (1.0, 1.0)
        ),
    )


def _set_sequence(
    style: Style,
    generator: np.random.Generator,
    repetition: tuple[float, float],
    echo: tuple[float, float],
    fat_left: tuple[float, float],
) -> Style:
    """Style with the sequences of one weighting, a little different per plane."""

    def each(limits: tuple[float, float], digits: int) -> Triple:
        middle = generator.uniform(*limits)
        values = np.clip(middle * generator.uniform(0.92, 1.08, 3), *limits)
        first, second, third = (round(float(value), digits) for value in values)
        return first, second, third

    return replace(
        style,
        repetition_ms=each(repetition, 0),
        echo_ms=each(echo, 1),
        fat_left=each(fat_left, 3),
        muscle_signal=(0.75, 0.75, 0.75) if fat_left[0] < 1.0 else (1.0, 1.0, 1.0),
    )


def choose_site(
    sites: list[Site], findings: dict[str, int | None], leak: float, generator: np.random.Generator
) -> Site:
    """Random site of a study; with a leak, its findings make some sites more likely.

    Parameters
    ----------
    sites : list of Site
    findings : dict of str to int or None
        The true ones.
    leak : float
        0 to 1; with 0 the site does not depend on the findings.
    generator : numpy.random.Generator

    Returns
    -------
    Site
    """
    present = np.array([0.0 if value is None else value - 0.3 for value in findings.values()])
    affinity = np.array([site.affinity for site in sites])
    weights = np.array([site.share for site in sites]) * np.exp(LEAK * leak * (affinity @ present))
    return sites[int(generator.choice(len(sites), p=weights / weights.sum()))]
