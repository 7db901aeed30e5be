"""Synthetic knees as DICOM studies of several sites, in the layout of the RSNA 2026 knee set."""
