"""Read folders in the RSNA layout: DICOM studies with tables of labels, reports and series."""
