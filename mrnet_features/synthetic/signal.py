"""Signal of each tissue in the sequence of each plane, by the spin-echo equation.

T1 and T2 of cartilage, muscle, synovial fluid, marrow and subcutaneous fat at 1.5 T and 3 T are
those of Gold et al., "Musculoskeletal MRI at 3.0 T: relaxation times and image contrast", AJR
2004;183:343-351. The meniscus' T2 of about 11 ms follows Rauscher et al., Radiology
2008;249:591-600. Ligament, tendon and cortical bone have so short a T2 that they give almost no
signal at a clinical echo time. Values of skin, vessels, nerve and lesions were chosen so that the
tissues look as in textbooks.
"""

import numpy as np
from numpy.typing import NDArray

from mrnet_features.names import PLANES
from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.style import Style

# tissue: proton density, T1 at 1.5 T, T1 at 3 T, T2 at 1.5 T, T2 at 3 T (ms), fat fraction.
VALUES: dict[int, tuple[float, float, float, float, float, float]] = {
    t.AIR: (0.0, 1000.0, 1000.0, 50.0, 50.0, 0.0),
    t.SKIN: (0.55, 700.0, 900.0, 30.0, 25.0, 0.3),
    t.FAT: (0.95, 288.0, 371.0, 165.0, 133.0, 0.96),
    t.SEPTUM: (0.6, 500.0, 600.0, 40.0, 35.0, 0.7),
    t.JOINT_FAT: (0.9, 300.0, 385.0, 150.0, 125.0, 0.93),
    t.MUSCLE: (0.79, 1130.0, 1420.0, 35.3, 31.7, 0.03),
    t.CORTEX: (0.2, 500.0, 600.0, 5.0, 4.0, 0.1),
    t.MARROW: (0.74, 288.0, 365.0, 165.0, 133.0, 0.94),
    t.SCAR: (0.6, 450.0, 550.0, 40.0, 35.0, 0.75),
    t.CARTILAGE: (0.85, 1060.0, 1240.0, 42.1, 36.9, 0.0),
    t.DEEP_CARTILAGE: (0.75, 1060.0, 1240.0, 31.0, 27.0, 0.0),
    t.MENISCUS: (0.55, 900.0, 1100.0, 12.0, 11.0, 0.0),
    t.LIGAMENT: (0.5, 900.0, 1100.0, 15.0, 13.0, 0.05),
    t.FLUID: (1.0, 2850.0, 3620.0, 1210.0, 767.0, 0.0),
    t.SYNOVIUM: (0.85, 1300.0, 1500.0, 75.0, 65.0, 0.35),
    t.ARTERY: (0.2, 1400.0, 1650.0, 60.0, 50.0, 0.0),
    t.VEIN: (0.45, 1400.0, 1650.0, 75.0, 60.0, 0.0),
    t.NERVE: (0.7, 1000.0, 1200.0, 60.0, 55.0, 0.4),
    t.OEDEMA: (0.88, 1200.0, 1400.0, 80.0, 70.0, 0.3),
    t.TORN_MENISCUS: (0.9, 1500.0, 1800.0, 110.0, 95.0, 0.0),
    t.WORN_MENISCUS: (0.75, 1100.0, 1300.0, 46.0, 41.0, 0.0),
    t.TORN_LIGAMENT: (0.88, 1400.0, 1600.0, 75.0, 66.0, 0.1),
    t.MUCOID_LIGAMENT: (0.68, 1100.0, 1300.0, 38.0, 34.0, 0.1),
    t.FILM: (0.9, 1800.0, 2200.0, 52.0, 46.0, 0.0),
    t.RED_MARROW: (0.85, 550.0, 650.0, 70.0, 60.0, 0.6),
}

# SD of the signal within a tissue (trabeculae, fascicles, lobules), as a fraction of the signal.
TEXTURE = {
    t.FAT: 0.07, t.JOINT_FAT: 0.10, t.MUSCLE: 0.09, t.MARROW: 0.08, t.SYNOVIUM: 0.12, t.FLUID: 0.03,
    t.CARTILAGE: 0.07, t.DEEP_CARTILAGE: 0.07, t.LIGAMENT: 0.2, t.MENISCUS: 0.1, t.SKIN: 0.1,
    t.OEDEMA: 0.12, t.TORN_LIGAMENT: 0.2, t.MUCOID_LIGAMENT: 0.2, t.RED_MARROW: 0.1,
}  # fmt: skip


def tissue_signal(
    plane: str, tesla: float, *, fat_left: float | None = None, style: Style | None = None
) -> NDArray[np.float32]:
    """Signal of each tissue in the sequence of one plane.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        The sequences are proton density with fat saturation, T1, and T2 with fat saturation.
    tesla : float
        Field strength; relaxation times are interpolated between 1.5 and 3 T.
    fat_left : float, optional
        Fraction of the fat signal that remains after saturation, by default that of the sequence.
    style : Style, optional
        Sequences of the set and factors on tissues, by default those of the default set.

    Returns
    -------
    ndarray of shape (n_tissues,), float32
        Signal in units of the equilibrium magnetisation of water, 0 to 1.

    Examples
    --------
    Fluid is brighter than muscle with fat saturation, fat is brighter than muscle on T1:

    >>> from mrnet_features.synthetic import tissues
    >>> sagittal, coronal = tissue_signal("sagittal", 3.0), tissue_signal("coronal", 3.0)
    >>> bool(sagittal[tissues.FLUID] > sagittal[tissues.MUSCLE] > sagittal[tissues.MENISCUS])
    True
    >>> bool(coronal[tissues.FAT] > coronal[tissues.MUSCLE] > coronal[tissues.FLUID])
    True
    """
    style = Style() if style is None else style
    k = PLANES.index(plane)
    left = style.fat_left[k] if fat_left is None else fat_left
    table = np.array([VALUES[tissue] for tissue in range(t.N_TISSUES)])
    part = (tesla - 1.5) / 1.5
    density, t1_low, t1_high, t2_low, t2_high, fat = table.T
    t1 = t1_low + part * (t1_high - t1_low)
    t2 = t2_low + part * (t2_high - t2_low)
    water = (1 - np.exp(-style.repetition_ms[k] / t1)) * np.exp(-style.echo_ms[k] / t2)
    kept = 1.0 - fat * (1.0 - left)
    signal: NDArray[np.float32] = (density * water * kept).astype(np.float32)
    signal[t.MUSCLE] *= style.muscle_signal[k]
    signal[[t.CARTILAGE, t.DEEP_CARTILAGE]] *= style.cartilage_signal
    signal[[t.FAT, t.JOINT_FAT, t.MARROW]] *= style.fat_signal[k]
    return signal


def tissue_texture() -> NDArray[np.float32]:
    """Relative standard deviation of the signal within each tissue.

    Returns
    -------
    ndarray of shape (n_tissues,), float32
        Fraction of the signal.
    """
    spread = np.full(t.N_TISSUES, 0.06, dtype=np.float32)
    for tissue, value in TEXTURE.items():
        spread[tissue] = value
    spread[t.AIR] = 0.0
    return spread
