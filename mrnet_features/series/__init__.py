"""Series: DICOM series and NIfTI files -> uint8 stacks of one orientation and pixel size."""
