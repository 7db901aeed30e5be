"""Sets of synthetic DICOM studies that are drawn quickly: few measured pixels, few slices."""

from mrnet_features.synthetic import Style, write_knees

QUICK = Style(drawn_pixels=96, slices=(20.0, 20.0, 20.0))
TINY = Style(drawn_pixels=48, slices=(20.0, 20.0, 20.0))


def write_quick_studies(folder, **settings):
    """Write studies of about 9 MB each in the layout of the RSNA set."""
    return write_knees(folder, "rsna", **({"style": QUICK, "n_jobs": 1} | settings))
