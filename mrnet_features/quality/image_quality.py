"""Image quality measures of MRIQC, computed from histograms: EFC, FBER, SNR and CJV.

They describe a stack and are not judged: what is usual depends on sequence and coil. MRIQC [1]_
defines them for the brain, with tissues from a segmentation. Here the foreground is the leg, and
its two tissues are the classes on either side of Otsu's threshold: a darker and a brighter one.

References
----------
.. [1] Esteban O, Birman D, Schaer M, Koyejo OO, Poldrack RA, Gorgolewski KJ. MRIQC: advancing the
   automatic prediction of image quality in MRI from unseen sites. PLoS One 2017;12(9):e0184661.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Int64Array
from mrnet_features.stacks.otsu import find_thresholds

LEVELS = np.arange(256.0)


class ImageQuality(NamedTuple):
    """Measures of one stack; each is NaN where its docstring says so.

    Attributes
    ----------
    efc, fber, snr, snr_dietrich, cjv : float
        As `compute_efc`, `compute_fber`, `compute_snr`, `compute_dietrich_snr` and `compute_cjv`
        return them.
    """

    efc: float
    fber: float
    snr: float
    snr_dietrich: float
    cjv: float


def measure_image_quality(leg: Int64Array, air: Int64Array) -> ImageQuality:
    """All measures of one stack.

    Parameters
    ----------
    leg, air : ndarray of shape (256,), int64
        Histograms of the grey levels inside and outside the leg.

    Returns
    -------
    ImageQuality
    """
    return ImageQuality(
        efc=compute_efc(leg + air),
        fber=compute_fber(leg, air),
        snr=compute_snr(leg),
        snr_dietrich=compute_dietrich_snr(leg, air),
        cjv=compute_cjv(leg),
    )


def compute_efc(counts: Int64Array) -> float:
    """Entropy focus criterion: entropy of the grey levels, which copies and blur increase.

    Parameters
    ----------
    counts : ndarray of shape (256,), int64
        Histogram of all pixels.

    Returns
    -------
    float
        0 (all energy in one pixel) to 1 (all pixels equal). NaN if all pixels are 0, or there is
        only one.

    Notes
    -----
    ``-sum(x / b * ln(x / b)) / (sqrt(n) * ln(sqrt(n)))`` over the n pixels x, with
    ``b = sqrt(sum(x ** 2))`` (Atkinson D, et al. IEEE Trans Med Imaging 1997;16(6):903-910),
    divided by its maximum as in MRIQC.

    Examples
    --------
    >>> counts = np.zeros(256, np.int64)
    >>> counts[7] = 16
    >>> compute_efc(counts)
    1.0
    """
    n_pixels = float(counts.sum())
    energy = float(np.sqrt(counts @ LEVELS**2))
    if energy == 0 or n_pixels < 2:
        return float("nan")
    share = LEVELS[1:] / energy  # x ln x is 0 at x = 0
    entropy = -float(counts[1:] @ (share * np.log(share)))
    return float(entropy / (np.sqrt(n_pixels) * np.log(np.sqrt(n_pixels))))


def compute_fber(leg: Int64Array, air: Int64Array) -> float:
    """Foreground-background energy ratio: mean square of the leg over mean square of the air.

    Parameters
    ----------
    leg, air : ndarray of shape (256,), int64
        Histograms.

    Returns
    -------
    float
        NaN if either is empty, or the air is 0 everywhere. MRIQC returns -1 for the latter.

    Notes
    -----
    Shehzad Z, et al. The Preprocessed Connectomes Project quality assessment protocol. Front
    Neurosci, conference abstract: Neuroinformatics 2015.

    Examples
    --------
    >>> leg, air = np.zeros((2, 256), np.int64)
    >>> leg[10], air[2] = 5, 9
    >>> compute_fber(leg, air)
    25.0
    """
    if not leg.any() or not air[1:].any():
        return float("nan")
    inside, outside = (float(part @ LEVELS**2) / float(part.sum()) for part in (leg, air))
    return inside / outside


def compute_snr(leg: Int64Array) -> float:
    """Signal-to-noise ratio within the tissues: mean over SD, averaged over the two classes.

    Parameters
    ----------
    leg : ndarray of shape (256,), int64
        Histogram.

    Returns
    -------
    float
        NaN without two classes of at least two pixels, or if one has no spread.

    Notes
    -----
    ``mean / (SD * sqrt(n / (n - 1)))`` as in MRIQC, whose SD divides by n. Texture and shading
    within a class count as noise.
    """
    ratios = [
        mean / (spread * np.sqrt(n_pixels / (n_pixels - 1)))
        for n_pixels, mean, spread in _split(leg)
        if n_pixels > 1 and spread > 0
    ]
    return float(np.mean(ratios)) if len(ratios) == 2 else float("nan")


def compute_dietrich_snr(leg: Int64Array, air: Int64Array) -> float:
    """Signal-to-noise ratio from the air: mean of the leg over the SD of the noise.

    Parameters
    ----------
    leg, air : ndarray of shape (256,), int64
        Histograms.

    Returns
    -------
    float
        NaN if either is empty, or the air has no spread.

    Notes
    -----
    ``mean / (sqrt(2 / (4 - pi)) * SD of the air)``: the factor turns the SD of a Rayleigh
    distribution into that of the noise (Dietrich O, et al. J Magn Reson Imaging 2007;26(2):375-385,
    equation A.12). Anything else than noise in the air lowers it.
    """
    if not leg.any() or not air.any():
        return float("nan")
    (_, signal, _), (_, _, spread) = _describe(leg), _describe(air)
    return float(signal / (np.sqrt(2 / (4 - np.pi)) * spread)) if spread > 0 else float("nan")


def compute_cjv(leg: Int64Array) -> float:
    """Coefficient of joint variation: sum of the SDs of two tissues over their mean difference.

    Parameters
    ----------
    leg : ndarray of shape (256,), int64
        Histogram.

    Returns
    -------
    float
        NaN if the leg has fewer than two grey levels. Shading and motion increase it.

    Notes
    -----
    Ganzetti M, Wenderoth N, Mantini D. Front Neuroinform 2016;10:10, with the two classes of Otsu's
    threshold in place of grey and white matter.

    Examples
    --------
    Two classes with mean 10 and 100 and SD 2 and 4:

    >>> leg = np.zeros(256, np.int64)
    >>> leg[[8, 12, 96, 104]] = 3
    >>> round(compute_cjv(leg), 4)
    0.0667
    """
    classes = _split(leg)
    if len(classes) < 2:
        return float("nan")
    (_, dark, dark_spread), (_, bright, bright_spread) = classes
    return (dark_spread + bright_spread) / (bright - dark)


def _split(counts: Int64Array) -> list[tuple[float, float, float]]:
    """Number, mean and SD of the two classes of Otsu's threshold; empty without two grey levels."""
    if np.count_nonzero(counts) < 2:
        return []
    threshold = int(find_thresholds(counts[None])[0])
    darker = np.where(threshold >= LEVELS, counts, 0)
    return [_describe(darker), _describe(counts - darker)]


def _describe(counts: Int64Array) -> tuple[float, float, float]:
    """Number of pixels, mean and SD of a histogram."""
    n_pixels = float(counts.sum())
    mean = float(counts @ LEVELS) / n_pixels
    return n_pixels, mean, float(np.sqrt(counts @ (LEVELS - mean) ** 2 / n_pixels))
