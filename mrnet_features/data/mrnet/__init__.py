"""Read folders in the layout of MRNet: exams, labels, and every difference from the release."""
