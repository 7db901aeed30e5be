"""Feature extraction and honest baselines for the Stanford MRNet knee-MRI set."""

__version__ = "0.1.0"
